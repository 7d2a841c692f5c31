import type { IncomingMessage } from "node:http";
import type { Time } from "../../protocol/index.js";
import { addressOf } from "../../protocol/server.js";
import { callerAddress } from "../address.js";

/** The time, as the protocol takes it. */
export function now(): Time {
  return { monotonic: Math.floor(performance.now()), unix: Date.now() };
}

/** Whose handshakes are counted together. What has no address, such as a local socket, is one caller. */
export function callerBytes(request: IncomingMessage): Uint8Array {
  return addressOf(callerAddress(request)) ?? new Uint8Array(4);
}
