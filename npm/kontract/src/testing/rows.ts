import { rowCodec } from "../codec/rows.js";
import type { TableDescription } from "../runtime/backing.js";
import type { FieldClass } from "../runtime/rows.js";
import { toJson } from "../storage/json.js";

/** A table whose fields compare as these classes say. What is read of a row is its JSON form. */
export function tableOf(fields: Readonly<Record<string, FieldClass>>, rest?: FieldClass): TableDescription {
  const write = (_: unknown, row: unknown): unknown => toJson(row, "row");
  return { primaryKey: "id", fields: {}, codec: rowCodec("rows", fields, rest, (_, row) => row, write, [write]) };
}

/** A table of any JSON data. */
export const JSON_TABLE: TableDescription = { primaryKey: "id", fields: {} };
