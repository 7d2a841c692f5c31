import { CodecError } from "./errors.js";
import * as expected from "./expected.js";
import { enter, fail, refuse, type Segment, type State } from "./path.js";

/**
 * Reads FlatBuffers from whoever sent them: every offset is checked against the
 * buffer, and what is visited may not come to more than a few times its length,
 * so that offsets that share a target multiply nothing.
 */
export class Reader implements State {
  readonly keys: Segment[] = [];
  bytes: Uint8Array = NOTHING;
  view: DataView = NO_VIEW;
  /** Bytes that may still be visited. */
  left = 0;
  /** Of the table entered last: where its vtable is and ends, and its own end. */
  vtable = 0;
  entries = 0;
  end = 0;
  /** Of the vector entered last. */
  count = 0;
  /** Unknown fields are a newer server's, and fields without read permission nobody's. */
  response = false;
  /** A stretch of the bytes, each as a character, and where it begins and ends. */
  text = "";
  textStart = 0;
  textEnd = 0;

  open(bytes: Uint8Array, response: boolean): void {
    const { buffer, byteOffset, byteLength } = bytes;
    // A Buffer's `slice` would share its memory.
    this.bytes = bytes.constructor === Uint8Array ? bytes : new Uint8Array(buffer, byteOffset, byteLength);
    this.view = new DataView(buffer, byteOffset, byteLength);
    this.left = 4 * byteLength + 1024;
    this.response = response;
    this.textEnd = 0;
  }

  /** Holds on to nothing. */
  close(): void {
    this.bytes = NOTHING;
    this.view = NO_VIEW;
    this.text = "";
  }
}

const NOTHING = /* @__PURE__ */ new Uint8Array(0);
const NO_VIEW = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(0));

/** A value: what `read` finds behind the root of the name `root`. */
export function decode<T>(
  root: "args" | "result",
  bytes: Uint8Array,
  read: (r: Reader, at: number, depth: number, key: Segment) => T,
): T {
  // No code but a decoder's own runs in between: one reader is enough.
  const r = (reader ??= new Reader());
  r.open(bytes, root === "result");
  r.keys[0] = root;
  try {
    if (r.bytes.length < 4) malformed(r, 0, root);
    return read(r, ROOT, 0, root);
  } catch (error) {
    // The view's own check, where a field lies beyond the end.
    if (error instanceof RangeError) throw new CodecError(root, MALFORMED);
    throw error;
  } finally {
    r.close();
  }
}

let reader: Reader | undefined;

export function malformed(r: Reader, d: number, key: Segment): never {
  refuse(r, d, key, MALFORMED);
}

function visit(r: Reader, bytes: number, d: number, key: Segment): void {
  r.left -= bytes;
  if (r.left < 0) malformed(r, d, key);
}

/** The target of the offset at `at`, with at least 4 bytes behind it. */
function target(r: Reader, at: number, d: number, key: Segment): number {
  const place = (at === ROOT ? 0 : at) + r.view.getUint32(at === ROOT ? 0 : at, true);
  if (place > r.bytes.length - 4) malformed(r, d, key);
  return place;
}

/** Enters the container at `key`, a table. */
export function openTable(r: Reader, at: number, d: number, key: Segment): number {
  enter(r, d, key);
  if (at === 0) fail(r, d, key, expected.OBJECT);
  return findTable(r, at, d, key);
}

/** The table that the offset at `at` leads to; leaves its vtable in the reader. */
export function findTable(r: Reader, at: number, d: number, key: Segment): number {
  const place = target(r, at, d, key);
  const vtable = place - r.view.getInt32(place, true);
  if (vtable < 0 || vtable > r.bytes.length - 4) malformed(r, d, key);
  const entries = r.view.getUint16(vtable, true);
  const size = r.view.getUint16(vtable + 2, true);
  if (
    entries < 4 ||
    (entries & 1) !== 0 ||
    size < 4 ||
    vtable + entries > r.bytes.length ||
    place + size > r.bytes.length
  ) {
    malformed(r, d, key);
  }
  visit(r, size + 4, d, key);
  r.vtable = vtable;
  r.entries = entries;
  r.end = size;
  return place;
}

/** Where the field is whose offset stands at `entry` of the vtable; 0 where it is absent. */
export function cell(
  r: Reader,
  table: number,
  vtable: number,
  entries: number,
  size: number,
  entry: number,
): number {
  if (entry >= entries) return 0;
  const offset = r.view.getUint16(vtable + entry, true);
  if (offset === 0) return 0;
  if (offset < 4 || offset >= size) malformed(r, 0, r.keys[0]);
  return table + offset;
}

/** Nobody sends a server fields that it does not know: its clients are as old as it, or older. */
export function closed(r: Reader, vtable: number, entries: number, known: number, d: number): void {
  if (r.response) return;
  for (let entry = known; entry < entries; entry += 2) {
    if (r.view.getUint16(vtable + entry, true) !== 0) {
      refuse(r, d, undefined, "a field that is not known here");
    }
  }
}

/** undefined or null, as the byte at `at` says; nothing else may stand for the value. */
export function getState(
  r: Reader,
  at: number,
  value: number,
  admitted: number,
  d: number,
  key: Segment,
): undefined | null {
  if (at === 0) fail(r, d, key, expected.ADMITTED[admitted] as string);
  const state = r.view.getUint8(at);
  if (value !== 0 || (state & admitted) !== state || (state !== 1 && state !== 2)) {
    malformed(r, d, key);
  }
  return state === 1 ? undefined : null;
}

/** Enters the container at `key`, a vector of elements of `size` bytes: where the first one is. */
export function openVector(
  r: Reader,
  at: number,
  size: number,
  d: number,
  key: Segment,
  what: string = expected.ARRAY,
): number {
  enter(r, d, key);
  if (at === 0) fail(r, d, key, what);
  return findVector(r, at, size, d, key);
}

/** The vector that the offset at `at` leads to; leaves its count in the reader. */
export function findVector(r: Reader, at: number, size: number, d: number, key: Segment): number {
  const place = target(r, at, d, key);
  const count = r.view.getUint32(place, true);
  if (count * size > r.bytes.length - 4 - place) malformed(r, d, key);
  visit(r, count * size + 4, d, key);
  r.count = count;
  return place + 4;
}

export function getString(r: Reader, at: number, d: number, key: Segment): string {
  if (at === 0) fail(r, d, key, expected.STRING);
  const first = findVector(r, at, 1, d, key);
  const length = r.count;
  if (length > MEDIUM || !isAscii(r.view, first, length)) return getText(r, first, length, d, key);
  const end = first + length;
  if (first < r.textStart || end > r.textEnd) stretch(r, first);
  return r.text.substring(first - r.textStart, end - r.textStart);
}

/**
 * Makes characters of the bytes from `first` on: many strings for the price of one call.
 * No more than some hundred, since a string may keep all it was cut from.
 */
function stretch(r: Reader, first: number): void {
  const end = Math.min(first + STRETCH, r.bytes.length);
  r.text =
    latin1 === undefined
      ? byteDecoder().decode(r.bytes.subarray(first, end))
      : latin1.call(r.bytes, first, end);
  r.textStart = first;
  r.textEnd = end;
}

function getText(r: Reader, first: number, length: number, d: number, key: Segment): string {
  let text: string;
  try {
    text = decoder().decode(r.bytes.subarray(first, first + length));
  } catch {
    return fail(r, d, key, expected.TEXT);
  }
  if (text.includes("\0")) fail(r, d, key, expected.TEXT);
  return text;
}

/** Without U+0000, too. */
function isAscii(view: DataView, first: number, length: number): boolean {
  const end = first + length;
  let i = first;
  for (; i + 4 <= end; i += 4) {
    const four = view.getInt32(i, true);
    // A byte of 0 borrows from the bit above it.
    if (((four | ((four - 0x0101_0101) & ~four)) & 0x8080_8080) !== 0) return false;
  }
  for (; i < end; i++) {
    const c = view.getUint8(i);
    if (c > 0x7f || c === 0) return false;
  }
  return true;
}

/** In Node, where it costs half of what a `TextDecoder` does. */
const latin1 = /* @__PURE__ */ latin1Slice();

function latin1Slice(): ((this: Uint8Array, start: number, end: number) => string) | undefined {
  const buffer = (globalThis as { Buffer?: { prototype?: { latin1Slice?: unknown } } }).Buffer;
  const slice = buffer?.prototype?.latin1Slice;
  return typeof slice === "function" ? (slice as never) : undefined;
}

let textDecoder: InstanceType<typeof TextDecoder> | undefined;

function decoder(): InstanceType<typeof TextDecoder> {
  return (textDecoder ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }));
}

let windows1252: InstanceType<typeof TextDecoder> | undefined;

/** A character for each byte; those below 0x80 are ASCII. */
function byteDecoder(): InstanceType<typeof TextDecoder> {
  return (windows1252 ??= new TextDecoder("windows-1252"));
}

export function getBoolean(r: Reader, at: number, d: number, key: Segment): boolean {
  if (at === 0) fail(r, d, key, expected.BOOLEAN);
  const byte = r.view.getUint8(at);
  if (byte > 1) fail(r, d, key, expected.BOOLEAN);
  return byte === 1;
}

export function getFloat64(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.NUMBER);
  return r.view.getFloat64(at, true);
}

export function getFloat32(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.FLOAT32);
  return r.view.getFloat32(at, true);
}

export function getInt8(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.INT8);
  return r.view.getInt8(at);
}

export function getInt16(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.INT16);
  return r.view.getInt16(at, true);
}

export function getInt32(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.INT32);
  return r.view.getInt32(at, true);
}

export function getInt64(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.INT64);
  const x = getLong(r, at);
  if (!Number.isSafeInteger(x)) fail(r, d, key, expected.INT64);
  return x;
}

export function getUint8(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.UINT8);
  return r.view.getUint8(at);
}

export function getUint16(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.UINT16);
  return r.view.getUint16(at, true);
}

export function getUint32(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.UINT32);
  return r.view.getUint32(at, true);
}

export function getUint64(r: Reader, at: number, d: number, key: Segment): number {
  if (at === 0) fail(r, d, key, expected.UINT64);
  const x = getLong(r, at);
  if (!Number.isSafeInteger(x) || x < 0) fail(r, d, key, expected.UINT64);
  return x;
}

/** Exact where it is a safe integer, and none where it is not. */
function getLong(r: Reader, at: number): number {
  return r.view.getInt32(at + 4, true) * 0x1_0000_0000 + r.view.getUint32(at, true);
}

export function getBigInt64(r: Reader, at: number, d: number, key: Segment): bigint {
  if (at === 0) fail(r, d, key, expected.BIGINT);
  return r.view.getBigInt64(at, true);
}

export function getBigUint64(r: Reader, at: number, d: number, key: Segment): bigint {
  if (at === 0) fail(r, d, key, expected.BIGINT);
  return r.view.getBigUint64(at, true);
}

export function getDate(r: Reader, at: number, d: number, key: Segment): Date {
  if (at === 0) fail(r, d, key, expected.DATE);
  const date = new Date(getLong(r, at));
  if (Number.isNaN(date.getTime())) fail(r, d, key, expected.DATE);
  return date;
}

export function getBytes(r: Reader, at: number, d: number, key: Segment): Uint8Array {
  if (at === 0) fail(r, d, key, expected.BYTES);
  const first = findVector(r, at, 1, d, key);
  return r.bytes.slice(first, first + r.count);
}

/** The place of the root's offset: 0 stands for a field that is absent. */
const ROOT = -1;
const MALFORMED = "malformed message";
/** The longest string that is cut from a stretch. */
const MEDIUM = 128;
/** Bytes that are made characters at once. */
const STRETCH = 512;
