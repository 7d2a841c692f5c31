import { MAX_DEPTH } from "./path.js";

/** The types of FlexBuffers that JSON data needs, by their numbers in the format. */
export const NULL = 0;
export const INT = 1;
export const UINT = 2;
export const FLOAT = 3;
export const KEY = 4;
export const STRING = 5;
export const INDIRECT_INT = 6;
export const INDIRECT_UINT = 7;
export const INDIRECT_FLOAT = 8;
export const MAP = 9;
export const VECTOR = 10;
/** Vectors of INT, UINT, FLOAT and KEY, in this order. */
export const VECTOR_INT = 11;
export const VECTOR_KEY = 14;
/** Vectors of two INT, two UINT, two FLOAT, three INT …; without a length. */
export const VECTOR_INT2 = 16;
export const VECTOR_FLOAT4 = 24;
export const BOOL = 26;
export const VECTOR_BOOL = 36;

// What errors say, beside what was expected.
export const NOT_ALLOWED = "a key that is not allowed";
export const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;

// Beyond this the engine's own UTF-8 is faster than a loop.
export const SHORT_TEXT = 48;

/** Merging an object with such a `constructor` would change what others inherit. */
export function holdsPrototype(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "prototype");
}
