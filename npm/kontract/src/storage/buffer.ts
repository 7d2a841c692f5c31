import { ConflictError, PermissionError } from "../errors.js";
import type { JsonObject } from "../runtime/rows.js";
import type { Operation, Write, WriteLog } from "./log.js";
import { keepFixed } from "./fixed.js";
import type { Read } from "./store.js";
import { rowNotFound, type Table } from "./tables.js";

/** A row as it is stored. */
export interface Stored {
  readonly version: number;
  readonly txid: bigint;
  /** Its place in the order of insertion. */
  readonly order: bigint;
  readonly data: JsonObject;
  /** The characters of its data. */
  readonly size: number;
}

/**
 * What is known of a row before the call's own writes. Another user's row is
 * foreign: it cannot be seen, and not be written either.
 */
export type Base = "absent" | "foreign" | Stored;

/** A row as the call sees it. */
export type View = "unknown" | "absent" | "foreign" | JsonObject;

/** A row that the call has written. */
export interface Written {
  /** undefined: deleted. */
  data: JsonObject | undefined;
  /** Counts the rows that the call made. */
  readonly fresh: bigint;
  /** Its last write; undefined where it needs none any more. */
  readonly write: Write | undefined;
  /** An earlier write deletes the row that was there. */
  readonly replaces: boolean;
}

/**
 * What a call knows of a table's rows, and what it has written to them. Writes wait
 * here until the call commits; reads of the same call see them.
 */
export class TableBuffer {
  readonly table: Table;
  readonly #log: WriteLog;
  readonly #known = new Map<string, Base>();
  // Rows whose state the call has been told of: it must not have changed when it commits.
  readonly #observed = new Set<string>();
  readonly #written = new Map<string, Written>();

  constructor(table: Table, log: WriteLog) {
    this.table = table;
    this.#log = log;
  }

  base(id: string): Base | undefined {
    return this.#known.get(id);
  }

  learn(id: string, base: Base): void {
    if (!this.#known.has(id)) this.#known.set(id, base);
  }

  view(id: string): View {
    const written = this.#written.get(id);
    if (written !== undefined) return written.data ?? "absent";
    const base = this.#known.get(id) ?? "unknown";
    return typeof base === "string" ? base : base.data;
  }

  /** The row for the call's eyes. */
  show(id: string): JsonObject | null {
    const written = this.#written.get(id);
    // What a row is after `update` came in part from the row before.
    if (written === undefined || written.write?.operation === "update") this.#observed.add(id);
    const view = this.view(id);
    return typeof view === "string" ? null : view;
  }

  /** The row as it was before the call's own writes. */
  showBase(id: string): JsonObject | null {
    this.#observed.add(id);
    const base = this.#known.get(id);
    return typeof base === "object" ? base.data : null;
  }

  /** Makes or replaces a row. */
  set(id: string, data: JsonObject): void {
    const view = this.view(id);
    if (view === "foreign") throw PermissionError.insufficient();
    if (typeof view === "string" || this.table.fixed.length === 0) return this.#put(id, "set", data);
    this.#observed.add(id);
    this.#put(id, "set", keepFixed(this.table, view, data));
  }

  /** Makes a row that was not there. */
  insert(id: string, data: JsonObject): void {
    const view = this.view(id);
    if (view === "foreign") throw PermissionError.insufficient();
    if (typeof view === "object") {
      this.#observed.add(id);
      throw new ConflictError();
    }
    this.#put(id, "insert", data);
  }

  /** Changes the fields of a row that `patch` has. */
  update(id: string, patch: JsonObject): void {
    const view = this.view(id);
    if (view === "foreign") throw PermissionError.insufficient();
    if (typeof view === "string") {
      this.#observed.add(id);
      throw rowNotFound(this.table);
    }
    const merged = keepFixed(this.table, view, { ...view, ...patch });
    const written = this.#written.get(id);
    if (written === undefined) {
      this.#record(id, merged, this.#log.push(this.table, "update", id, patch), false);
      return;
    }
    if (written.write?.operation === "update") {
      this.#log.replace(written.write, "update", { ...written.write.data, ...patch });
    } else if (written.write !== undefined) {
      this.#log.replace(written.write, written.write.operation, merged);
    }
    written.data = merged;
  }

  /** Removes a row; false where there is none. */
  delete(id: string): boolean {
    const view = this.view(id);
    if (view === "foreign") throw PermissionError.insufficient();
    if (typeof view === "string") {
      this.#observed.add(id);
      return false;
    }
    const before = this.#written.get(id);
    this.#written.delete(id);
    if (before?.write !== undefined) this.#log.remove(before.write);
    const replaces = before?.replaces ?? false;
    if (replaces || typeof this.#known.get(id) === "object") {
      const write = replaces ? undefined : this.#log.push(this.table, "delete", id, {});
      this.#written.set(id, { data: undefined, fresh: 0n, write, replaces: true });
    }
    return true;
  }

  /** The rows that the call has written, as they came. */
  written(): [string, Written][] {
    return [...this.#written].sort(([, left], [, right]) => (left.fresh < right.fresh ? -1 : 1));
  }

  /** Rows that were written without a look at what was there. */
  writtenBlindly(): string[] {
    const blind = [...this.#written].filter(([id, { data }]) => data !== undefined && !this.#known.has(id));
    return blind.map(([id]) => id);
  }

  /** How many rows the call's writes add to those that a filter finds in the store. */
  countOwn(matches: (id: string, row: JsonObject) => boolean): number {
    let count = 0;
    for (const [id, { data }] of this.#written) {
      if (data !== undefined && matches(id, data)) count += 1;
      const base = this.#known.get(id);
      if (typeof base !== "object") continue;
      this.#observed.add(id);
      if (matches(id, base.data)) count -= 1;
    }
    return count;
  }

  /**
   * Where a row that the call has written stands in the order of insertion: where it
   * stood, or behind all that are stored.
   */
  order(id: string, { replaces, fresh }: Written): bigint {
    const base = this.#known.get(id);
    return typeof base === "object" && !replaces ? base.order : FRESH + fresh;
  }

  /** What the call has been told of rows. */
  *reads(): Iterable<Read> {
    for (const id of this.#observed) {
      const base = this.#known.get(id);
      if (base !== undefined) yield { table: this.table, id, stored: typeof base === "object" ? base : undefined };
    }
  }

  #put(id: string, operation: Operation, data: JsonObject): void {
    const written = this.#written.get(id);
    const write = written?.write;
    if (written === undefined || write === undefined || write.operation === "delete") {
      const replaces = written !== undefined;
      this.#record(id, data, this.#log.push(this.table, replaces ? "set" : operation, id, data), replaces);
      return;
    }
    this.#log.replace(write, write.operation === "update" ? "set" : write.operation, data);
    written.data = data;
  }

  #record(id: string, data: JsonObject, write: Write, replaces: boolean): void {
    this.#log.fresh += 1n;
    this.#written.set(id, { data, fresh: this.#log.fresh, write, replaces });
  }
}

/** Greater than any place in the order of insertion. */
const FRESH = 1n << 62n;
