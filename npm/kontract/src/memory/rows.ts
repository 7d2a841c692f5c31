import type { QueryOptions, Rows, StoredRecord } from "../types/storage.js";
import { matchRows, parseFilter } from "./filter.js";
import { comparePlaces, decodeCursor, encodeCursor, type Order, parseOrder, type Place, placeOf } from "./order.js";
import { invalid, isPlainObject, type RowData } from "./values.js";

/** A row as it is kept. */
export interface StoredRow {
  /** Its place in the order of insertion. */
  readonly seq: number;
  /** The user who made it. */
  readonly owner: string;
  /** Its fields without the key. Replaced as a whole, never changed. */
  readonly data: RowData;
}

/** What a query reads. */
export interface QuerySource {
  filter: object;
  options: QueryOptions<StoredRecord>;
  /** All rows with their key, as they are now. */
  rows(): { seq: number; row: StoredRecord }[];
  /** Throws when the call may not read. */
  allow(): void;
}

/** The rows of a query, as they were when the first of them was asked for. */
export class MemoryRows<T> implements Rows<T> {
  readonly #source: QuerySource;
  #found: { place: Place; row: StoredRecord }[] | undefined;
  #order: Order = { field: "_order", direction: "asc" };
  #position = 0;
  #cursor: string | null = null;

  constructor(source: QuerySource) {
    this.#source = source;
  }

  get cursor(): string | null {
    return this.#cursor;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<T>> {
    this.#source.allow();
    this.#found ??= this.#find();
    const found = this.#found[this.#position];
    if (found === undefined) return { done: true, value: undefined };
    this.#position += 1;
    this.#cursor = encodeCursor(this.#order, found.place);
    return { done: false, value: structuredClone(found.row) as T };
  }

  async return(): Promise<IteratorResult<T>> {
    this.#found = [];
    return { done: true, value: undefined };
  }

  #find(): { place: Place; row: StoredRecord }[] {
    const { filter, options } = this.#source;
    const rows = this.#source.rows();
    const isComposite = (field: string): boolean =>
      rows.some(({ row }) => Object.hasOwn(row, field) && isPlainObject(row[field]));
    const matches = matchRows(parseFilter(filter, isComposite));
    const limit = parseLimit(options.limit);
    const order = parseOrder(options.orderBy);
    const after = options.cursor === undefined ? undefined : decodeCursor(order, options.cursor);
    this.#order = order;
    return rows
      .filter(({ row }) => matches(row))
      .map(({ row, seq }) => ({ row, place: placeOf(order, row, seq) }))
      .filter(({ place }) => after === undefined || comparePlaces(order, place, after) > 0)
      .sort((left, right) => comparePlaces(order, left.place, right.place))
      .slice(0, limit);
  }
}

/** How many rows are wanted at most. */
export function parseLimit(limit: unknown): number {
  if (limit === undefined) return Number.POSITIVE_INFINITY;
  if (typeof limit !== "number" || !Number.isInteger(limit) || limit < 0) {
    throw invalid("limit", "expected a whole number, not negative");
  }
  return limit;
}
