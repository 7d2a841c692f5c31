import { ConflictError, PermissionError } from "../errors.js";
import type { JsonObject } from "../runtime/rows.js";
import type { Stored } from "../storage/buffer.js";
import { compareScalars } from "../storage/conditions.js";
import { keepFixed } from "../storage/fixed.js";
import type { Write } from "../storage/log.js";
import { Changed } from "../storage/store.js";
import type { Table } from "../storage/tables.js";
import { sameValue } from "../storage/values.js";

/** A row, replaced as a whole and never changed. */
export interface MemoryRow extends Stored {
  /** The user who made it. */
  readonly owner: string;
  /** Its data as JSON: whoever reads it gets a copy. */
  readonly text: string;
}

/** The rows of one tenant. */
export class MemoryRows {
  /** The newest transaction. */
  txid = 0n;
  // The last place in the order of insertion.
  #last = 0n;
  // By tables, in the order of insertion.
  readonly #tables = new Map<string, Map<string, MemoryRow>>();

  of({ name }: Table): ReadonlyMap<string, MemoryRow> {
    return this.#tables.get(name) ?? EMPTY;
  }

  /** Removes a row that is there. */
  remove({ name }: Table, id: string): void {
    this.txid += 1n;
    this.#tables.get(name)?.delete(id);
  }

  /** Applies a user's writes as one transaction, or throws and applies none. */
  apply(writes: readonly Write[], owner: string): void {
    const txid = this.txid + 1n;
    const staged = new Map<Table, Map<string, MemoryRow | undefined>>();
    for (const { table } of writes) staged.set(table, new Map());
    const places = new Map(writes.map((write, index) => [write, this.#last + BigInt(index + 1)]));
    // Removals come first, so that what was unique in a removed row is free again; then by id, as in PostgreSQL.
    for (const write of [...writes].sort(byTurn)) {
      const { table, id } = write;
      const changed = staged.get(table) as Map<string, MemoryRow | undefined>;
      const present = changed.has(id) ? changed.get(id) : this.of(table).get(id);
      if (present !== undefined && table.owned && present.owner !== owner) throw PermissionError.insufficient();
      const data = dataAfter(write, present?.data);
      if (data !== undefined) refuseTaken(table, id, data, this.of(table), changed);
      changed.set(id, data && rowAfter(present, data, { owner, txid, order: places.get(write) as bigint }));
    }
    this.txid = txid;
    this.#last += BigInt(writes.length);
    for (const [{ name }, changed] of staged) this.#replace(name, changed);
  }

  #replace(name: string, changed: ReadonlyMap<string, MemoryRow | undefined>): void {
    const rows = this.#tables.get(name) ?? new Map<string, MemoryRow>();
    this.#tables.set(name, rows);
    const byPlace = [...changed].sort(([, left], [, right]) => compareScalars(left?.order ?? 0n, right?.order ?? 0n));
    for (const [id, row] of byPlace) {
      if (row?.order !== rows.get(id)?.order) rows.delete(id);
      if (row !== undefined) rows.set(id, row);
    }
  }
}

function byTurn(left: Write, right: Write): number {
  return Number(right.operation === "delete") - Number(left.operation === "delete") || compareScalars(left.id, right.id);
}

/** What a write leaves of a row; undefined: nothing. */
function dataAfter({ table, operation, text }: Write, present: JsonObject | undefined): JsonObject | undefined {
  if ((present === undefined) !== (operation === "insert") && operation !== "set") throw new Changed();
  if (operation === "delete") return undefined;
  const data = JSON.parse(text) as JsonObject;
  if (present === undefined) return data;
  return keepFixed(table, present, operation === "update" ? { ...present, ...data } : data);
}

function rowAfter(
  present: MemoryRow | undefined,
  data: JsonObject,
  { owner, txid, order }: { owner: string; txid: bigint; order: bigint },
): MemoryRow {
  const text = JSON.stringify(data);
  const made = present ?? { owner, order, version: 0 };
  return { owner: made.owner, order: made.order, version: made.version + 1, txid, data, text, size: text.length };
}

function refuseTaken(
  { name, unique }: Table,
  id: string,
  data: JsonObject,
  rows: ReadonlyMap<string, MemoryRow>,
  changed: ReadonlyMap<string, MemoryRow | undefined>,
): void {
  for (const field of unique) {
    const value = Object.hasOwn(data, field) ? data[field] : undefined;
    if (value === null || value === undefined) continue;
    const holds = ([other, row]: [string, MemoryRow | undefined]): boolean =>
      row !== undefined && other !== id && Object.hasOwn(row.data, field) && sameValue(row.data[field], value);
    if ([...changed].some(holds) || [...rows].some((entry) => !changed.has(entry[0]) && holds(entry))) {
      throw new Changed(new ConflictError(`Another row of ${name} has this ${field}`, { path: `${name}.${field}` }));
    }
  }
}

const EMPTY: ReadonlyMap<string, MemoryRow> = new Map();
