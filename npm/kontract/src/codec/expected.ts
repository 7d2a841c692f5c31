/** What errors say was expected. One wording for the binary form and JSON. */
export const STRING = "string";
export const TEXT = "string of well-formed Unicode without U+0000";
export const BOOLEAN = "boolean";
export const NUMBER = "number";
export const FINITE = "finite number";
export const FLOAT32 = "number within the range of float32";
export const INT8 = "integer from -128 to 127";
export const INT16 = "integer from -32768 to 32767";
export const INT32 = "integer from -2147483648 to 2147483647";
export const INT64 = "integer from -9007199254740991 to 9007199254740991";
export const UINT8 = "integer from 0 to 255";
export const UINT16 = "integer from 0 to 65535";
export const UINT32 = "integer from 0 to 4294967295";
export const UINT64 = "integer from 0 to 9007199254740991";
export const BIGINT = "bigint";
export const BIG_INT64 = "bigint from -2^63 to 2^63 - 1";
export const BIG_UINT64 = "bigint from 0 to 2^64 - 1";
export const DATE = "valid date";
export const BYTES = "Uint8Array";
export const ARRAY = "array";
export const OBJECT = "object";
export const MAP = "Map";
export const SET = "Set";
/** By what a state may say: 1 undefined, 2 null. */
export const ADMITTED = ["", "undefined", "null", "undefined or null"];
export const DISTINCT = "distinct values";
export const DECIMAL = "bigint as a decimal string";
export const RFC3339 = "date as an RFC 3339 string";
export const BASE64 = "bytes as a base64 string";
export const PAIRS = "array of [key, value] pairs";
export const JSON_DATA = "JSON data";
export const PAIR = "[key, value]";

export function atMost(count: number): string {
  return count === 1 ? "at most 1 element" : `at most ${count} elements`;
}
