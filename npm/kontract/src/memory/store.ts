import type { StorageAccess } from "../runtime/backing.js";
import type { JsonObject } from "../runtime/rows.js";
import type { Base, Stored } from "../storage/buffer.js";
import type { Filter } from "../storage/filter.js";
import { comparePlaces, placeOf } from "../storage/order.js";
import { Changed, type Changes, type Page, type Predicate, type Read, type Row, type Seen, type Store } from "../storage/store.js";
import type { Table } from "../storage/tables.js";
import type { MemoryRow, MemoryRows } from "./rows.js";

/** Tables in memory as a user may reach them: nothing comes between what a method does. */
export class MemoryStore implements Store {
  readonly place: MemoryRows;
  readonly #owner: string;

  constructor(rows: MemoryRows, { owner }: Pick<StorageAccess, "owner">) {
    this.place = rows;
    this.#owner = owner;
  }

  async get(table: Table, ids: readonly string[]): Promise<Seen<{ found: [string, Base][] }>> {
    const found = ids.flatMap((id): [string, Base][] => {
      const row = this.place.of(table).get(id);
      if (row === undefined) return [];
      return [[id, this.#sees(table, row) ? copyOf(row) : "foreign"]];
    });
    return { found, newest: this.place.txid };
  }

  async query(table: Table, page: Page): ReturnType<Store["query"]> {
    const found = this.#page(table, page);
    const rows = found.map(({ id, row, place }) => {
      const stored = copyOf(row);
      return { id, data: stored.data, stored, place };
    });
    return { rows, newest: this.place.txid, told: toldOf(found) };
  }

  async count(table: Table, filter: Filter): ReturnType<Store["count"]> {
    const found = this.#find(table, filter);
    return { count: found.length, newest: this.place.txid, told: toldOf(found) };
  }

  async exec(): Promise<never> {
    throw new Error("exec() needs PostgreSQL: the in-memory storage does not run SQL");
  }

  async take(table: Table, last: boolean): Promise<Seen<Row> | undefined> {
    const visible = [...this.place.of(table)].filter(([, row]) => this.#sees(table, row));
    const [id, row] = visible.at(last ? -1 : 0) ?? [];
    if (id === undefined || row === undefined) return undefined;
    this.place.remove(table, id);
    return { id, data: copyOf(row).data, newest: this.place.txid };
  }

  async commit({ writes, reads, predicates }: Changes): Promise<bigint> {
    if (!reads.every((read) => this.#isSame(read)) || !predicates.every((predicate) => this.#holds(predicate))) throw new Changed();
    if (!writes.isEmpty) this.place.apply([...writes], this.#owner);
    return this.place.txid;
  }

  #sees({ owned }: Table, row: MemoryRow): boolean {
    return !owned || row.owner === this.#owner;
  }

  #find(table: Table, { matches }: Filter): { id: string; row: MemoryRow }[] {
    const found: { id: string; row: MemoryRow }[] = [];
    for (const [id, row] of this.place.of(table)) {
      if (this.#sees(table, row) && matches(id, row.data)) found.push({ id, row });
    }
    return found;
  }

  #page(table: Table, { filter, order, after, take }: Page) {
    return this.#find(table, filter)
      .map(({ id, row }) => ({ id, row, place: placeOf(order, id, row.data, row.order) }))
      .filter(({ place }) => after === undefined || comparePlaces(order, place, after) > 0)
      .sort((left, right) => comparePlaces(order, left.place, right.place))
      .slice(0, take);
  }

  #isSame({ table, id, stored }: Read): boolean {
    const row = this.place.of(table).get(id);
    const seen = row !== undefined && this.#sees(table, row) ? row : undefined;
    return seen?.version === stored?.version && seen?.txid === stored?.txid;
  }

  #holds(predicate: Predicate): boolean {
    const { table } = predicate;
    if (predicate.kind === "exec") return false;
    const found = predicate.kind === "query" ? this.#page(table, predicate.page) : this.#find(table, predicate.filter);
    return toldOf(found) === predicate.told;
  }
}

function copyOf({ version, txid, order, size, text }: MemoryRow): Stored {
  return { version, txid, order, size, data: JSON.parse(text) as JsonObject };
}

function toldOf(found: readonly { id: string; row: MemoryRow }[]): string {
  return JSON.stringify(found.map(({ id, row }) => [id, row.version, String(row.txid)]));
}
