import { decodeBase64, encodeBase64 } from "../base64.js";
import * as expected from "./expected.js";
import { holdsPrototype } from "./flex-format.js";
import { isBuiltin, isBytes, isMap, isSet, timeOf } from "./kinds.js";
import { MAX_DEPTH, enter, fail, refuse, type Segment, type State } from "./path.js";
import { isFloat32, isWellFormed } from "./writer.js";

/** A value on its way from or to JSON: `read…` takes what `JSON.parse` gave, `write…` gives what `JSON.stringify` takes. */
export class Json implements State {
  readonly keys: Segment[] = [];
  /** Fields without read permission are left out. */
  readonly response: boolean;

  constructor(response: boolean) {
    this.response = response;
  }
}

/** What `convert` makes of the value at the root of the name `root`. */
export function json<T>(
  root: "args" | "result",
  value: unknown,
  convert: (c: Json, value: unknown, depth: number, key: Segment) => T,
): T {
  return convert(new Json(root === "result"), value, 0, root);
}

/** Enters the container at `key`, an object. */
export function openObject(s: State, x: unknown, d: number, key: Segment): void {
  enter(s, d, key);
  if (typeof x !== "object" || x === null || Array.isArray(x)) fail(s, d, key, expected.OBJECT);
  // Instances of users' classes travel by their fields; these have none that say what they are.
  const prototype: unknown = Object.getPrototypeOf(x);
  if (prototype !== Object.prototype && isBuiltin(x)) fail(s, d, key, expected.OBJECT);
}

/** Enters the container at `key`, an array. */
export function openArray(s: State, x: unknown, d: number, key: Segment): void {
  enter(s, d, key);
  if (!Array.isArray(x)) fail(s, d, key, expected.ARRAY);
}

/** Enters the container at `key`, an array of at most `most` elements. */
export function openTuple(s: State, x: unknown, most: number, d: number, key: Segment): void {
  openArray(s, x, d, key);
  if ((x as unknown[]).length > most) fail(s, d, key, expected.atMost(most));
}

export function openMap(s: State, x: unknown, d: number, key: Segment): void {
  enter(s, d, key);
  if (!isMap(x)) fail(s, d, key, expected.MAP);
}

export function openSet(s: State, x: unknown, d: number, key: Segment): void {
  enter(s, d, key);
  if (!isSet(x)) fail(s, d, key, expected.SET);
}

/** Enters the container at `key`, the entries of a map. */
export function openPairs(s: State, x: unknown, d: number, key: Segment): void {
  enter(s, d, key);
  if (!Array.isArray(x)) fail(s, d, key, expected.PAIRS);
}

export function openPair(s: State, x: unknown, d: number, key: Segment): void {
  if (!Array.isArray(x) || x.length !== 2) fail(s, d, key, expected.PAIR);
}

/** The keys of an object beside the declared ones; those with undefined are as good as absent. */
export function restKeys(
  s: State,
  x: object,
  declared: ReadonlySet<string>,
  keepsUndefined: boolean,
  d: number,
): string[] {
  return Object.keys(x).filter((key) => {
    if (key === "__proto__") refuse(s, d, key, NOT_ALLOWED);
    return !declared.has(key) && (keepsUndefined || (x as { [key: string]: unknown })[key] !== undefined);
  });
}

/** A key that was read, beside the declared ones and those that were there before. */
export function restKey(
  s: State,
  x: object,
  key: string,
  declared: ReadonlySet<string>,
  d: number,
): string {
  if (key === "__proto__" || declared.has(key) || Object.hasOwn(x, key)) {
    refuse(s, d, key, NOT_ALLOWED);
  }
  return key;
}

/** In JSON, a property that is not declared is a mistake. */
export function onlyDeclared(s: State, x: object, declared: ReadonlySet<string>, d: number): void {
  for (const key of Object.keys(x)) {
    if (!declared.has(key)) refuse(s, d, key, "unexpected property");
  }
}

export function checkString(s: State, x: unknown, d: number, key: Segment): string {
  if (typeof x !== "string") fail(s, d, key, expected.STRING);
  if (!isText(x)) fail(s, d, key, expected.TEXT);
  return x;
}

export function isText(x: string): boolean {
  return isWellFormed(x) && !x.includes("\0");
}

export function checkBoolean(s: State, x: unknown, d: number, key: Segment): boolean {
  if (typeof x !== "boolean") fail(s, d, key, expected.BOOLEAN);
  return x;
}

export function checkFloat64(s: State, x: unknown, d: number, key: Segment): number {
  if (typeof x !== "number") fail(s, d, key, expected.NUMBER);
  if (!Number.isFinite(x)) fail(s, d, key, expected.FINITE);
  return x;
}

export function checkFloat32(s: State, x: unknown, d: number, key: Segment): number {
  if (typeof x !== "number" || !isFloat32(x)) fail(s, d, key, expected.FLOAT32);
  if (!Number.isFinite(x)) fail(s, d, key, expected.FINITE);
  return Math.fround(x);
}

export function checkInt8(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, -0x80, 0x7f, expected.INT8, d, key);
}

export function checkInt16(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, -0x8000, 0x7fff, expected.INT16, d, key);
}

export function checkInt32(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, -0x8000_0000, 0x7fff_ffff, expected.INT32, d, key);
}

export function checkInt64(s: State, x: unknown, d: number, key: Segment): number {
  const { MIN_SAFE_INTEGER, MAX_SAFE_INTEGER } = Number;
  return integer(s, x, MIN_SAFE_INTEGER, MAX_SAFE_INTEGER, expected.INT64, d, key);
}

export function checkUint8(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, 0, 0xff, expected.UINT8, d, key);
}

export function checkUint16(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, 0, 0xffff, expected.UINT16, d, key);
}

export function checkUint32(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, 0, 0xffff_ffff, expected.UINT32, d, key);
}

export function checkUint64(s: State, x: unknown, d: number, key: Segment): number {
  return integer(s, x, 0, Number.MAX_SAFE_INTEGER, expected.UINT64, d, key);
}

function integer(
  s: State,
  x: unknown,
  least: number,
  most: number,
  what: string,
  d: number,
  key: Segment,
): number {
  if (!Number.isInteger(x) || (x as number) < least || (x as number) > most) fail(s, d, key, what);
  // -0 is no integer of its own.
  return (x as number) + 0;
}

export function readBigInt64(s: State, x: unknown, d: number, key: Segment): bigint {
  const value = decimal(s, x, d, key);
  if (BigInt.asIntN(64, value) !== value) fail(s, d, key, expected.BIG_INT64);
  return value;
}

export function readBigUint64(s: State, x: unknown, d: number, key: Segment): bigint {
  const value = decimal(s, x, d, key);
  if (BigInt.asUintN(64, value) !== value) fail(s, d, key, expected.BIG_UINT64);
  return value;
}

function decimal(s: State, x: unknown, d: number, key: Segment): bigint {
  if (typeof x !== "string" || !isDecimal(x)) fail(s, d, key, expected.DECIMAL);
  return BigInt(x);
}

/** At most as long as 64 bits are: digits cost a time that grows with their square. */
export function isDecimal(x: string): boolean {
  return DECIMAL.test(x);
}

export function writeBigInt64(s: State, x: unknown, d: number, key: Segment): string {
  if (typeof x !== "bigint") fail(s, d, key, expected.BIGINT);
  if (BigInt.asIntN(64, x) !== x) fail(s, d, key, expected.BIG_INT64);
  return x.toString();
}

export function writeBigUint64(s: State, x: unknown, d: number, key: Segment): string {
  if (typeof x !== "bigint") fail(s, d, key, expected.BIGINT);
  if (BigInt.asUintN(64, x) !== x) fail(s, d, key, expected.BIG_UINT64);
  return x.toString();
}

export function readDate(s: State, x: unknown, d: number, key: Segment): Date {
  const time = typeof x === "string" ? parseDate(x) : Number.NaN;
  if (Number.isNaN(time)) fail(s, d, key, expected.RFC3339);
  return new Date(time);
}

/** Milliseconds, or NaN. Years beyond four digits as ECMAScript writes them. */
export function parseDate(text: string): number {
  const parts = RFC3339.exec(text);
  if (parts === null) return Number.NaN;
  const [, year, month, day] = parts as unknown as [string, string, string, string];
  // `Date.parse` takes the 31st of February for the 3rd of March.
  if (Number(day) > new Date(Date.UTC(2000 + (Number(year) % 400), Number(month), 0)).getUTCDate()) {
    return Number.NaN;
  }
  return Date.parse(text.toUpperCase());
}

export function writeDate(s: State, x: unknown, d: number, key: Segment): string {
  const time = timeOf(x);
  if (Number.isNaN(time)) fail(s, d, key, expected.DATE);
  return new Date(time).toISOString();
}

export function readBytes(s: State, x: unknown, d: number, key: Segment): Uint8Array {
  if (typeof x !== "string" || !isBase64(x)) fail(s, d, key, expected.BASE64);
  return decodeBase64(x);
}

/** With its padding, and with zeros where the last character has bits to spare. */
export function isBase64(x: string): boolean {
  return x.length % 4 === 0 && BASE64.test(x);
}

export function writeBytes(s: State, x: unknown, d: number, key: Segment): string {
  if (!isBytes(x)) fail(s, d, key, expected.BYTES);
  return encodeBase64(x);
}

/** JSON data as it is, once it is known to be nothing else. */
export function readUnknown(s: State, x: unknown, d: number, key: Segment): unknown {
  return plain(s, x, d, key, 0);
}

/** A copy that is JSON data and nothing else. */
export function writeUnknown(s: State, x: unknown, d: number, key: Segment): unknown {
  return plain(s, x, d, key, 0);
}

function plain(s: State, x: unknown, d: number, key: Segment, level: number): unknown {
  switch (typeof x) {
    case "string":
      return checkString(s, x, d, key);
    case "number":
      return checkFloat64(s, x, d, key);
    case "boolean":
      return x;
    case "object": {
      if (x === null) return x;
      if (level >= MAX_DEPTH) refuse(s, d, key, TOO_DEEP);
      s.keys[d] = key;
      if (Array.isArray(x)) {
        const items: unknown[] = [];
        for (let i = 0; i < x.length; i++) items.push(plain(s, x[i], d + 1, i, level + 1));
        return items;
      }
      const prototype: unknown = Object.getPrototypeOf(x);
      if (prototype !== null && Object.getPrototypeOf(prototype) !== null) break;
      const copy: { [key: string]: unknown } = {};
      for (const [name, value] of Object.entries(x)) {
        if (name === "__proto__" || (name === "constructor" && holdsPrototype(value))) {
          refuse(s, d + 1, name, NOT_ALLOWED);
        }
        if (!isText(name)) fail(s, d, key, expected.JSON_DATA);
        if (value !== undefined) copy[name] = plain(s, value, d + 1, name, level + 1);
      }
      return copy;
    }
  }
  return fail(s, d, key, expected.JSON_DATA);
}

const NOT_ALLOWED = "a key that is not allowed";
const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;
const DECIMAL = /^(?:0|-?[1-9][0-9]{0,19})$/;
const RFC3339 =
  /^(\d{4}|[+-]\d{6})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

/** Makes an array `length` long, for a value that stands behind absent ones. */
export function pad(x: unknown[], length: number): void {
  while (x.length < length) x.push(undefined);
}

/** The same in JSON, which has no undefined. */
export function padNull(x: unknown[], length: number): void {
  while (x.length < length) x.push(null);
}

/** A set's or map's elements were counted before their getters ran. */
export function unchanged(s: State, seen: number, counted: number, d: number): void {
  if (seen !== counted) refuse(s, d, undefined, "changed while it was read");
}

/** No element or key came twice. */
export function distinct(s: State, x: { size: number }, count: number, d: number): void {
  if (x.size !== count) fail(s, d, undefined, expected.DISTINCT);
}

/** Whether all properties of an object are declared ones. */
export function hasOnly(x: object, declared: ReadonlySet<string>): boolean {
  return Object.keys(x).every((key) => declared.has(key));
}

export function isDateText(x: unknown): boolean {
  return typeof x === "string" && !Number.isNaN(parseDate(x));
}
