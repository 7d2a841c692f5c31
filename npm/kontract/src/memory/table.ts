import { ConflictError, NotFoundError, PermissionError } from "../errors.js";
import { checkId } from "../identifier.js";
import { allows, perms } from "../perms.js";
import type { StorageAccess, TableDescription } from "../runtime/backing.js";
import type { QueryOptions, Rows, StoredRecord, UntypedTable } from "../types/storage.js";
import { MemoryRows, type StoredRow } from "./rows.js";
import { copyRow, invalid, type RowData, sameValue } from "./values.js";

/** A table's rows in the order of their insertion. */
export type RowMap = Map<string, StoredRow>;

/** Counts transactions and insertions of one store. */
export interface Counters {
  txid: bigint;
  seq: number;
}

/** A table as one call may see it. */
export class MemoryTable implements UntypedTable {
  readonly #name: string;
  readonly #tables: Map<string, RowMap>;
  readonly #description: TableDescription;
  readonly #access: StorageAccess;
  readonly #counters: Counters;

  constructor(
    name: string,
    tables: Map<string, RowMap>,
    description: TableDescription,
    access: StorageAccess,
    counters: Counters,
  ) {
    this.#name = name;
    this.#tables = tables;
    this.#description = description;
    this.#access = access;
    this.#counters = counters;
  }

  async get<T extends object = StoredRecord>(id: string): Promise<T | null> {
    this.#allow("read");
    const row = this.#visible(this.#key(id));
    return row === undefined ? null : (this.#shown(id, row.data) as T);
  }

  async getMany<T extends object = StoredRecord>(ids: readonly string[]): Promise<(T | null)[]> {
    this.#allow("read");
    if (!Array.isArray(ids)) throw invalid(this.#name, "expected an array of ids");
    return Promise.all(ids.map((id: string) => this.get<T>(id)));
  }

  async set(id: string, value: object): Promise<void> {
    this.#allow("write");
    this.#mine(this.#key(id));
    this.#put(id, this.#withoutKey(id, copyRow(value, this.#name)));
  }

  async update(id: string, partial: object): Promise<void> {
    this.#allow("write");
    const changes = this.#withoutKey(id, copyRow(partial, this.#name));
    this.#mine(this.#key(id));
    const row = this.#rows.get(id);
    if (row === undefined) throw new NotFoundError(`Row not found in table ${this.#name}`);
    this.#put(id, { ...row.data, ...changes });
  }

  async delete(id: string): Promise<boolean> {
    this.#allow("delete");
    this.#mine(this.#key(id));
    return this.#remove(id);
  }

  async push(value: object): Promise<string> {
    this.#allow("write");
    const row = copyRow(value, this.#name);
    const key = this.#description.primaryKey;
    const id = Object.hasOwn(row, key) ? this.#key(row[key]) : crypto.randomUUID();
    this.#mine(id);
    if (this.#rows.has(id)) throw new ConflictError();
    this.#put(id, this.#withoutKey(id, row));
    return id;
  }

  async pop<T extends object = StoredRecord>(): Promise<T | null> {
    this.#allow("delete");
    return this.#take(this.#visibleIds().at(-1)) as T | null;
  }

  async shift<T extends object = StoredRecord>(): Promise<T | null> {
    this.#allow("delete");
    return this.#take(this.#visibleIds()[0]) as T | null;
  }

  async count(filter: object = {}): Promise<number> {
    let count = 0;
    for await (const _ of this.query(filter)) count += 1;
    return count;
  }

  query<T extends object = StoredRecord>(
    filter: object = {},
    options: QueryOptions<StoredRecord> = {},
  ): Rows<T> {
    return new MemoryRows<T>({
      filter,
      options,
      rows: () =>
        this.#visibleRows().map(([id, { seq, data }]) => ({ seq, row: this.#merged(id, data) })),
      allow: () => this.#allow("read"),
    });
  }

  [Symbol.asyncIterator](): Rows<StoredRecord> {
    return this.query();
  }

  async exec(): Promise<never> {
    throw new Error("exec() needs PostgreSQL: the in-memory storage does not run SQL");
  }

  // A table is made by its first row: names may come from callers.
  get #rows(): RowMap {
    return this.#tables.get(this.#name) ?? new Map<string, StoredRow>();
  }

  /** The rows that the user may see: of an owned table his own. */
  #visibleRows(): [string, StoredRow][] {
    const rows = [...this.#rows.entries()];
    return this.#description.owned === true ? rows.filter(([, row]) => row.owner === this.#access.owner) : rows;
  }

  #visibleIds(): string[] {
    return this.#visibleRows().map(([id]) => id);
  }

  #visible(id: string): StoredRow | undefined {
    const row = this.#rows.get(id);
    return this.#description.owned === true && row?.owner !== this.#access.owner ? undefined : row;
  }

  /** Refuses to write to another user's row. */
  #mine(id: string): void {
    const foreign = this.#rows.has(id) && this.#visible(id) === undefined;
    if (foreign) throw PermissionError.table("write", this.#name);
  }

  #allow(operation: keyof typeof NEEDED): void {
    this.#access.check();
    if (!allows(this.#access.perm, NEEDED[operation])) throw PermissionError.table(operation, this.#name);
    this.#access.saw(this.#counters.txid);
  }

  #key(id: unknown): string {
    return checkId(`${this.#name}.${this.#description.primaryKey}`, id);
  }

  /** The row's fields; a key among them must be the row's own. */
  #withoutKey(id: string, row: Record<string, unknown>): RowData {
    const { primaryKey } = this.#description;
    if (!Object.hasOwn(row, primaryKey)) return row;
    if (row[primaryKey] !== id) {
      throw invalid(`${this.#name}.${primaryKey}`, "expected the id that the row is stored under");
    }
    return Object.fromEntries(Object.entries(row).filter(([field]) => field !== primaryKey));
  }

  #put(id: string, data: RowData): void {
    const present = this.#rows.get(id);
    const kept = present === undefined ? data : this.#keepReadOnly(present.data, data);
    this.#checkUnique(id, kept);
    this.#counters.txid += 1n;
    const seq = present?.seq ?? (this.#counters.seq += 1);
    const owner = present?.owner ?? this.#access.owner;
    this.#tables.set(this.#name, this.#rows.set(id, { seq, owner, data: kept }));
    this.#access.saw(this.#counters.txid);
  }

  #checkUnique(id: string, data: RowData): void {
    for (const [field, { unique }] of Object.entries(this.#description.fields)) {
      const value = Object.hasOwn(data, field) ? data[field] : undefined;
      if (unique !== true || value === null || value === undefined) continue;
      for (const [other, row] of this.#rows) {
        if (other !== id && Object.hasOwn(row.data, field) && sameValue(row.data[field], value)) {
          throw new ConflictError(`Another row of ${this.#name} has this ${field}`, { path: `${this.#name}.${field}` });
        }
      }
    }
  }

  /** A field without W keeps the value that its row was made with. */
  #keepReadOnly(present: RowData, wanted: RowData): RowData {
    const kept: [string, unknown][] = [];
    for (const [field, { perm }] of Object.entries(this.#description.fields)) {
      if (field === this.#description.primaryKey || allows(perm ?? perms.RW_, perms._W_)) continue;
      const had = Object.hasOwn(present, field);
      if (Object.hasOwn(wanted, field) && !(had && sameValue(present[field], wanted[field]))) {
        throw new PermissionError(field);
      }
      if (had) kept.push([field, present[field]]);
    }
    return { ...wanted, ...Object.fromEntries(kept) };
  }

  #remove(id: string): boolean {
    const removed = this.#rows.delete(id);
    if (removed) this.#counters.txid += 1n;
    this.#access.saw(this.#counters.txid);
    return removed;
  }

  #take(id: string | undefined): object | null {
    const row = id === undefined ? undefined : this.#rows.get(id);
    if (id === undefined || row === undefined) return null;
    this.#remove(id);
    return this.#shown(id, row.data);
  }

  #merged(id: string, data: RowData): StoredRecord {
    return { [this.#description.primaryKey]: id, ...data };
  }

  #shown(id: string, data: RowData): object {
    return structuredClone(this.#merged(id, data));
  }
}

const NEEDED = { read: perms.R__, write: perms._W_, delete: perms.__X } as const;
