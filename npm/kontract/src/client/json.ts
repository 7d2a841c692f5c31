import { encodeBase64 } from "../base64.js";

/**
 * Writes a value as the JSON endpoint carries it: bigint as decimal digits, Date
 * as RFC 3339, bytes as base64, Map as pairs, Set as an array; undefined is absent.
 *
 * Returns undefined where the value itself is undefined or cannot be written.
 */
export function encodeJson(value: unknown): string | undefined {
  return JSON.stringify(value, replace);
}

// `this` holds the value as it was before its own toJSON: a Buffer would
// otherwise arrive here as an object.
function replace(this: unknown, key: string, converted: unknown): unknown {
  const value = (this as { [key: string]: unknown })[key];
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (value instanceof Map) return [...value];
  if (value instanceof Set) return [...value];
  return converted;
}
