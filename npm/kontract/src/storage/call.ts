import type { TableDescriptions, Transacting } from "../runtime/backing.js";
import { storageView } from "../runtime/tables.js";
import type { Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";
import { transact } from "./retry.js";
import { Scope, type SharedChanges } from "./scope.js";
import type { Store } from "./store.js";
import { StoredTable } from "./table.js";
import { Transaction } from "./transaction.js";

/** How a call's own transaction ends, other than by its commit alone. */
export type End<Result> = (transaction: Transaction, result: Result) => Promise<Result>;

/** Runs attempts to serve a call, each with the tables of a store as the call may see them. */
export async function serveCall<Result>(
  store: Store,
  call: Transacting,
  tables: TableDescriptions,
  changes: SharedChanges,
  attempt: (storage: Storage) => Promise<Result>,
  end?: End<Result>,
): Promise<Result> {
  const { deadline } = call;
  let scope = new Scope(store, call, tables, changes);
  const run = (own?: Transaction): Promise<Result> => {
    scope = new Scope(store, call, tables, changes);
    changes.count = 0;
    return scope.run(own, () => attempt(scopedStorage(store, scope)));
  };
  try {
    if (call.isolation === "none") {
      const result = await run();
      return end === undefined ? result : await end(new Transaction(store, scope), result);
    }
    const hadEffect = (): boolean => !call.retry && call.effects() > 0;
    return await transact(store, scope, run, { deadline, claim: changes.claim, hadEffect }, end);
  } finally {
    scope.end();
  }
}

/** `env.storage` in a scope. */
export function scopedStorage(store: Store, scope: Scope): Storage {
  const open = (name: string): UntypedTable => new StoredTable(store, name, scope) as UntypedTable;
  return storageView(open, (work) => scope.open(work));
}
