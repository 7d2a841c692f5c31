import { admits, compareScalars, type Comparison, type Condition, parseFilter } from "./conditions.js";
import type { JsonObject } from "../runtime/rows.js";
import { toJson } from "./json.js";
import { classOf, type Table } from "./tables.js";
import { contains, sameValue } from "./values.js";

/** A filter, for rows in their JSON form. */
export interface Filter {
  /** As `kontract.query_<table>` takes it. */
  readonly form: string;
  /** Whether a row is found, as PostgreSQL would find it. */
  readonly matches: (id: string, row: JsonObject) => boolean;
}

/** Reads a filter of a table; undefined is none. */
export function readFilter(table: Table, filter: unknown = {}): Filter {
  const conditions = parseFilter(filter, (field) => classOf(table, field) === "composite");
  const contained: [string, unknown][] = [];
  const where: Test[] = [];
  for (const condition of conditions) {
    const { field } = condition;
    if (!("contains" in condition)) {
      where.push(testOf(field === table.primaryKey ? null : field, condition));
    } else if (field === table.primaryKey) {
      const ids = typeof condition.contains === "string" ? [condition.contains] : [];
      where.push({ field: null, operator: "in", operand: ids });
    } else {
      contained.push([field, toJson(condition.contains, "filter")]);
    }
  }
  return { form: formOf(contained, where), matches: (id, row) => isFound(contained, where, id, row) };
}

/** Stored values are compared with operands of their own kind only. */
interface Test {
  /** null: the row's id. */
  field: string | null;
  operator: Comparison | "in" | "startsWith";
  operand: string | number | bigint | readonly unknown[];
}

function testOf(field: string | null, condition: Exclude<Condition, { contains: unknown }>): Test {
  const { operator, operand } = condition;
  if (operator === "in") return { field, operator, operand: operand.map((value) => toJson(value, "filter")) };
  return { field, operator, operand: operand instanceof Date ? operand.toISOString() : operand };
}

function formOf(contained: [string, unknown][], where: Test[]): string {
  const form = {
    ...(contained.length === 0 ? {} : { contains: Object.fromEntries(contained) }),
    ...(where.length === 0 ? {} : { where: where.map(({ field, operator, operand }) => [field, operator, kindOf(operand), plain(operand)]) }),
  };
  return JSON.stringify(form);
}

function kindOf(operand: Test["operand"]): string {
  if (typeof operand === "string") return "text";
  return typeof operand === "object" ? "any" : typeof operand;
}

function plain(operand: Test["operand"]): unknown {
  return typeof operand === "bigint" ? operand.toString() : operand;
}

function isFound(contained: [string, unknown][], where: Test[], id: string, row: JsonObject): boolean {
  return (
    contained.every(([field, wanted]) => Object.hasOwn(row, field) && contains(row[field], wanted)) &&
    where.every((test) => {
      if (test.field === null) return holds(test, id);
      return Object.hasOwn(row, test.field) && holds(test, row[test.field]);
    })
  );
}

function holds({ operator, operand }: Test, stored: unknown): boolean {
  if (operator === "in") return (operand as readonly unknown[]).some((value) => sameValue(value, stored));
  if (operator === "startsWith") return typeof stored === "string" && stored.startsWith(operand as string);
  const value = typeof operand === "bigint" ? digits(stored) : stored;
  if (value === undefined || typeof value !== typeof operand) return false;
  return admits(operator, compareScalars(value as string, operand as string));
}

/** A stored bigint. */
function digits(stored: unknown): bigint | undefined {
  return typeof stored === "string" && /^-?\d+$/.test(stored) ? BigInt(stored) : undefined;
}
