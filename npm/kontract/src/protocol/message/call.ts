import { decode, type Pairs } from "./index.js";
import { bytes, pairs, table, text } from "./write.js";

/** A call of a route. */
export interface Call {
  readonly method: string;
  /** The arguments as the route's codec wrote them; verified there before any is read. */
  readonly args: Uint8Array;
  /** `authorization`, `abi`, `egroup`, `trace-id`, `timeout`. */
  readonly metadata: Pairs;
  /** Names the call for whoever sends it again: 16 bytes. */
  readonly id: Uint8Array;
}

export function encodeCall({ method, args, metadata, id }: Call): Uint8Array {
  return table([text(method), bytes(args), pairs(metadata), bytes(id)]);
}

export function decodeCall(body: Uint8Array): Call {
  return decode(body, (message) => {
    const method = message.text(0);
    const id = message.bytes(3);
    if (method === undefined || id?.length !== 16) throw new RangeError();
    return { method, args: message.bytes(1) ?? new Uint8Array(0), metadata: message.pairs(2), id };
  });
}
