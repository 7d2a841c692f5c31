/**
 * Messages: FlatBuffers tables, as `fixtures/wire/raystream.fbs` says (wire document, Messages
 * inside).
 */
import { misbehaved, misused } from "../error.js";
import { MAX_PAIRS } from "../limits.js";
import { Table } from "./read.js";
import { table, u64 } from "./write.js";

export * from "./call.js";
export * from "./reply.js";
export * from "./subscribe.js";

/** Names with values: a call's metadata, a response's headers. */
export type Pairs = readonly (readonly [name: string, value: string])[];

/** Refuses more pairs than a peer takes. */
export function takes(pairs: Pairs): void {
  if (pairs.length > MAX_PAIRS) misused("TooManyPairs");
}

/** Writes the body of a HEARTBEAT. */
export function encodeHeartbeat(nonce: bigint): Uint8Array {
  return table([u64(nonce)]);
}

/** Reads the body of a HEARTBEAT. */
export function decodeHeartbeat(body: Uint8Array): bigint {
  return decode(body, (message) => message.u64(0));
}

/** What `read` finds in the table that a body is. */
export function decode<T>(body: Uint8Array, read: (table: Table) => T): T {
  try {
    return read(Table.root(body));
  } catch {
    // A place beyond the end, text that is no UTF-8, or a field that must be there.
    return misbehaved("MalformedMessage");
  }
}
