import { HttpError } from "../errors.js";

/**
 * Refuses arguments that no declared type can mean: nested without end, text that
 * storage and other languages cannot hold, numbers beyond all range (JSON's 1e999),
 * and keys that change an object's prototype when code merges them.
 */
export function checkArguments(args: readonly unknown[]): void {
  args.forEach((value, index) => check(value, `args[${index}]`, 1));
}

function check(value: unknown, path: string, depth: number): void {
  if (typeof value === "string") checkText(value, path);
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid(path, "expected a finite number");
  if (typeof value !== "object" || value === null) return;
  if (depth > MAX_DEPTH) throw invalid(path, `expected at most ${MAX_DEPTH} levels`);
  if (Array.isArray(value)) {
    value.forEach((element, index) => check(element, `${path}[${index}]`, depth + 1));
    return;
  }
  for (const [key, field] of Object.entries(value)) {
    const fieldPath = `${path}.${key.slice(0, 100)}`;
    checkText(key, path);
    if (key === "__proto__" || (key === "constructor" && holdsPrototype(field))) {
      throw invalid(fieldPath, "expected no such field");
    }
    check(field, fieldPath, depth + 1);
  }
}

function checkText(text: string, path: string): void {
  if (text.includes("\0")) throw invalid(path, "expected text without NUL");
  if (/\p{Surrogate}/u.test(text)) throw invalid(path, "expected text without half a surrogate pair");
}

function holdsPrototype(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.hasOwn(value, "prototype");
}

function invalid(path: string, fault: string): HttpError {
  return new HttpError(`${path}: ${fault}`, 400, "INVALID_REQUEST", { path });
}

const MAX_DEPTH = 64;
