import { sanitizeIdentifier } from "../identifier.js";
import type {
  StorageAccess,
  StorageBackend,
  TableDescription,
  TableDescriptions,
  Transacting,
} from "../runtime/backing.js";
import { scopedStorage, serveCall } from "../storage/call.js";
import { Scope } from "../storage/scope.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import { KeptAnswers } from "./answers.js";
import { MemoryRows } from "./rows.js";
import { MemoryChanges, SharedEntries, sharedView } from "./shared.js";
import { MemoryStore } from "./store.js";

/** How a {@link MemoryStorage} is made. */
export interface MemoryStorageOptions {
  /** The tables, when no built application declares them. */
  tables?: TableDescriptions;
  /** The time in milliseconds, for tests of expiry. */
  now?: () => number;
}

/**
 * Tables and shared state in memory, for examples and tests: nothing is kept when the process
 * ends. Calls are transactions, and rows are what PostgreSQL would keep of them.
 */
export class MemoryStorage implements StorageBackend {
  // Names may be those of an object's own properties.
  readonly #tables = Object.create(null) as Record<string, TableDescription>;
  readonly #tenants = new Map<string, MemoryRows>();
  readonly #shared = new Map<string, SharedEntries>();
  // By their calls.
  readonly #changes = new WeakMap<StorageAccess, MemoryChanges>();
  readonly #answers: KeptAnswers;
  readonly #now: () => number;

  constructor(options: MemoryStorageOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#answers = new KeptAnswers(this.#now);
    if (options.tables !== undefined) this.declare(options.tables);
  }

  declare(tables: TableDescriptions): void {
    for (const [name, description] of Object.entries(tables)) {
      this.#tables[sanitizeIdentifier(name)] = description;
    }
  }

  async transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    const changes = new MemoryChanges(crypto.randomUUID());
    this.#changes.set(call, changes);
    return this.#answers.serve(call, () => serveCall(this.#store(call), call, this.#tables, changes, attempt));
  }

  /** The tables as one call may see them: operations apply at once, or in `transaction`. */
  storage(access: StorageAccess): Storage {
    const call: Transacting = {
      ...access,
      isolation: "none",
      retry: false,
      get deadline() {
        return Date.now() + DEADLINE_MS;
      },
      effects: () => 0,
      noteEffect: () => {},
      mark: () => () => {},
    };
    const store = this.#store(access);
    return scopedStorage(store, new Scope(store, call, this.#tables, new MemoryChanges("")));
  }

  shared(access: StorageAccess): SharedStorage {
    const entries = getOrMake(this.#shared, access.tenant, () => new SharedEntries(this.#now));
    return sharedView(entries, access, this.#changes.get(access) ?? new MemoryChanges(""));
  }

  #store(access: StorageAccess): MemoryStore {
    return new MemoryStore(getOrMake(this.#tenants, access.tenant, () => new MemoryRows()), access);
  }
}

function getOrMake<Value>(map: Map<string, Value>, key: string, make: () => Value): Value {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}

const DEADLINE_MS = 10_000;
