import { NotFoundError } from "../errors.js";
import { sanitizeIdentifier } from "../identifier.js";
import type {
  StorageAccess,
  StorageBackend,
  TableDescription,
  TableDescriptions,
  Transacting,
} from "../runtime/backing.js";
import { type RunTransaction, storageView } from "../runtime/tables.js";
import type { SharedStorage, Storage } from "../types/registry.js";
import type { UntypedTable } from "../types/storage.js";
import { KeptAnswers } from "./answers.js";
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
 * Before tables are declared, by the application or by hand, there is one under every
 * name, with the primary key `_id`.
 */
export class MemoryStorage implements StorageBackend {
  readonly #descriptions = new Map<string, TableDescription>();
  readonly #tenants = new Map<string, Map<string, RowMap>>();
  readonly #shared = new Map<string, SharedEntries>();
  readonly #counters: Counters = { txid: 0n, seq: 0 };
  readonly #answers: KeptAnswers;
  readonly #now: () => number;
  #isDeclared = false;

  constructor(options: MemoryStorageOptions = {}) {
    this.#now = options.now ?? Date.now;
    this.#answers = new KeptAnswers(this.#now);
    if (options.tables !== undefined) this.declare(options.tables);
  }

  declare(tables: TableDescriptions): void {
    this.#isDeclared = true;
    for (const [name, description] of Object.entries(tables)) {
      this.#descriptions.set(sanitizeIdentifier(name), description);
    }
  }

  async transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    const transaction = alone(async (work) => {
      const takeBack = call.mark();
      try {
        return await work();
      } catch (error) {
        takeBack();
        throw error;
      }
    });
    return this.#answers.serve(call, () => attempt(storageView((name) => this.#table(name, call), transaction)));
  }

  /** The tables as one call may see them. */
  storage(access: StorageAccess): Storage {
    return storageView((name) => this.#table(name, access), alone(async (work) => work()));
  }

  shared(access: StorageAccess): SharedStorage {
    const entries = getOrMake(this.#shared, access.tenant, () => new SharedEntries(this.#now));
    return sharedView(entries, access);
  }

  #table(name: string, access: StorageAccess): UntypedTable {
    const tables = getOrMake(this.#tenants, access.tenant, () => new Map<string, RowMap>());
    const description = this.#descriptions.get(name) ?? (this.#isDeclared ? undefined : UNDECLARED);
    if (description === undefined) throw new NotFoundError(`Table ${name} not found`);
    return new MemoryTable(name, tables, description, access, this.#counters);
  }
}

/** Here a transaction is only what runs without another one meanwhile. */
function alone(run: RunTransaction): RunTransaction {
  let open = false;
  return async (work) => {
    if (open) throw new Error("A transaction is open already: env.storage.transaction calls cannot overlap");
    open = true;
    try {
      return await run(work);
    } finally {
      open = false;
    }
  };
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
