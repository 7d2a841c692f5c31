import { isCodecError } from "../codec/errors.js";
import { ConflictError, invalid as invalidRequest, PermissionError } from "../errors.js";
import { checkId } from "../identifier.js";
import type { JsonObject } from "../runtime/rows.js";
import type { DefaultKey, Filter, Keyless, QueryOptions, Rows, StoredRecord, TableProxy } from "../types/storage.js";
import { takeNow, writeNow } from "./at-once.js";
import { execStatement } from "./exec.js";
import { countRows, TableRows, takeRow } from "./query.js";
import type { Row, Store } from "./store.js";
import { findTable, keyPath, rowNotFound, type Table } from "./tables.js";
import { shown, type TableContext, Transaction } from "./transaction.js";
import { invalid } from "./values.js";

/**
 * A table of a store. Where its context has a transaction its operations are parts of that; else
 * each applies at once, and `pop` and `shift` take what nobody else is taking.
 */
export class StoredTable<T, Key extends keyof T = DefaultKey<T>, Write = T> implements TableProxy<T, Key, Write> {
  readonly #store: Store;
  readonly #context: TableContext;
  readonly #table: Table;

  constructor(store: Store, name: string, context: TableContext) {
    this.#store = store;
    this.#context = context;
    this.#table = findTable(context.tables, name);
  }

  async get(id: string): Promise<T | null> {
    const key = this.#key(id);
    const data = await this.#reader().get(this.#table.name, key);
    return data === null ? null : this.#shown({ id: key, data });
  }

  async getMany(ids: readonly string[]): Promise<(T | null)[]> {
    if (!Array.isArray(ids)) throw invalid(this.#table.name, "expected an array of ids");
    const keys = ids.map((id: unknown) => this.#key(id));
    if (keys.reduce((size, key) => size + key.length, 0) > MOST_WANTED) throw invalid(this.#table.name, "expected fewer ids");
    const reader = this.#reader();
    const found = await Promise.all(keys.map((key) => reader.get(this.#table.name, key)));
    return found.map((data, index) => (data === null ? null : this.#shown({ id: keys[index] as string, data })));
  }

  async set(id: string, value: Keyless<Write, Key>): Promise<void> {
    const key = this.#key(id);
    const data = this.#data(key, value as object, "write");
    const { transaction } = this.#context;
    if (transaction !== undefined) return transaction.set(this.#table.name, key, data);
    await writeNow(this.#store, this.#context, this.#table, "set", key, data);
  }

  async update(id: string, partial: Partial<Write>): Promise<void> {
    const key = this.#key(id);
    const patch = this.#data(key, partial, "patch");
    const { transaction } = this.#context;
    if (transaction !== undefined) return transaction.update(this.#table.name, key, patch);
    const found = await writeNow(this.#store, this.#context, this.#table, "update", key, patch);
    if (!found) throw rowNotFound(this.#table);
  }

  async delete(id: string): Promise<boolean> {
    const key = this.#key(id);
    const { transaction } = this.#context;
    if (transaction !== undefined) return transaction.delete(this.#table.name, key);
    return writeNow(this.#store, this.#context, this.#table, "delete", key);
  }

  async push(value: Keyless<T, Key>): Promise<string> {
    const { key, data } = this.#written(value as object, "write");
    const id = key === undefined ? undefined : this.#key(key);
    const { transaction } = this.#context;
    if (transaction !== undefined) return transaction.push(this.#table.name, id, data);
    const fresh = id ?? crypto.randomUUID();
    if (!(await writeNow(this.#store, this.#context, this.#table, "insert", fresh, data))) throw new ConflictError();
    return fresh;
  }

  async pop(): Promise<T | null> {
    return this.#take(true);
  }

  async shift(): Promise<T | null> {
    return this.#take(false);
  }

  async count(filter?: Filter<T>): Promise<number> {
    return countRows(this.#reader(), this.#table.name, filter);
  }

  /** Outside of a transaction every page of 500 rows is read at a moment of its own. */
  query(filter?: Filter<T>, options?: QueryOptions<T>): Rows<T> {
    return new TableRows<T>(this.#reader(), this.#table.name, filter, options as QueryOptions<StoredRecord>);
  }

  [Symbol.asyncIterator](): Rows<T> {
    return this.query();
  }

  /** What compiled code calls with the id of a statement in the place of its SQL. */
  async exec<Row extends object = StoredRecord>(statement: string, params?: readonly unknown[]): Promise<Row[]> {
    return (await execStatement(this.#reader(), this.#table.name, statement, params)) as Row[];
  }

  /** Throws a `PermissionError` where `data` has a field that may not be changed once its row is made. */
  checkFieldPermissions(data: Partial<T>): void {
    const field = this.#table.fixed.find((fixed) => (data as StoredRecord)[fixed] !== undefined);
    if (field !== undefined) throw new PermissionError(field);
  }

  /** What reads are parts of; outside of a transaction nothing is compared with what they saw. */
  #reader(): Transaction {
    return this.#context.transaction ?? new Transaction(this.#store, this.#context);
  }

  async #take(last: boolean): Promise<T | null> {
    const { transaction } = this.#context;
    const taken =
      transaction === undefined
        ? await takeNow(this.#store, this.#context, this.#table, last)
        : await takeRow(transaction, this.#table.name, last);
    return taken === null ? null : this.#shown(taken);
  }

  #key(id: unknown): string {
    return checkId(keyPath(this.#table), id);
  }

  /** A row's fields; a key among them must be the row's own. */
  #data(id: string, value: object, how: "write" | "patch"): JsonObject {
    const { key, data } = this.#written(value, how);
    if (key !== undefined && this.#key(key) !== id) throw invalid(keyPath(this.#table), "expected the id that the row is stored under");
    return data;
  }

  #written(value: object, how: "write" | "patch"): { key: unknown; data: JsonObject } {
    const { primaryKey, codec } = this.#table;
    try {
      const { [primaryKey]: key, ...data } = codec[how](value);
      return { key, data };
    } catch (error) {
      throw isCodecError(error) ? invalidRequest(error.message, error.path, error) : error;
    }
  }

  #shown({ id, data }: Row): T {
    return shown(this.#table, id, data) as T;
  }
}

/** Characters of the ids that are read at once: one text may be many of them. */
const MOST_WANTED = 16 << 20;
