import { sanitizeIdentifier } from "../identifier.js";
import type {
  StorageAccess,
  StorageBackend,
  TableDescription,
  TableDescriptions,
  Transacting,
} from "../runtime/backing.js";
import { storageView } from "../runtime/tables.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";
import { SharedEntries, sharedView } from "./shared.js";
import { type Counters, MemoryTable, type RowMap } from "./table.js";

/** How a {@link MemoryStorage} is made. */
export interface MemoryStorageOptions {
  /** The tables, when no built application declares them. */
  tables?: TableDescriptions;
  /** The time in milliseconds, for tests of expiry. */
  now?: () => number;
}

/**
 * Tables and shared state in memory, for examples and tests: nothing is kept
 * when the process ends, and a call that fails keeps what it had written.
 *
 * A table that was not declared has the primary key `_id`.
 */
export class MemoryStorage implements StorageBackend {
  readonly #descriptions = new Map<string, TableDescription>();
  readonly #tenants = new Map<string, Map<string, RowMap>>();
  readonly #shared = new Map<string, SharedEntries>();
  readonly #counters: Counters = { txid: 0n, seq: 0 };
  readonly #now: () => number;

  constructor(options: MemoryStorageOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.declare(options.tables ?? {});
  }

  declare(tables: TableDescriptions): void {
    for (const [name, description] of Object.entries(tables)) {
      this.#descriptions.set(sanitizeIdentifier(name), description);
    }
  }

  async transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    return attempt(this.storage(call));
  }

  /** The tables as one call may see them. */
  storage(access: StorageAccess): Storage {
    return storageView((name) => this.#table(name, access));
  }

  shared(access: StorageAccess): SharedStorage {
    const entries = getOrMake(this.#shared, access.tenant, () => new SharedEntries(this.#now));
    return sharedView(entries, access);
  }

  #table(name: string, access: StorageAccess): UntypedTable {
    const tables = getOrMake(this.#tenants, access.tenant, () => new Map<string, RowMap>());
    const description = this.#descriptions.get(name) ?? UNDECLARED;
    return new MemoryTable(name, tables, description, access, this.#counters);
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

const UNDECLARED: TableDescription = { primaryKey: "_id", fields: {} };
