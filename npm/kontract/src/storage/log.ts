import type { JsonObject } from "../runtime/rows.js";
import type { Table } from "./tables.js";

/** `set` makes or replaces, `insert` makes, `update` changes some fields of a row that is there. */
export type Operation = "set" | "insert" | "update" | "delete";

/** One write that the commit applies. */
export interface Write {
  readonly table: Table;
  readonly id: string;
  operation: Operation;
  /** Empty for a deletion. */
  data: JsonObject;
  /** The data as JSON. */
  text: string;
}

/** The writes of a call, in their order, of all tables. */
export class WriteLog {
  /** The characters of ids and data. */
  size = 0;
  /** Rows that the call made. */
  fresh = 0n;
  readonly #writes = new Set<Write>();

  get isEmpty(): boolean {
    return this.#writes.size === 0;
  }

  push(table: Table, operation: Operation, id: string, data: JsonObject): Write {
    const write: Write = { table, operation, id, data, text: JSON.stringify(data) };
    this.size += weight(write);
    this.#writes.add(write);
    return write;
  }

  replace(write: Write, operation: Operation, data: JsonObject): void {
    this.size -= weight(write);
    Object.assign(write, { operation, data, text: JSON.stringify(data) });
    this.size += weight(write);
  }

  remove(write: Write): void {
    if (this.#writes.delete(write)) this.size -= weight(write);
  }

  [Symbol.iterator](): Iterator<Write> {
    return this.#writes.values();
  }
}

function weight({ id, text }: Write): number {
  return id.length + text.length + OVERHEAD;
}

/** What a write weighs besides its texts. */
const OVERHEAD = 64;
