import { encodeBase64 } from "../base64.js";
import { invalid } from "./values.js";

/** A value that is kept or compared without a type, in the JSON form that rows have. */
export function toJson(value: unknown, path: string): unknown {
  if (typeof value === "bigint") return value.toString();
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid(path, UNFIT);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw invalid(path, UNFIT);
    return value.toISOString();
  }
  if (value instanceof Uint8Array) return encodeBase64(value);
  if (value instanceof Map || value instanceof Set || Array.isArray(value)) {
    return Array.from(value as Iterable<unknown>, (item) => toJson(item, path) ?? null);
  }
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(fields.map(([key, field]) => [key, toJson(field, path)]));
}

const UNFIT = "expected finite numbers and valid dates";
