import { CodecError } from "./errors.js";
import { holdsPrototype, MAX_DEPTH, shown } from "./flex-format.js";

/**
 * Checks what was parsed from JSON where the declared type is `unknown`: refuses
 * nesting without end, text that storage and other languages cannot hold, numbers
 * beyond all range (1e999), and keys that change an object's prototype when code
 * merges them. Throws a {@link CodecError} with the place below `path`.
 */
export function checkData(value: unknown, path: string): void {
  check(value, path, 1);
}

function check(value: unknown, path: string, depth: number): void {
  if (typeof value === "string") checkText(value, path);
  if (typeof value === "number" && !Number.isFinite(value)) throw new CodecError(path, "expected a finite number");
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw new CodecError(path, `expected at most ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    value.forEach((element, index) => check(element, path + shown(index), depth + 1));
    return;
  }
  for (const [key, field] of Object.entries(value)) {
    checkText(key, path);
    const fieldPath = path + shown(key);
    if (key === "__proto__" || (key === "constructor" && holdsPrototype(field))) {
      throw new CodecError(fieldPath, "expected no such field");
    }
    check(field, fieldPath, depth + 1);
  }
}

function checkText(text: string, path: string): void {
  if (text.includes("\0")) throw new CodecError(path, "expected text without NUL");
  if (/\p{Surrogate}/u.test(text)) throw new CodecError(path, "expected text without half a surrogate pair");
}
