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

/** Levels of arrays and objects that data may have. */
export const MAX_DEPTH = 64;
// Beyond this the engine's own UTF-8 is faster than a loop.
export const SHORT_TEXT = 48;

/** A step of a path: `.name` or `[0]`. */
export function shown(step: string | number): string {
  return typeof step === "number" ? `[${step}]` : `.${step.slice(0, 100)}`;
}

/** Merging an object with such a `constructor` would change what others inherit. */
export function holdsPrototype(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "prototype");
}
