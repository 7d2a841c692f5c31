import type { Keyed, StorageAccess, StorageBackend, TableDescriptions, Transacting } from "../runtime/backing.js";
import { storageView } from "../runtime/tables.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";
import type { PgClient } from "./client.js";
import { commitKeyed, keptAnswer } from "./commit.js";
import { TableProxy } from "./proxy.js";
import { transact } from "./retry.js";
import { Scope } from "./scope.js";
import { SharedChanges, sharedInPostgres } from "./shared.js";
import { Transaction } from "./transaction.js";

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
    const { key, deadline, isolation, keyed } = call;
    if (key === undefined) throw new Error(FOREIGN);
    if (keyed !== undefined) {
      const kept = await keptAnswer(this.#pg, key, keyed.claim);
      const first = kept && keyed.read(kept);
      if (first !== undefined) return first as Result;
    }
    const changes = new SharedChanges(keyed?.claim ?? crypto.randomUUID());
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
      const end = keyed && ((transaction: Transaction, _: string, result: Result) => endKeyed(transaction, keyed, result));
      if (isolation === "none") {
        const result = await run();
        return end === undefined ? result : await end(new Transaction(this.#pg, scope), changes.claim, result);
      }
      const hadEffect = (): boolean => !call.retry && call.effects() > 0;
      return await transact(this.#pg, scope, run, { deadline, claim: changes.claim, hadEffect }, end);
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

async function endKeyed<Result>(transaction: Transaction, { claim, write, read }: Keyed, result: Result): Promise<Result> {
  const kept = await commitKeyed(transaction, claim, write(result));
  return ((kept && read(kept)) ?? result) as Result;
}

const FOREIGN = "PostgresStorage: the session is not of this database";
