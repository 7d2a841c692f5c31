import { perms } from "../perms.js";
import type { QueryOptions, Rows, StoredRecord } from "../types/storage.js";
import type { TableBuffer } from "./buffer.js";
import { type Filter, readFilter } from "./filter.js";
import { comparePlaces, decodeCursor, encodeCursor, insertionOrder, type Order, type Place, placeOf, readOrder } from "./order.js";
import type { Page, Row } from "./store.js";
import { shown, type Transaction } from "./transaction.js";
import { invalid } from "./values.js";

/** A row and where it stands. */
interface Placed extends Row {
  readonly place: Place;
}

/** What is asked of a table. */
interface Question {
  readonly permission: number;
  readonly filter: Filter;
  readonly order: Order;
  readonly limit: number;
  readonly after: Place | undefined;
}

/** Pages of the stored rows, with the call's own writes merged into them. */
class Pages {
  readonly order: Order;
  readonly #transaction: Transaction;
  readonly #buffer: TableBuffer;
  readonly #question: Question;
  // How many rows are still wanted.
  #remaining: number;
  // Stored rows behind this place have not been read.
  #after: Place | undefined;
  // Rows that the call had written when the query began; of these what is stored does not count.
  #hidden: Set<string> | undefined;
  #own: Placed[] = [];
  #done = false;

  constructor(transaction: Transaction, name: string, question: Question) {
    this.#transaction = transaction;
    this.#buffer = transaction.enter(name, question.permission);
    this.#question = question;
    this.order = question.order;
    this.#remaining = question.limit;
    this.#after = question.after;
  }

  /** The next rows; none when there are no more. */
  async next(): Promise<Placed[]> {
    this.#transaction.enter(this.#buffer.table.name, this.#question.permission);
    const hidden = (this.#hidden ??= await this.#start());
    let page: Placed[] = [];
    while (page.length === 0 && !this.#done && this.#remaining > 0) page = await this.#page(hidden);
    page = page.slice(0, this.#remaining);
    this.#remaining -= page.length;
    return page;
  }

  /** Finds among the rows that the call has written those that count. */
  async #start(): Promise<Set<string>> {
    const { filter, permission } = this.#question;
    await this.#transaction.knowWritten(this.#buffer, permission);
    const written = this.#buffer.written();
    for (const [id, row] of written) {
      if (row.data === undefined || !filter.matches(id, row.data)) continue;
      const place = placeOf(this.order, id, row.data, this.#buffer.order(id, row));
      const counts = this.#after === undefined || comparePlaces(this.order, place, this.#after) > 0;
      if (counts) this.#own.push({ id, data: row.data, place });
    }
    this.#own.sort((left, right) => comparePlaces(this.order, left.place, right.place));
    return new Set(written.map(([id]) => id));
  }

  async #page(hidden: ReadonlySet<string>): Promise<Placed[]> {
    const take = Math.min(this.#remaining + hidden.size, PAGE);
    const stored = await this.#read(take);
    this.#done = stored.length < take;
    this.#after = stored.at(-1)?.place ?? this.#after;
    const merged: Placed[] = [];
    for (const row of stored) {
      const before = this.#own.findIndex(({ place }) => comparePlaces(this.order, place, row.place) >= 0);
      merged.push(...this.#own.splice(0, before === -1 ? this.#own.length : before));
      if (!hidden.has(row.id)) merged.push(row);
    }
    if (this.#done) merged.push(...this.#own.splice(0));
    return merged;
  }

  /** Reads a page of the stored rows and remembers what it was. */
  async #read(take: number): Promise<Placed[]> {
    const { table } = this.#buffer;
    const { filter, order, permission } = this.#question;
    const page: Page = { filter, order, after: this.#after, take, permission };
    const { rows, newest, told } = await this.#transaction.store.query(table, page);
    this.#transaction.remember(this.#buffer, newest, rows);
    this.#transaction.predicates.push({ table, kind: "query", page, told });
    return rows;
  }
}

/** The rows of a query, as they were when the first of them was asked for. */
export class TableRows<T> implements Rows<T> {
  readonly #open: () => Pages;
  readonly #transaction: Transaction;
  readonly #name: string;
  #pages: Pages | undefined;
  #page: Placed[] = [];
  #position = 0;
  #loading: Promise<void> | undefined;
  #ended = false;
  #last: Placed | undefined;

  constructor(transaction: Transaction, name: string, filter: unknown, options: QueryOptions<StoredRecord> = {}) {
    this.#transaction = transaction;
    this.#name = name;
    this.#open = () => {
      const { table } = transaction.enter(name, perms.R__);
      const order = readOrder(table, options.orderBy);
      return new Pages(transaction, name, {
        permission: perms.R__,
        filter: readFilter(table, filter),
        order,
        limit: parseLimit(options.limit),
        after: options.cursor == null ? undefined : decodeCursor(order, options.cursor),
      });
    };
  }

  get cursor(): string | null {
    return this.#pages === undefined || this.#last === undefined ? null : encodeCursor(this.#pages.order, this.#last.place);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    const { table } = this.#transaction.enter(this.#name, perms.R__);
    while (this.#position === this.#page.length && !this.#ended) await (this.#loading ??= this.#load());
    if (this.#ended) return { done: true, value: undefined };
    const row = this.#page[this.#position] as Placed;
    this.#position += 1;
    this.#last = row;
    return { done: false, value: shown(table, row.id, row.data) as T };
  }

  async return(): Promise<IteratorResult<T>> {
    this.#end();
    return { done: true, value: undefined };
  }

  async #load(): Promise<void> {
    try {
      if (this.#pages === undefined) {
        this.#pages = this.#open();
        await this.#transaction.turns.under(this.#name);
      }
      const page = await this.#pages.next();
      if (page.length === 0) this.#end();
      else this.#page = page;
      this.#position = 0;
    } finally {
      this.#loading = undefined;
    }
  }

  #end(): void {
    this.#ended = true;
    this.#page = [];
    this.#position = 0;
  }
}

/** How many rows a filter finds. */
export async function countRows(transaction: Transaction, name: string, given: unknown): Promise<number> {
  const buffer = transaction.enter(name, perms.R__);
  const filter = readFilter(buffer.table, given);
  await transaction.turns.under(name);
  await transaction.knowWritten(buffer, perms.R__);
  const { count, newest, told } = await transaction.store.count(buffer.table, filter);
  transaction.remember(buffer, newest, []);
  transaction.predicates.push({ table: buffer.table, kind: "count", filter, told });
  return count + buffer.countOwn(filter.matches);
}

/** How many rows are wanted at most. */
function parseLimit(limit: unknown): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 0) {
    throw invalid("limit", "expected a whole number, not negative");
  }
  return limit;
}

/** Takes the first row away in the order of insertion, or the last. */
export async function takeRow(transaction: Transaction, name: string, last: boolean): Promise<Row | null> {
  const buffer = transaction.enter(name, perms.__X);
  const before = transaction.turns.under(name);
  // Of two at the same time the second sees what the first has left.
  return transaction.turns.take(name, TAKING, async () => {
    await before;
    const pages = new Pages(transaction, name, {
      permission: perms.__X,
      filter: readFilter(buffer.table, {}),
      order: insertionOrder(last),
      limit: 1,
      after: undefined,
    });
    const [found] = await pages.next();
    if (found === undefined) return null;
    await transaction.delete(name, found.id);
    return found;
  });
}

const PAGE = 500;
/** No row's id: those have no NUL. */
const TAKING = "\0";
