import { writeUnknown } from "../codec/json.js";
import { rowCodec } from "../codec/rows.js";
import { NotFoundError } from "../errors.js";
import { sanitizeIdentifier } from "../identifier.js";
import { allows, perms } from "../perms.js";
import type { TableDescription, TableDescriptions } from "../runtime/backing.js";
import type { FieldClass, RowCodec } from "../runtime/rows.js";

/** What operations need to know of a table. */
export interface Table {
  readonly name: string;
  readonly primaryKey: string;
  /** Fields without W: settable where a row is made, kept from then on. */
  readonly fixed: readonly string[];
  readonly codec: RowCodec;
  /** Rows are private to the user who made them. */
  readonly owned: boolean;
  /** Fields whose values must differ. */
  readonly unique: readonly string[];
  /** The ids of those that `exec` may run. */
  readonly statements: readonly string[];
}

/** Finds the table of a name that may come from anyone. */
export function findTable(tables: TableDescriptions, name: unknown): Table {
  const known = sanitizeIdentifier(name as string);
  const description = Object.hasOwn(tables, known) ? tables[known] : undefined;
  if (description === undefined) throw new NotFoundError(`Table ${known} not found`);
  let table = made.get(description);
  if (table?.name !== known) {
    table = makeTable(known, description);
    made.set(description, table);
  }
  return table;
}

/** How a field's values compare; undefined for the key, and for what is no field. */
export function classOf({ primaryKey, codec }: Table, field: string): FieldClass | undefined {
  if (field === primaryKey) return undefined;
  return Object.hasOwn(codec.fields, field) ? codec.fields[field] : codec.rest;
}

/** The place of a table's key in messages. */
export function keyPath({ name, primaryKey }: Table): string {
  return `${name}.${primaryKey}`;
}

export function rowNotFound({ name }: Table): NotFoundError {
  return new NotFoundError(`Row not found in table ${name}`);
}

function makeTable(name: string, { primaryKey, fields, owned = false, codec, statements = [] }: TableDescription): Table {
  const fixed = Object.entries(fields).filter(([field, { perm = perms.RW_ }]) => field !== primaryKey && !allows(perm, perms._W_));
  return {
    name,
    primaryKey,
    fixed: fixed.map(([field]) => field),
    codec: codec ?? untyped(name),
    owned,
    unique: Object.keys(fields).filter((field) => fields[field]?.unique === true),
    statements,
  };
}

/** Rows of a table whose type is not known: JSON data. */
function untyped(name: string): RowCodec {
  return rowCodec(name, {}, "mixed", (_, row) => structuredClone(row), writeUnknown, [writeUnknown]);
}

const made = new WeakMap<TableDescription, Table>();
