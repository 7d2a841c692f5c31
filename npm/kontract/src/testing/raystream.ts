import { WebSocket } from "ws";
import { encodeBase64 } from "../base64.js";
import { __kontract_raystream, __kontract_rpc, __kontract_stream, type CallOptions, type WebSocketClass, type Wire } from "../client/index.js";
import { primitives } from "../protocol/index.js";
import { PrivateKey } from "../protocol/server.js";
import { dataStub } from "./codec.js";

/** A server's static key, and its secret. */
export const RAYSTREAM = { staticKey: base64url(key(1)), secret: "a secret of more than 32 characters" };
export const SCHEMA = `sha256:${"ab".repeat(32)}`;
/** A WebSocket for Node.js before version 22. */
export const webSocket = WebSocket as unknown as WebSocketClass;

/** A private key: 1 is the one that servers of tests have. */
export function key(number: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => index + number);
}

/** A value of `KONTRACT_STATIC_KEY`. */
export function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** What a build pins of these keys. */
export async function wireOf(...keys: Uint8Array[]): Promise<Wire> {
  const platform = await primitives();
  const pins = await Promise.all(
    keys.map(async (bytes) => {
      const { public: known, id } = await PrivateKey.of(platform, bytes);
      return { id: id.toString(16).padStart(8, "0"), key: encodeBase64(known) };
    }),
  );
  return __kontract_raystream({ schema: SCHEMA, pins });
}

/** Calls as a generated stub does. */
export function stubOf(wire: Wire): (route: string, args?: unknown[], options?: CallOptions) => Promise<unknown> {
  return (route, args = [], options = {}) =>
    __kontract_rpc(route, args, { abi: `sha256:${route}`, ...dataStub, wire, ...(READS.has(route) ? { reads: true } : {}) }, options);
}

/** Calls as the stub of a function does whose result is a stream. */
export function streamOf(wire: Wire, reads = false): (route: string, args?: unknown[], options?: CallOptions) => AsyncGenerator<unknown> {
  return (route, args = [], options = {}) => __kontract_stream(route, args, { abi: `sha256:${route}`, ...dataStub, wire, ...(reads ? { reads } : {}) }, options);
}

/** As the manifest of the test application says. */
const READS = new Set(["greet", "echo", "whoami", "headers", "listNotes", "hang", "respond", "big"]);
