import type { ProxyOptions, UserConfig } from "vite";

type Proxies = NonNullable<NonNullable<UserConfig["server"]>["proxy"]>;

/** Passes calls on to the server, but for paths that have a proxy already. */
export function proxy(server: string | false | undefined, taken: Proxies = {}): Proxies {
  if (server === false) return {};
  const target = server ?? process.env.KONTRACT_URL ?? "http://127.0.0.1:8787";
  const options: ProxyOptions = {
    target,
    // Errors tell their stacks to this machine only.
    xfwd: true,
    // An address of the page itself, typed or reloaded.
    bypass: ({ headers, url }) => (headers.accept?.includes("text/html") ? url : undefined),
  };
  const proxies = { "/rpc": options, "/auth": options, "/raystream": { ...options, ws: true } };
  return Object.fromEntries(Object.entries(proxies).filter(([path]) => !(path in taken)));
}
