import { decodeBase64, encodeBase64 } from "../base64.js";
import { compareScalars } from "./filter.js";
import { invalid } from "./values.js";

/** Which rows come first. */
export interface Order {
  field: string;
  direction: "asc" | "desc";
}

/** A row's place in an order. `seq` decides between equal values. */
export interface Place {
  /** No value (null, absent), text, numbers, booleans, dates, everything else: in this order. */
  rank: number;
  value: string | number;
  seq: number;
}

/** Reads the `orderBy` option; insertion order when there is none. */
export function parseOrder(orderBy: unknown): Order {
  if (orderBy === undefined) return { field: "_order", direction: "asc" };
  if (typeof orderBy === "string") return { field: orderBy, direction: "asc" };
  const entries = typeof orderBy === "object" && orderBy !== null ? Object.entries(orderBy) : [];
  const [entry] = entries;
  if (entry === undefined || entries.length !== 1 || (entry[1] !== "asc" && entry[1] !== "desc")) {
    throw invalid("orderBy", "expected a field, or { field: 'asc' | 'desc' } with one field");
  }
  return { field: entry[0], direction: entry[1] };
}

/** Where a row stands. */
export function placeOf(order: Order, row: Readonly<Record<string, unknown>>, seq: number): Place {
  if (order.field === "_order") return { rank: 0, value: 0, seq };
  const field = Object.hasOwn(row, order.field) ? row[order.field] : undefined;
  return { ...comparable(field), seq };
}

/** Negative when `left` comes first. */
export function comparePlaces({ direction }: Order, left: Place, right: Place): number {
  const ascending =
    // Of one rank, hence of one type, unless a cursor was forged: then neither comes first.
    left.rank - right.rank || compareScalars(left.value, right.value) || left.seq - right.seq;
  return direction === "asc" ? ascending : -ascending;
}

/** A place as text that a client may keep. */
export function encodeCursor(order: Order, place: Place): string {
  const text = JSON.stringify([order.field, order.direction, place.rank, place.value, place.seq]);
  return encodeBase64(new TextEncoder().encode(text));
}

/** The place a cursor names. The text may come from anyone. */
export function decodeCursor(order: Order, cursor: unknown): Place {
  const parts = parseCursor(cursor);
  if (!Array.isArray(parts) || parts.length !== 5) throw badCursor();
  const [field, direction, rank, value, seq] = parts as unknown[];
  if (field !== order.field || direction !== order.direction) {
    throw invalid("cursor", "expected the orderBy that it was made with");
  }
  if (typeof rank !== "number" || typeof seq !== "number") throw badCursor();
  if (typeof value !== "string" && typeof value !== "number") throw badCursor();
  return { rank, value, seq };
}

function parseCursor(cursor: unknown): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(decodeBase64(String(cursor))));
  } catch {
    throw badCursor();
  }
}

function badCursor(): Error {
  return invalid("cursor", "expected the cursor of an earlier query");
}

function comparable(value: unknown): Omit<Place, "seq"> {
  if (value === null || value === undefined) return { rank: 0, value: 0 };
  if (typeof value === "string") return { rank: 1, value };
  if (typeof value === "bigint") return { rank: 2, value: Number(value) };
  if (typeof value === "number" && !Number.isNaN(value)) return { rank: 2, value };
  if (typeof value === "boolean") return { rank: 3, value: Number(value) };
  if (value instanceof Date && !Number.isNaN(value.getTime())) return { rank: 4, value: value.getTime() };
  return { rank: 5, value: 0 };
}

