import { SharedEntries, sharedView } from "../memory/shared.js";
import type { StorageAccess, StorageBackend, TableDescriptions, Transacting } from "../runtime/backing.js";
import { storageView } from "../runtime/tables.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";
import type { PgClient } from "./client.js";
import { TableProxy } from "./proxy.js";
import { transact } from "./retry.js";

/**
 * Tables in PostgreSQL, where `kontract migrate up` has made them, and shared state in
 * memory. Every call is a transaction. Its sessions must be the database's too.
 */
export class PostgresStorage implements StorageBackend {
  readonly #pg: PgClient;
  readonly #shared = new SharedEntries(Date.now);
  #tables: TableDescriptions = {};

  constructor(pg: PgClient) {
    this.#pg = pg;
  }

  declare(tables: TableDescriptions): void {
    this.#tables = tables;
  }

  async transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    const { key, perm, deadline } = call;
    if (key === undefined) throw new Error("PostgresStorage: the session is not of this database");
    const context = {
      key,
      perm,
      tables: this.#tables,
      check: () => call.check(),
      saw: (txid: bigint) => call.saw(txid),
    };
    return transact(
      this.#pg,
      context,
      (transaction) => {
        const open = (name: string): UntypedTable => new TableProxy(this.#pg, name, { ...context, transaction }) as UntypedTable;
        return attempt(storageView(open));
      },
      { deadline, hadEffect: () => call.hadEffect() },
    );
  }

  shared(access: StorageAccess): SharedStorage {
    return sharedView(this.#shared, access);
  }
}
