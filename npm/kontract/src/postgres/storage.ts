import type { StorageAccess, StorageBackend, TableDescriptions, Transacting } from "../runtime/backing.js";
import { storageView } from "../runtime/tables.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";
import type { PgClient } from "./client.js";
import { TableProxy } from "./proxy.js";
import { transact } from "./retry.js";
import { Scope } from "./scope.js";
import { SharedChanges, sharedInPostgres } from "./shared.js";
import type { Transaction } from "./transaction.js";

/**
 * Tables and shared state in PostgreSQL, where `kontract migrate up` has prepared it. Every
 * call is a transaction. Its sessions must be the database's too.
 */
export class PostgresStorage implements StorageBackend {
  readonly #pg: PgClient;
  // By their calls.
  readonly #changes = new WeakMap<StorageAccess, SharedChanges>();
  #tables: TableDescriptions = {};

  constructor(pg: PgClient) {
    this.#pg = pg;
  }

  declare(tables: TableDescriptions): void {
    this.#tables = tables;
  }

  async transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    const { key, deadline, isolation } = call;
    if (key === undefined) throw new Error(FOREIGN);
    const changes = new SharedChanges(crypto.randomUUID());
    this.#changes.set(call, changes);
    let scope = new Scope(this.#pg, call, key, this.#tables, changes);
    const run = (own?: Transaction): Promise<Result> => {
      const current = new Scope(this.#pg, call, key, this.#tables, changes);
      scope = current;
      changes.count = 0;
      const open = (name: string): UntypedTable => new TableProxy(this.#pg, name, current) as UntypedTable;
      return current.run(own, () => attempt(storageView(open, (work) => current.open(work))));
    };
    try {
      if (isolation === "none") return await run();
      const hadEffect = (): boolean => !call.retry && call.effects() > 0;
      return await transact(this.#pg, scope, run, { deadline, claim: changes.claim, hadEffect });
    } finally {
      scope.end();
    }
  }

  shared(access: StorageAccess): SharedStorage {
    const { key } = access;
    if (key === undefined) throw new Error(FOREIGN);
    return sharedInPostgres(this.#pg, key, access, this.#changes.get(access) ?? new SharedChanges(crypto.randomUUID()));
  }
}

const FOREIGN = "PostgresStorage: the session is not of this database";
