import { PermissionError } from "../errors.js";
import { allows, perms } from "../perms.js";
import type { TableDescriptions } from "../runtime/backing.js";
import type { JsonObject } from "../runtime/rows.js";
import { type Base, type Stored, TableBuffer, type View } from "./buffer.js";
import { WriteLog } from "./log.js";
import type { Predicate, Store } from "./store.js";
import { findTable, type Table } from "./tables.js";
import { Turns } from "./turns.js";
import { invalid } from "./values.js";

/** On whose behalf tables are used, and which there are. */
export interface TableContext {
  readonly tables: TableDescriptions;
  /** The session's permission. A database is asked only for what it has, and knows better. */
  readonly perm?: number;
  /** What operations are parts of; without one each is a statement of its own. */
  readonly transaction?: Transaction | undefined;
  /** Called before every operation; throws when the caller may not go on. */
  check?(): void;
  /** Told of the newest transaction that was seen. */
  saw?(txid: bigint): void;
  /** Told that something was written that no conflict takes back. */
  wrote?(): void;
}

/** Checks that the caller may go on, and may do this with a table. */
export function admit(context: TableContext, name: string, need: number): void {
  context.check?.();
  if (!allows(context.perm ?? perms.RWX, need)) throw PermissionError.table(operationOf(need), name);
}

/** What an operation must know before it can act: nothing, the row, or the row as it is stored. */
type Need = "nothing" | "view" | "base";

/**
 * A transaction that holds no connection. Reads run at once and are remembered, writes
 * wait in a buffer; the commit compares and applies them in one statement.
 *
 * An operation does at once what it can, so it sees the effects of those called before;
 * rows that are asked for together travel together.
 */
export class Transaction {
  readonly store: Store;
  readonly context: TableContext;
  log = new WriteLog();
  turns = new Turns();
  predicates: Predicate[] = [];
  /** Statements that read. */
  reads = 0;
  over = false;
  /** What was read at different times does not agree. */
  stale = false;
  readonly #buffers = new Map<string, TableBuffer>();
  readonly #batches = new Map<string, { ids: Set<string>; done: Promise<void> }>();
  // The characters of rows that are remembered.
  #held = 0;

  constructor(store: Store, context: TableContext) {
    this.store = store;
    this.context = context;
  }

  get buffers(): Iterable<TableBuffer> {
    return this.#buffers.values();
  }

  /** The names of the tables that were used. */
  get tables(): string[] {
    return [...this.#buffers.keys()].sort();
  }

  /** Checks that the caller may go on, and may do this with the table. */
  enter(name: string, need: number): TableBuffer {
    admit(this.context, name, need);
    if (this.over) throw new Error(OVER);
    let buffer = this.#buffers.get(name);
    if (buffer === undefined) {
      buffer = new TableBuffer(findTable(this.context.tables, name), this.log);
      this.#buffers.set(name, buffer);
    }
    return buffer;
  }

  async get(name: string, id: string): Promise<JsonObject | null> {
    const buffer = this.enter(name, perms.R__);
    if (this.turns.has(name, id) || buffer.view(id) !== "unknown") {
      return this.#onRow(buffer, id, "view", perms.R__, () => buffer.show(id));
    }
    await this.#load(buffer, id, perms.R__);
    // As it was when it was asked for: writes that came later are not seen.
    return buffer.showBase(id);
  }

  async set(name: string, id: string, data: JsonObject): Promise<void> {
    const buffer = this.enter(name, perms._W_);
    const need = buffer.table.fixed.length === 0 ? "nothing" : "view";
    return this.#onRow(buffer, id, need, perms._W_, () => buffer.set(id, data));
  }

  async update(name: string, id: string, patch: JsonObject): Promise<void> {
    const buffer = this.enter(name, perms._W_);
    return this.#onRow(buffer, id, "view", perms._W_, () => buffer.update(id, patch));
  }

  async delete(name: string, id: string): Promise<boolean> {
    const buffer = this.enter(name, perms.__X);
    return this.#onRow(buffer, id, "base", perms.__X, () => buffer.delete(id));
  }

  /** Makes a row, under a new id where none is given. */
  async push(name: string, id: string | undefined, data: JsonObject): Promise<string> {
    const buffer = this.enter(name, perms._W_);
    if (id !== undefined) {
      await this.#onRow(buffer, id, "view", perms._W_, () => buffer.insert(id, data));
      return id;
    }
    const fresh = crypto.randomUUID();
    buffer.learn(fresh, "absent");
    await this.#onRow(buffer, fresh, "nothing", perms._W_, () => buffer.insert(fresh, data));
    return fresh;
  }

  /** Forgets what was written: the call has failed. */
  forgetWrites(): void {
    this.log = new WriteLog();
    this.turns = new Turns();
  }

  /** Forgets what was read: it was compared. */
  forgetReads(): void {
    this.#buffers.clear();
    this.predicates = [];
    this.reads = 0;
    this.#held = 0;
  }

  /** Makes sure that of all rows that the call has written it is known whether they were there. */
  async knowWritten(buffer: TableBuffer, permission: number): Promise<void> {
    await Promise.all(buffer.writtenBlindly().map((id) => this.#load(buffer, id, permission)));
  }

  /** Keeps the rows that a query has read, so that they need not be read again to be changed. */
  remember(buffer: TableBuffer, newest: bigint, found: Iterable<{ id: string; stored: Stored }>): void {
    for (const { id, stored } of found) {
      const known = buffer.base(id);
      if (known === undefined) {
        if (this.#held >= MAX_REMEMBERED) continue;
        this.#held += stored.size;
        buffer.learn(id, stored);
      } else if (typeof known === "string" || known.version !== stored.version || known.txid !== stored.txid) {
        this.stale = true;
      }
    }
    this.reads += 1;
    this.context.saw?.(newest);
  }

  /** Acts on a row once what is needed is known, after the operations on it that wait already. */
  async #onRow<Result>(buffer: TableBuffer, id: string, need: Need, permission: number, act: () => Result): Promise<Result> {
    const { name } = buffer.table;
    if (!this.turns.has(name, id) && isKnown(buffer, id, need)) return this.#checked(act);
    return this.turns.take(name, id, async () => {
      if (!isKnown(buffer, id, need)) await this.#load(buffer, id, permission);
      return this.#checked(act);
    });
  }

  #checked<Result>(act: () => Result): Result {
    const done = act();
    if (this.log.size > MAX_WRITTEN) throw invalid("writes", `expected at most ${MAX_WRITTEN >> 20} MB in a call`);
    return done;
  }

  /** Asks the store for a row, together with others that are asked for at the same moment. */
  #load(buffer: TableBuffer, id: string, permission: number): Promise<void> {
    const key = `${buffer.table.name} ${permission}`;
    let batch = this.#batches.get(key);
    if (batch === undefined) {
      const ids = new Set<string>();
      const done = Promise.resolve().then(() => {
        this.#batches.delete(key);
        return this.#fetch(buffer, [...ids], permission);
      });
      batch = { ids, done };
      this.#batches.set(key, batch);
    }
    batch.ids.add(id);
    return batch.done;
  }

  async #fetch(buffer: TableBuffer, ids: string[], permission: number): Promise<void> {
    const { found, newest } = await this.store.get(buffer.table, ids, permission);
    this.reads += 1;
    this.context.saw?.(newest);
    for (const [id, base] of found) {
      if (typeof base === "object") this.#held += base.size;
      buffer.learn(id, base);
    }
    for (const id of ids) buffer.learn(id, "absent");
    if (this.#held > MAX_HELD) throw invalid("reads", `expected at most ${MAX_HELD >> 20} MB of rows in a call`);
  }
}

/** A row as the application sees it. */
export function shown({ name, primaryKey, codec }: Table, id: string, data: JsonObject): object {
  try {
    return codec.read({ [primaryKey]: id, ...data, [primaryKey]: id });
  } catch (error) {
    // It was written by an earlier version, or by somebody else.
    throw new Error(`A row of ${name} is not of its type: ${(error as Error).message}`);
  }
}

function isKnown(buffer: TableBuffer, id: string, need: Need): boolean {
  if (need === "nothing") return true;
  const view: View | Base | undefined = need === "view" ? buffer.view(id) : buffer.base(id);
  return view !== undefined && view !== "unknown";
}

function operationOf(need: number): "read" | "write" | "delete" {
  if (need === perms.R__) return "read";
  return need === perms._W_ ? "write" : "delete";
}

const OVER = "The call has ended, and its transaction with it: take tables from env.storage before";
const MAX_WRITTEN = 16 << 20;
/** Characters of rows that a call may hold. */
const MAX_HELD = 64 << 20;
/** Characters of rows that queries may leave behind for operations to come. */
const MAX_REMEMBERED = 8 << 20;
