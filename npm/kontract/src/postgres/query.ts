import { parseLimit } from "../memory/rows.js";
import { perms } from "../perms.js";
import type { QueryOptions, Rows, StoredRecord } from "../types/storage.js";
import type { Stored, TableBuffer } from "./buffer.js";
import { ask, toBigInt } from "./client.js";
import { type Filter, readFilter } from "./filter.js";
import { sha256 } from "./key.js";
import { comparePlaces, decodeCursor, encodeCursor, insertionOrder, type Order, type Place, placeOf, placeOfKey, readOrder } from "./order.js";
import { readStored, type Row, shown, type Transaction } from "./transaction.js";

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
  readonly after?: Place;
}

/** Pages of PostgreSQL's rows, with the call's own writes merged into them. */
class Pages {
  readonly order: Order;
  readonly #transaction: Transaction;
  readonly #buffer: TableBuffer;
  readonly #question: Question;
  // How many rows are still wanted.
  #remaining: number;
  // PostgreSQL's rows behind this place have not been read.
  #after: Place | undefined;
  // Rows that the call had written when the query began; of these PostgreSQL's version does not count.
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

  /** Reads a page of PostgreSQL's rows and remembers what it was. */
  async #read(take: number): Promise<Placed[]> {
    const { filter, permission } = this.#question;
    const { name, query } = this.#buffer.table;
    const { field = null, descending } = this.order;
    const after = this.#after?.key === undefined ? null : String(this.#after.key);
    const afterOrder = this.#after?.order.toString() ?? null;
    const params = [this.#transaction.key, filter.form, field, descending, after, afterOrder, take, permission];
    const answers = await ask(this.#transaction.pg, query, params);
    const found: [string, Stored][] = [];
    const page: Placed[] = [];
    let newest = 0n;
    let seen = "";
    for (const answer of answers) {
      newest = toBigInt(answer.xmax);
      if (answer.id === null) continue;
      const id = answer.id as string;
      const stored = readStored(answer);
      seen += `${stored.version}:${stored.txid}:${utf8.encode(id).length}:${id};`;
      found.push([id, stored]);
      page.push({ id, data: stored.data, place: placeOfKey(this.order, answer.sort as string | null, stored.order) });
    }
    this.#transaction.remember(this.#buffer, newest, found);
    this.#transaction.predicates.push({
      t: name,
      kind: "query",
      filter: JSON.parse(filter.form),
      order_by: field,
      descending,
      after,
      after_ord: afterOrder,
      take,
      digest: await sha256(seen),
    });
    return page;
  }
}

/** The rows of a query, as they were when the first of them was asked for. */
export class PostgresRows<T> implements Rows<T> {
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
        ...(options.cursor === undefined ? {} : { after: decodeCursor(order, options.cursor) }),
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
  const [answer] = await ask(transaction.pg, buffer.table.count, [transaction.key, filter.form]);
  if (answer === undefined) throw new Error("PostgreSQL counted nothing");
  transaction.remember(buffer, toBigInt(answer.xmax), []);
  transaction.predicates.push({ t: name, kind: "count", filter: JSON.parse(filter.form), digest: answer.digest as string });
  return Number(answer.n) + buffer.countOwn(filter.matches);
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
    });
    const [found] = await pages.next();
    if (found === undefined) return null;
    await transaction.delete(name, found.id);
    return found;
  });
}

const utf8 = new TextEncoder();
const PAGE = 500;
/** No row's id: those have no NUL. */
const TAKING = "\0";
