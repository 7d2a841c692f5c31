import { HttpError } from "../errors.js";

/** A stored row without its key. */
export type RowData = Readonly<Record<string, unknown>>;

/**
 * A copy of a row's fields that shares nothing with the caller's objects. Fields
 * that are undefined are absent, as in JSON.
 */
export function copyRow(value: unknown, table: string): Record<string, unknown> {
  if (!isPlainObject(value)) throw invalid(table, "expected an object");
  checkStorable(value, table, 0);
  // fromEntries defines its properties, so that `__proto__` is a field like any other.
  return structuredClone(Object.fromEntries(definedEntries(value)));
}

/** Refuses what a table cannot hold. */
export function checkStorable(value: unknown, path: string, depth: number): void {
  if (typeof value === "string" && value.includes("\0")) throw invalid(path, "expected text without NUL");
  if (typeof value === "function" || typeof value === "symbol") {
    throw new TypeError(`${path}: a ${typeof value} cannot be stored`);
  }
  if (typeof value !== "object" || value === null || isLeaf(value)) return;
  if (depth > MAX_DEPTH) throw invalid(path, `expected at most ${MAX_DEPTH} levels`);
  for (const [key, field] of entriesOf(value)) {
    checkStorable(key, path, depth + 1);
    checkStorable(field, Array.isArray(value) ? `${path}[${String(key)}]` : `${path}.${String(key)}`, depth + 1);
  }
}

/** An object with fields: neither an array nor a Date, Map and the like. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isLeaf(value) && !isCollection(value);
}

/** Are the values the same, as JSON understands it? */
export function sameValue(left: unknown, right: unknown): boolean {
  if (Array.isArray(left) && Array.isArray(right)) {
    return left.length === right.length && left.every((element, index) => sameValue(element, right[index]));
  }
  if (isPlainObject(left) && isPlainObject(right)) {
    const fields = definedEntries(left);
    return (
      fields.length === definedEntries(right).length &&
      fields.every(([key, field]) => Object.hasOwn(right, key) && sameValue(field, right[key]))
    );
  }
  return sameLeaf(left, right);
}

/**
 * Does `stored` contain `wanted`, as PostgreSQL's `@>` understands it? An object
 * contains the fields it has, an array each element that one of its own contains.
 */
export function contains(stored: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    return Array.isArray(stored) && wanted.every((part) => stored.some((element) => contains(element, part)));
  }
  if (isPlainObject(wanted)) {
    return (
      isPlainObject(stored) &&
      definedEntries(wanted).every(([key, part]) => Object.hasOwn(stored, key) && contains(stored[key], part))
    );
  }
  return sameLeaf(stored, wanted);
}

/** A 400 that names the place of the fault. */
export function invalid(path: string, fault: string): HttpError {
  return new HttpError(`${path}: ${fault}`, 400, "INVALID_REQUEST", { path });
}

function definedEntries(value: Record<string, unknown>): [string, unknown][] {
  return Object.entries(value).filter(([, field]) => field !== undefined);
}

function sameLeaf(left: unknown, right: unknown): boolean {
  if (left instanceof Date && right instanceof Date) return left.getTime() === right.getTime();
  if (left instanceof Uint8Array && right instanceof Uint8Array) {
    return left.length === right.length && left.every((byte, index) => byte === right[index]);
  }
  if (left instanceof Map && right instanceof Map) return sameValue([...left], [...right]);
  if (left instanceof Set && right instanceof Set) return sameValue([...left], [...right]);
  return left === right;
}

function entriesOf(value: object): Iterable<[unknown, unknown]> {
  if (value instanceof Map) return value.entries();
  if (value instanceof Set) return value.entries();
  return Array.isArray(value) ? value.entries() : Object.entries(value);
}

function isLeaf(value: object): boolean {
  return value instanceof Date || ArrayBuffer.isView(value) || value instanceof ArrayBuffer;
}

function isCollection(value: unknown): value is Map<unknown, unknown> | Set<unknown> {
  return value instanceof Map || value instanceof Set;
}

const MAX_DEPTH = 64;
