import type { HttpError } from "../errors.js";
import type { JsonObject } from "../runtime/rows.js";
import type { Base, Stored } from "./buffer.js";
import type { Filter } from "./filter.js";
import type { WriteLog } from "./log.js";
import type { Order, Place } from "./order.js";
import type { Table } from "./tables.js";

/** A row with its key beside it. */
export interface Row {
  readonly id: string;
  readonly data: JsonObject;
}

/** A part of a query's rows. */
export interface Page {
  readonly filter: Filter;
  readonly order: Order;
  /** Rows behind this place only. */
  readonly after?: Place | undefined;
  /** At most so many. */
  readonly take: number;
  /** What the session must be permitted. */
  readonly permission: number;
}

/** What a query has told, in words of its store: the commit asks again, and compares. */
export type Predicate = { readonly table: Table; readonly told: string } & (
  | { readonly kind: "query"; readonly page: Page }
  | { readonly kind: "count"; readonly filter: Filter }
  | { readonly kind: "exec"; readonly statement: string; readonly given: readonly unknown[] }
);

/** What was told of a row; neither version nor transaction: there was none. */
export interface Read {
  readonly table: Table;
  readonly id: string;
  readonly stored: Stored | undefined;
}

/** What a transaction comes to: what it wrote, if all that it was told is still so. */
export interface Changes {
  readonly writes: WriteLog;
  readonly reads: readonly Read[];
  readonly predicates: readonly Predicate[];
}

/** An answer, and the newest transaction that it shows. */
export type Seen<Answer> = Answer & { readonly newest: bigint };

/** Tables as one session may reach them. Every method is a moment of its own. */
export interface Store {
  /** Transactions that have failed several times wait for each other where this is the same. */
  readonly place: object;
  /** Rows by their ids; those that are absent are left out. */
  get(table: Table, ids: readonly string[], permission: number): Promise<Seen<{ found: Iterable<[string, Base]> }>>;
  query(table: Table, page: Page): Promise<Seen<{ rows: (Row & { stored: Stored; place: Place })[]; told: string }>>;
  count(table: Table, filter: Filter): Promise<Seen<{ count: number; told: string }>>;
  /** Runs a statement that the compiler has checked; the result is JSON, and what was told. */
  exec(table: Table, statement: string, given: readonly unknown[]): Promise<Seen<{ result: string }>>;
  /** Removes the first row in the order of insertion, or the last, that nobody else is removing. */
  take(table: Table, last: boolean): Promise<Seen<Row> | undefined>;
  /** Compares and applies, once for each claim; gives the transaction's id. Throws {@link Changed}. */
  commit(changes: Changes, claim: string): Promise<bigint>;
}

/** Something that a transaction has been told is not so any more. */
export class Changed extends Error {
  /** What the caller is told if it was for a value that must be unique. */
  readonly taken: HttpError | undefined;

  constructor(taken?: HttpError) {
    super("Changed");
    this.taken = taken;
  }
}
