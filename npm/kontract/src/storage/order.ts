import { decodeBase64, encodeBase64 } from "../base64.js";
import type { JsonObject } from "../runtime/rows.js";
import { compareScalars } from "./conditions.js";
import { classOf, type Table } from "./tables.js";
import { invalid } from "./values.js";

/** Which rows come first. Rows without a value come first, too. */
export interface Order {
  /** undefined: the order of insertion. An empty name is the row's key. */
  readonly field: string | undefined;
  readonly class: "text" | "number" | "bigint";
  readonly descending: boolean;
}

/** Where a row stands. */
export interface Place {
  /** What its field is compared by; undefined for a row without a value. */
  readonly key: Key | undefined;
  /** Decides between equal values. */
  readonly order: bigint;
}

type Key = string | number | bigint;

/** The order of insertion, forwards or backwards. */
export function insertionOrder(descending: boolean): Order {
  return { field: undefined, class: "text", descending };
}

/** Reads the `orderBy` option; insertion order when there is none. */
export function readOrder(table: Table, orderBy: unknown): Order {
  const { field, direction } = parseOrder(orderBy);
  const descending = direction === "desc";
  if (field === INSERTION) return insertionOrder(descending);
  if (field === table.primaryKey) return { field: KEY, class: "text", descending };
  const kind = classOf(table, field);
  if (kind !== "text" && kind !== "number" && kind !== "bigint") {
    throw invalid("orderBy", `expected _order, or a field of ${table.name} with text, numbers, dates or booleans`);
  }
  return { field, class: kind, descending };
}

/** Negative when `left` comes first. */
export function comparePlaces({ descending }: Order, left: Place, right: Place): number {
  const ascending = compareKeys(left.key, right.key) || compareScalars(left.order, right.order);
  return descending ? -ascending : ascending;
}

/** Where a row with these fields stands. */
export function placeOf(order: Order, id: string, row: JsonObject, insertion: bigint): Place {
  if (order.field === undefined) return { key: undefined, order: insertion };
  if (order.field === KEY) return { key: id, order: insertion };
  const value = Object.hasOwn(row, order.field) ? row[order.field] : undefined;
  if (value === undefined || value === null) return { key: undefined, order: insertion };
  return placeOfKey(order, typeof value === "object" ? JSON.stringify(value) : String(value), insertion);
}

/** Where a row stands that PostgreSQL sorted by `key`. */
export function placeOfKey(order: Order, key: string | null, insertion: bigint): Place {
  return { key: key === null || order.field === undefined ? undefined : readKey(order, key), order: insertion };
}

/** A place as text that a client may keep. */
export function encodeCursor(order: Order, place: Place): string {
  const [field, direction] = names(order);
  const key = place.key === undefined ? null : String(place.key);
  // A place may be greater than the numbers of JavaScript can tell apart.
  const parts = [field, direction, key].map((part) => JSON.stringify(part));
  return encodeBase64(new TextEncoder().encode(`[${parts.join(",")},${place.order}]`));
}

/** The place that a cursor names. The text may come from anyone. */
export function decodeCursor(order: Order, cursor: unknown): Place {
  const [field, direction, key, insertion] = parseCursor(cursor);
  if (field !== names(order)[0] || direction !== names(order)[1]) {
    throw invalid("cursor", "expected the orderBy that it was made with");
  }
  const place = placeOfKey(order, key, insertion);
  if ((place.key === undefined) !== (key === null) || key?.includes("\0")) throw unknownCursor();
  return place;
}

function parseOrder(orderBy: unknown): { field: string; direction: "asc" | "desc" } {
  if (orderBy === undefined) return { field: INSERTION, direction: "asc" };
  if (typeof orderBy === "string") return { field: orderBy, direction: "asc" };
  const entries = typeof orderBy === "object" && orderBy !== null ? Object.entries(orderBy) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1 || (entry[1] !== "asc" && entry[1] !== "desc")) {
    throw invalid("orderBy", "expected a field, or { field: 'asc' | 'desc' } with one field");
  }
  return { field: entry[0], direction: entry[1] };
}

function parseCursor(cursor: unknown): [field: string, direction: string, key: string | null, insertion: bigint] {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(decodeBase64(cursor as string));
    const [, head, digits = ""] = /^(\[.*),(-?\d{1,19})\]$/s.exec(text) ?? [];
    const [field, direction, key, ...rest] = JSON.parse(`${head}]`) as unknown[];
    const insertion = BigInt(digits);
    const isPlace = typeof field === "string" && typeof direction === "string" && rest.length === 0;
    if (isPlace && (typeof key === "string" || key === null) && BigInt.asIntN(64, insertion) === insertion) {
      return [field, direction, key, insertion];
    }
  } catch {
    // Told below, in the same words.
  }
  throw unknownCursor();
}

function names({ field, descending }: Order): [field: string, direction: string] {
  return [field ?? INSERTION, descending ? "desc" : "asc"];
}

function readKey(order: Order, text: string): Key | undefined {
  if (order.class === "text") return text;
  if (order.class === "bigint") return /^-?\d{1,38}$/.test(text) ? BigInt(text) : undefined;
  const number = text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/** Of one class, unless a cursor was forged: then neither comes first. */
function compareKeys(left: Key | undefined, right: Key | undefined): number {
  if (left === undefined || right === undefined) return Number(left !== undefined) - Number(right !== undefined);
  return compareScalars(left, right);
}

function unknownCursor(): Error {
  return invalid("cursor", "expected the cursor of an earlier query");
}

const INSERTION = "_order";
const KEY = "";
