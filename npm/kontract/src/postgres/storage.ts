import type { Keyed, StorageAccess, StorageBackend, TableDescriptions, Transacting } from "../runtime/backing.js";
import { isSame } from "../runtime/keyed.js";
import { type End, serveCall } from "../storage/call.js";
import { endWith } from "../storage/commit.js";
import { SharedChanges } from "../storage/scope.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import { ask, type PgClient } from "./client.js";
import { SharedCache } from "./shared-cache.js";
import { sharedInPostgres } from "./shared.js";
import { PostgresStore } from "./store.js";

/**
 * Tables and shared state in PostgreSQL, where `kontract migrate up` has prepared it. Every
 * call is a transaction. Its sessions must be the database's too.
 */
export class PostgresStorage implements StorageBackend {
  readonly #pg: PgClient;
  // By their calls.
  readonly #changes = new WeakMap<StorageAccess, SharedChanges>();
  // By their tenants.
  readonly #caches = new Map<string, SharedCache>();
  #tables: TableDescriptions = {};

  constructor(pg: PgClient) {
    this.#pg = pg;
  }

  declare(tables: TableDescriptions): void {
    this.#tables = tables;
  }

  async transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    const { key, keyed } = call;
    if (key === undefined) throw new Error(FOREIGN);
    const store = new PostgresStore(this.#pg, key);
    if (keyed !== undefined) {
      const first = await (keyed.claimsFirst ? claim(store, keyed, call) : store.record(keyed.claim));
      if (first !== undefined) return keyed.answer(first) as Result;
    }
    const changes = new SharedChanges(keyed?.claim ?? crypto.randomUUID());
    this.#changes.set(call, changes);
    if (keyed === undefined) return serveCall(store, call, this.#tables, changes, attempt);
    const served = serveCall(store, call, this.#tables, changes, attempt, endKeyed(store, keyed));
    return served.catch((error: unknown) => failKeyed<Result>(store, keyed, error));
  }

  shared(access: StorageAccess): SharedStorage {
    const { key } = access;
    if (key === undefined) throw new Error(FOREIGN);
    const changes = this.#changes.get(access) ?? new SharedChanges(crypto.randomUUID());
    const cache = this.#caches.get(access.tenant) ?? new SharedCache();
    this.#caches.set(access.tenant, cache);
    return sharedInPostgres(this.#pg, key, access, changes, cache);
  }

  async ping(): Promise<void> {
    await ask(this.#pg, "SELECT 1", []);
  }
}

/** Claims a call before it runs. The record of one that was known; half of its time a call waits for another arrival of it. */
async function claim(store: PostgresStore, keyed: Keyed, { deadline }: Transacting): Promise<Uint8Array | undefined> {
  const patience = (Date.now() + deadline) / 2;
  for (let pause = SHORTEST_PAUSE_MS; ; pause = Math.min(LONGEST_PAUSE_MS, 2 * pause)) {
    const first = await store.claim(keyed.claim, keyed.mark);
    // Its own where the statement was sent twice.
    if (first === undefined || isSame(first, keyed.mark)) return undefined;
    if (!keyed.isOpen(first) || keyed.streams || Date.now() >= patience) return first;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

/** Ends a call with its answer; where it had been committed before, with the answer of then. */
function endKeyed<Result>(store: PostgresStore, keyed: Keyed): End<Result> {
  return async (transaction, result) => {
    const record = keyed.record(result);
    const done = await endWith(transaction, (changes) => store.commitKeyed(changes, keyed.claim, record));
    if (done === undefined) return result;
    transaction.context.saw?.(done.newest);
    // Its own where the statement was sent twice.
    const isFirst = done.first === undefined || isSame(done.first, record);
    return isFirst ? result : (keyed.answer(done.first as Uint8Array) as Result);
  };
}

/**
 * The end of a call that has failed. That is kept of a call that had a claim, since it may have had
 * effects; any other had none, and may be served again. Meanwhile another arrival of it may have been.
 */
async function failKeyed<Result>(store: PostgresStore, keyed: Keyed, error: unknown): Promise<Result> {
  const { claim, claimsFirst, mark } = keyed;
  const known = claimsFirst ? store.keep(claim, keyed.failure(error)) : store.record(claim);
  // Without its record a call that was claimed is one of which nothing is known.
  const first = await known.catch(() => undefined);
  if (first === undefined || isSame(first.subarray(0, mark.length), mark)) throw error;
  return keyed.answer(first) as Result;
}

/** Between two looks at a call that runs elsewhere. */
const SHORTEST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;
const FOREIGN = "PostgresStorage: the session is not of this database";
