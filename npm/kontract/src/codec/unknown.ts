import * as expected from "./expected.js";
import { decodeFlex, encodeFlex } from "./flexbuffers.js";
import { fail, pathTo, type Segment } from "./path.js";
import { findVector, type Reader } from "./reader.js";
import { type Writer, putVector } from "./writer.js";

/** `unknown` and `any`: JSON data as a FlexBuffer. */
export function putUnknown(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  putVector(w, encodeFlex(x, pathTo(w, d, key)), at);
}

export function getUnknown(r: Reader, at: number, d: number, key: Segment): unknown {
  if (at === 0) fail(r, d, key, expected.JSON_DATA);
  const first = findVector(r, at, 1, d, key);
  return decodeFlex(r.bytes.subarray(first, first + r.count), pathTo(r, d, key));
}
