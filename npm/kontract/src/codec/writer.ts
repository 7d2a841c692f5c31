import * as expected from "./expected.js";
import { isBytes, timeOf } from "./kinds.js";
import { fail, refuse, type Segment, type State } from "./path.js";

/**
 * Writes FlatBuffers forwards: a table before what it points to, its vtable behind both.
 *
 * What an encoder leaves out is zero, never another message's bytes. The requests
 * of a client are cut one after another from a slab, nothing of which is written
 * twice. Large ones, and the answers of a server, which go to different users, are
 * copied out of a buffer that is zeroed again: the `buffer` of one must not show those of others.
 */
export class Writer implements State {
  readonly keys: Segment[] = [];
  bytes!: Uint8Array;
  shorts!: Uint16Array;
  ints!: Int32Array;
  doubles!: Float64Array;
  view!: DataView;
  /** Where the message begins. */
  start = 0;
  /** Where the next thing goes. */
  end = 0;
  /** How much there is room for. */
  limit = 0;
  /** Numbers the messages, so that a vtable is shared within one only. */
  message = 0;
  /** Fields without read permission are left out. */
  response = false;

  constructor() {
    this.renew();
  }

  /** A buffer with nothing in it. */
  renew(): void {
    this.end = 0;
    this.take(new Uint8Array(SLAB_BYTES));
  }

  /** Makes room for `needed` bytes, with the message so far at the same place. */
  grow(needed: number): void {
    if (needed > MAX_BYTES) refuse(this, 0, this.keys[0], "too large");
    const size = Math.min(Math.max(2 * this.limit, needed), MAX_BYTES);
    const bytes = new Uint8Array((size + 7) & -8);
    bytes.set(this.bytes.subarray(this.start, this.end), this.start);
    this.take(bytes);
  }

  private take(bytes: Uint8Array): void {
    const { buffer } = bytes;
    this.bytes = bytes;
    this.shorts = new Uint16Array(buffer);
    this.ints = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.view = new DataView(buffer);
    this.limit = bytes.length;
  }
}

/** A message: what `write` makes of the value, from the root of the name `root`. */
export function encode<T>(
  root: "args" | "result",
  value: T,
  write: Write<T>,
): Uint8Array {
  return root === "args" ? encodeRequest(value, write) : encodeResponse(value, write);
}

type Write<T> = (w: Writer, value: T, at: number, depth: number, key: Segment) => void;

// A value's getter may come here again, and what fails half way is not used again: hence a writer is
// taken out while at work, and put back in the end.

function encodeRequest<T>(value: T, write: Write<T>): Uint8Array {
  const w = requests ?? new Writer();
  requests = undefined;
  // Who transferred a message's buffer took the slab with it.
  if (w.limit > SLAB_BYTES) w.end = 0;
  else if (w.limit - w.end < SPARE_BYTES || w.bytes.length === 0) w.renew();
  begin(w, w.end, value, "args", write);
  const { start, end } = w;
  if (w.limit > SLAB_BYTES) {
    // It outgrew its slab, as the next one may: the larger buffer stays, and this one is copied.
    const copy = w.bytes.slice(start, end);
    if (end - start > SPARE_BYTES && w.limit <= KEPT_BYTES) {
      w.bytes.fill(0, start, end);
      requests = w;
    }
    return copy;
  }
  const message = new Uint8Array(w.bytes.buffer, start, end - start);
  w.end = (end + 7) & -8;
  requests = w;
  return message;
}

function encodeResponse<T>(value: T, write: Write<T>): Uint8Array {
  const w = responses ?? new Writer();
  responses = undefined;
  w.response = true;
  begin(w, 0, value, "result", write);
  const message = w.bytes.slice(0, w.end);
  if (w.limit <= KEPT_BYTES) {
    w.bytes.fill(0, 0, w.end);
    responses = w;
  }
  return message;
}

function begin<T>(w: Writer, start: number, value: T, root: string, write: Write<T>): void {
  w.start = start;
  w.end = start + 4;
  w.message = messages += 1;
  write(w, value, start, 0, root);
}

let requests: Writer | undefined;
let responses: Writer | undefined;
let messages = 0;

/** A table of `size` bytes, without fields of 8 bytes, that the offset at `at` leads to. */
export function table(w: Writer, at: number, size: number): number {
  const place = (w.end + 3) & -4;
  const end = place + size;
  if (end > w.limit) w.grow(end);
  w.ints[at >> 2] = place - at;
  w.end = end;
  return place;
}

/** The same with fields of 8 bytes: its first one stands behind the offset of the vtable. */
export function wideTable(w: Writer, at: number, size: number): number {
  const place = ((w.end + 3) & -8) + 4;
  const end = place + size;
  if (end > w.limit) w.grow(end);
  w.ints[at >> 2] = place - at;
  w.end = end;
  return place;
}

/** A vtable with `count` entries for the table at `table`. */
export function vtable(w: Writer, table: number, count: number, size: number): number {
  const place = (w.end + 1) & -2;
  const length = 4 + 2 * count;
  const end = place + length;
  if (end > w.limit) w.grow(end);
  w.shorts[place >> 1] = length;
  w.shorts[(place >> 1) + 1] = size;
  w.ints[table >> 2] = table - place;
  w.end = end;
  return place;
}

/** A vector of `count` elements of `size` bytes: where the first one goes. */
export function vector(w: Writer, at: number, count: number, size: number): number {
  const place = size === 8 ? ((w.end + 3) & -8) + 4 : (w.end + 3) & -4;
  const end = place + 4 + count * size;
  if (end > w.limit) w.grow(end);
  w.ints[at >> 2] = place - at;
  w.ints[place >> 2] = count;
  w.end = end;
  return place + 4;
}

export function putString(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "string") fail(w, d, key, expected.STRING);
  const place = (w.end + 3) & -4;
  const first = place + 4;
  const length = x.length;
  let end = first + 3 * length + 1;
  if (end > w.limit) w.grow(end);
  w.ints[at >> 2] = place - at;
  const bytes = w.bytes;
  if (length <= SHORT) {
    let i = 0;
    for (; i < length; i++) {
      const c = x.charCodeAt(i);
      if (c > 0x7f || c === 0) break;
      bytes[first + i] = c;
    }
    if (i === length) {
      w.ints[place >> 2] = length;
      w.end = first + length + 1;
      return;
    }
  }
  end = first + putText(w, x, first, d, key);
  w.ints[place >> 2] = end - first;
  w.end = end + 1;
}

function putText(w: Writer, x: string, first: number, d: number, key: Segment): number {
  const { written } = encoder().encodeInto(x, w.bytes.subarray(first, first + 3 * x.length));
  if ((written !== x.length && !isWellFormed(x)) || x.includes("\0")) {
    fail(w, d, key, expected.TEXT);
  }
  return written;
}

let textEncoder: InstanceType<typeof TextEncoder> | undefined;

function encoder(): InstanceType<typeof TextEncoder> {
  return (textEncoder ??= new TextEncoder());
}

export function isWellFormed(x: string): boolean {
  const known = (x as { isWellFormed?: () => boolean }).isWellFormed;
  return known === undefined ? !LONE_SURROGATE.test(x) : known.call(x);
}

export function putBoolean(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "boolean") fail(w, d, key, expected.BOOLEAN);
  w.bytes[at] = x ? 1 : 0;
}

export function putFloat64(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number") fail(w, d, key, expected.NUMBER);
  w.doubles[at >> 3] = x;
}

export function putFloat32(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || !isFloat32(x)) fail(w, d, key, expected.FLOAT32);
  w.view.setFloat32(at, x, true);
}

/** Rounding is what the type asks for; becoming infinite is not. */
export function isFloat32(x: number): boolean {
  return Number.isFinite(Math.fround(x)) || !Number.isFinite(x);
}

export function putInt8(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || (x << 24) >> 24 !== x) fail(w, d, key, expected.INT8);
  w.bytes[at] = x;
}

export function putInt16(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || (x << 16) >> 16 !== x) fail(w, d, key, expected.INT16);
  w.shorts[at >> 1] = x;
}

export function putInt32(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || (x | 0) !== x) fail(w, d, key, expected.INT32);
  w.ints[at >> 2] = x;
}

export function putInt64(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (!Number.isSafeInteger(x)) fail(w, d, key, expected.INT64);
  putLong(w, x as number, at);
}

export function putUint8(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || (x & 0xff) !== x) fail(w, d, key, expected.UINT8);
  w.bytes[at] = x;
}

export function putUint16(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || (x & 0xffff) !== x) fail(w, d, key, expected.UINT16);
  w.shorts[at >> 1] = x;
}

export function putUint32(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "number" || x >>> 0 !== x) fail(w, d, key, expected.UINT32);
  w.ints[at >> 2] = x;
}

export function putUint64(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (!Number.isSafeInteger(x) || (x as number) < 0) fail(w, d, key, expected.UINT64);
  putLong(w, x as number, at);
}

/** A safe integer as 64 bits, two's complement. */
function putLong(w: Writer, x: number, at: number): void {
  w.ints[at >> 2] = x;
  w.ints[(at >> 2) + 1] = Math.floor(x / 0x1_0000_0000);
}

export function putBigInt64(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "bigint") fail(w, d, key, expected.BIGINT);
  if (BigInt.asIntN(64, x) !== x) fail(w, d, key, expected.BIG_INT64);
  w.view.setBigInt64(at, x, true);
}

export function putBigUint64(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (typeof x !== "bigint") fail(w, d, key, expected.BIGINT);
  if (BigInt.asUintN(64, x) !== x) fail(w, d, key, expected.BIG_UINT64);
  w.view.setBigUint64(at, x, true);
}

export function putDate(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  const time = timeOf(x);
  if (Number.isNaN(time)) fail(w, d, key, expected.DATE);
  putLong(w, time, at);
}

export function putBytes(w: Writer, x: unknown, at: number, d: number, key: Segment): void {
  if (!isBytes(x)) fail(w, d, key, expected.BYTES);
  putVector(w, x, at);
}

export function putVector(w: Writer, x: Uint8Array, at: number): void {
  const first = vector(w, at, x.length, 1);
  w.bytes.set(x, first);
}

const SLAB_BYTES = 16_384;
/** A request begins where there is at least this much left. */
const SPARE_BYTES = 2048;
/** A larger buffer is not kept for the next message. */
const KEPT_BYTES = 1 << 20;
/** Offsets are 31 bits wide. */
const MAX_BYTES = 0x4000_0000;
/** The longest string that is written character by character: there a call costs more. */
const SHORT = 24;
const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;
