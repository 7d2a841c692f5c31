import { HttpError } from "../errors.js";
import type {
  StorageAccess,
  StorageBackend,
  TableDescription,
  TableDescriptions,
} from "../runtime/backing.js";
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
      this.#descriptions.set(checkName(name), description);
    }
  }

  storage(access: StorageAccess): Storage {
    const open = new Map<string, UntypedTable>();
    const get = (name: unknown): UntypedTable => {
      const known = checkName(name);
      let table = open.get(known);
      if (table === undefined) {
        table = this.#table(known, access);
        open.set(known, table);
      }
      return table;
    };
    const refuse = (): never => {
      throw new TypeError("env.storage cannot be changed");
    };
    return new Proxy({} as Storage, {
      get(_, name) {
        if (typeof name === "symbol") return undefined;
        if (name === "get") return get;
        if (name === "transaction") throw new Error("env.storage.transaction is not available in this version");
        return get(name);
      },
      set: refuse,
      defineProperty: refuse,
      deleteProperty: refuse,
      setPrototypeOf: refuse,
    });
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

function checkName(name: unknown): string {
  if (typeof name !== "string" || !/^[a-zA-Z0-9_]{1,40}$/.test(name)) {
    throw new HttpError("Invalid identifier", 400, "INVALID_REQUEST");
  }
  return name;
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
