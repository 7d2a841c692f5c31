import type { ClientConfig } from "./types.js";

/**
 * Sets where calls go and what they carry. Settings that are left out keep their
 * value; `null` for the token forgets it.
 *
 * The settings belong to the whole program, as a browser has one user. A server
 * that calls on behalf of several users must not keep their tokens here.
 */
export function configure(config: ClientConfig): void {
  for (const [key, value] of Object.entries(config)) {
    if (!KEYS.has(key)) throw new TypeError(`configure: unknown setting '${key}'`);
    if (key === "transport" && typeof value === "string" && !WAYS.has(value)) {
      throw new TypeError("configure: transport must be 'http', 'post', 'stream' or an object");
    }
    if (key === "baseUrl" && value !== undefined) normalizeBaseUrl(value as string);
  }
  current = { ...current, ...config };
}

/** The settings as they are now. */
export function settings(): Readonly<ClientConfig> {
  return current;
}

/** The server's address without a slash at its end. */
export function serverUrl(): string {
  if (current.baseUrl !== undefined) return normalizeBaseUrl(current.baseUrl);
  // In a browser calls go to the page's own server.
  const origin = (globalThis as { location?: { origin?: unknown } }).location?.origin;
  if (typeof origin === "string" && /^https?:/.test(origin)) return origin;
  throw new Error(
    "kontract/client does not know the server's address. Outside a browser set it once: " +
      "configure({ baseUrl: 'http://127.0.0.1:8787' })",
  );
}

function normalizeBaseUrl(baseUrl: string): string {
  if (!/^https?:\/\/[^/?#]+(\/[^?#]*)?$/i.test(baseUrl)) {
    throw new TypeError("configure: baseUrl must be an http or https address, without ? and #");
  }
  return baseUrl.replace(/\/+$/, "");
}

const KEYS: ReadonlySet<string> = new Set<keyof ClientConfig>([
  "baseUrl",
  "token",
  "fetch",
  "transport",
  "webSocket",
  "headers",
  "timeout",
]);

const WAYS: ReadonlySet<string> = new Set(["http", "post", "stream"]);

let current: ClientConfig = {};
