import { PermissionError } from "../errors.js";
import type { JsonObject } from "../runtime/rows.js";
import type { Table } from "./tables.js";
import { sameValue } from "./values.js";

/** A field without W keeps the value that its row was made with. */
export function keepFixed({ fixed }: Table, present: JsonObject, wanted: JsonObject): JsonObject {
  const kept: [string, unknown][] = [];
  for (const field of fixed) {
    const had = Object.hasOwn(present, field);
    const same = had && Object.hasOwn(wanted, field) && sameValue(present[field], wanted[field]);
    if (Object.hasOwn(wanted, field) && !same) throw new PermissionError(field);
    if (had) kept.push([field, present[field]]);
  }
  return { ...wanted, ...Object.fromEntries(kept) };
}
