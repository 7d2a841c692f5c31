import { checkStorable, contains, invalid, isPlainObject, sameValue } from "./values.js";

/** Decides whether a row, with its key, is found. */
export type Match = (row: Readonly<Record<string, unknown>>) => boolean;

/**
 * Reads a filter: a part of a row, in which a field may be an object of operators
 * instead (`{ age: { gte: 18 } }`). An object of operators is a part like any other
 * where the field holds objects, as `isComposite` tells.
 */
export function parseFilter(filter: unknown, isComposite: (field: string) => boolean): Match {
  if (!isPlainObject(filter)) throw invalid("filter", "expected an object");
  checkStorable(filter, "filter", 0);
  const tests = Object.entries(filter).flatMap(([field, wanted]) =>
    wanted === undefined ? [] : parseField(field, wanted, isComposite),
  );
  return (row) => tests.every(({ field, holds }) => Object.hasOwn(row, field) && holds(row[field]));
}

/** Negative when `left` comes first: texts by code points, as PostgreSQL's collation "C" has them. */
export function compareScalars(left: string | number | bigint, right: string | number | bigint): number {
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

interface FieldTest {
  field: string;
  holds: (stored: unknown) => boolean;
}

function parseField(field: string, wanted: unknown, isComposite: (field: string) => boolean): FieldTest[] {
  if (!isPlainObject(wanted) || !isOperators(wanted) || isComposite(field)) {
    return [{ field, holds: (stored) => contains(stored, wanted) }];
  }
  return Object.entries(wanted)
    .filter(([, operand]) => operand !== undefined)
    .map(([operator, operand]) => ({ field, holds: parseOperator(operator, operand, `filter.${field}.${operator}`) }));
}

function isOperators(wanted: Record<string, unknown>): boolean {
  const names = Object.keys(wanted);
  return names.length > 0 && names.every((name) => Object.hasOwn(COMPARISONS, name) || name === "in" || name === "startsWith");
}

function parseOperator(operator: string, operand: unknown, path: string): (stored: unknown) => boolean {
  if (operator === "startsWith") {
    if (typeof operand !== "string") throw invalid(path, "expected text");
    return (stored) => typeof stored === "string" && stored.startsWith(operand);
  }
  if (operator === "in") {
    if (!Array.isArray(operand)) throw invalid(path, "expected an array");
    if (!operand.every(isScalar)) throw invalid(path, "expected an array of scalars");
    return (stored) => operand.some((value) => sameValue(value, stored));
  }
  const bound = comparable(operand);
  if (bound === undefined) throw invalid(path, "expected text, a number, a bigint or a date");
  const admits = COMPARISONS[operator as keyof typeof COMPARISONS];
  return (stored) => {
    const value = comparable(stored);
    return value?.kind === bound.kind && admits(compareScalars(value.value, bound.value));
  };
}

/** What is compared with values of its own kind only. */
function comparable(value: unknown): { kind: string; value: string | number | bigint } | undefined {
  if (typeof value === "string" || typeof value === "bigint") return { kind: typeof value, value };
  if (typeof value === "number" && Number.isFinite(value)) return { kind: "number", value };
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { kind: "date", value: value.getTime() };
  return undefined;
}

function isScalar(value: unknown): boolean {
  if (value === undefined || value instanceof Map || value instanceof Set) return false;
  return typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array;
}

function compareTexts(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (a !== b) return rankOfUnit(a) - rankOfUnit(b);
  }
  return left.length - right.length;
}

// Characters above U+FFFF are written as surrogates, which stand below U+E000.
function rankOfUnit(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

const COMPARISONS = {
  gt: (order: number) => order > 0,
  gte: (order: number) => order >= 0,
  lt: (order: number) => order < 0,
  lte: (order: number) => order <= 0,
};
