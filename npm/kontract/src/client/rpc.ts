import { settings } from "./configure.js";
import { httpTransport } from "./http.js";
import { type CallMeta, type CallOptions, hasCodec } from "./types.js";

/** Calls a route. Generated stubs use it; an application calls the stubs. */
export async function __kontract_rpc<Result = unknown>(
  route: string,
  args: readonly unknown[],
  meta: CallMeta,
  options: CallOptions = {},
): Promise<Result> {
  const { transport } = settings();
  const request = { route, args: hasCodec(meta) ? args : jsonArguments(args), meta, options };
  if (typeof transport === "object") return (await transport.call(request)) as Result;
  if (transport === "http" || (transport === undefined && meta.wire === undefined)) {
    return (await httpTransport.call(request)) as Result;
  }
  if (meta.wire === undefined) {
    throw new TypeError(
      `configure: the transport '${transport}' needs a pinned key: run \`kontract keys generate\`, then \`kontract build\``,
    );
  }
  return (await meta.wire.call(request, transport)) as Result;
}

/** JSON has no undefined: at the end it is left out, before other arguments it is null. */
function jsonArguments(args: readonly unknown[]): unknown[] {
  let length = args.length;
  while (length > 0 && args[length - 1] === undefined) length -= 1;
  return Array.from({ length }, (_, index) => args[index] ?? null);
}
