import { checkStorable, invalid, isPlainObject } from "./values.js";

/** What a field is compared by. */
export type Comparison = keyof typeof COMPARISONS;

/** What a filter says of one field. */
export type Condition =
  | { readonly field: string; readonly contains: unknown }
  | { readonly field: string; readonly operator: Comparison; readonly operand: string | number | bigint | Date }
  | { readonly field: string; readonly operator: "in"; readonly operand: readonly unknown[] }
  | { readonly field: string; readonly operator: "startsWith"; readonly operand: string };

/**
 * Reads a filter: a part of a row, in which a field may be an object of operators
 * instead (`{ age: { gte: 18 } }`). An object of operators is a part like any other
 * where the field holds objects, as `isComposite` tells.
 */
export function parseFilter(filter: unknown, isComposite: (field: string) => boolean): Condition[] {
  if (!isPlainObject(filter)) throw invalid("filter", "expected an object");
  checkStorable(filter, "filter", 0);
  return Object.entries(filter).flatMap(([field, wanted]) =>
    wanted === undefined ? [] : parseField(field, wanted, isComposite),
  );
}

/** Does an order, of a stored value to an operand, admit the value? */
export function admits(comparison: Comparison, order: number): boolean {
  return COMPARISONS[comparison](order);
}

/** Negative when `left` comes first: texts by code points, as PostgreSQL's collation "C" has them. */
export function compareScalars(left: string | number | bigint, right: string | number | bigint): number {
  if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
  if (left < right) return -1;
  return left > right ? 1 : 0;
}

function parseField(field: string, wanted: unknown, isComposite: (field: string) => boolean): Condition[] {
  if (!isPlainObject(wanted) || !isOperators(wanted) || isComposite(field)) return [{ field, contains: wanted }];
  return Object.entries(wanted)
    .filter(([, operand]) => operand !== undefined)
    .map(([operator, operand]) => parseOperator(field, operator as Comparison | "in" | "startsWith", operand));
}

function isOperators(wanted: Record<string, unknown>): boolean {
  const names = Object.keys(wanted);
  return names.length > 0 && names.every((name) => Object.hasOwn(COMPARISONS, name) || name === "in" || name === "startsWith");
}

function parseOperator(field: string, operator: Comparison | "in" | "startsWith", operand: unknown): Condition {
  const path = `filter.${field}.${operator}`;
  if (operator === "startsWith") {
    if (typeof operand !== "string") throw invalid(path, "expected text");
    return { field, operator, operand };
  }
  if (operator === "in") {
    if (!Array.isArray(operand)) throw invalid(path, "expected an array");
    if (!operand.every(isScalar)) throw invalid(path, "expected an array of scalars");
    return { field, operator, operand };
  }
  if (!isComparable(operand)) throw invalid(path, "expected text, a number, a bigint or a date");
  return { field, operator, operand: operand as string | number | bigint | Date };
}

/** What values of its own kind are compared with. */
function isComparable(value: unknown): boolean {
  if (value instanceof Date) return !Number.isNaN(value.getTime());
  return typeof value === "string" || typeof value === "bigint" || (typeof value === "number" && Number.isFinite(value));
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
