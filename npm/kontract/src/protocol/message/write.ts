/** One FlatBuffers table, front to back: offset of the root, vtable, table, what it points to. */
import { utf8 } from "../bytes.js";
import type { Pairs } from "./index.js";

/** A field; its id is its place. An absent one is `undefined`. */
export interface Field {
  /** Bytes in the table. */
  readonly size: number;
  /** Writes them, and behind everything else what they point to. */
  readonly write: (buffer: Builder, at: number) => void;
}

export function u8(value: number): Field {
  return { size: 1, write: ({ view }, at) => view.setUint8(at, value) };
}

export function u16(value: number): Field {
  return { size: 2, write: ({ view }, at) => view.setUint16(at, value, true) };
}

export function u32(value: number): Field {
  return { size: 4, write: ({ view }, at) => view.setUint32(at, value, true) };
}

export function u64(value: bigint): Field {
  return { size: 8, write: ({ view }, at) => view.setBigUint64(at, value, true) };
}

export function bytes(value: Uint8Array): Field {
  return { size: 4, write: (buffer, at) => buffer.vector(at, value, 0) };
}

export function text(value: string): Field {
  return { size: 4, write: (buffer, at) => buffer.text(at, value) };
}

export function pairs(value: Pairs): Field {
  return { size: 4, write: (buffer, at) => buffer.pairs(at, value) };
}

/** A buffer whose root is the table of these fields. */
export function table(fields: readonly (Field | undefined)[]): Uint8Array {
  const vtable = 4;
  const start = aligned(2 * fields.length + 8, 8);
  let end = 4;
  const places = fields.map((field) => {
    if (!field) return 0;
    const place = aligned(end, field.size);
    end = place + field.size;
    return place;
  });
  const buffer = new Builder();
  buffer.reserve(start + end);
  const { view } = buffer;
  view.setUint32(0, start, true);
  view.setUint16(vtable, 2 * fields.length + 4, true);
  view.setUint16(vtable + 2, end, true);
  places.forEach((place, id) => view.setUint16(vtable + 4 + 2 * id, place, true));
  view.setUint32(start, start - vtable, true);
  places.forEach((place, id) => fields[id]?.write(buffer, start + place));
  return buffer.finish();
}

class Builder {
  #bytes = new Uint8Array(256);
  #end = 0;
  view = new DataView(this.#bytes.buffer);

  /** So many more bytes of zeros; where they begin. */
  reserve(length: number): number {
    const at = this.#end;
    this.#end += length;
    if (this.#end > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(this.#end, 2 * this.#bytes.length));
      bytes.set(this.#bytes);
      this.#bytes = bytes;
      this.view = new DataView(bytes.buffer);
    }
    return at;
  }

  /** Lets the offset at `at` point to a vector of these bytes, and so many zeros. */
  vector(at: number, value: Uint8Array, zeros: number): void {
    this.#point(at);
    const place = this.reserve(4 + value.length + zeros);
    this.view.setUint32(place, value.length, true);
    this.#bytes.set(value, place + 4);
  }

  text(at: number, value: string): void {
    this.vector(at, utf8(value), 1);
  }

  pairs(at: number, value: Pairs): void {
    this.#point(at);
    const offsets = this.reserve(4 + 4 * value.length) + 4;
    this.view.setUint32(offsets - 4, value.length, true);
    value.forEach(([name, text], i) => {
      this.#align();
      const vtable = this.reserve(8);
      PAIR.forEach((entry, j) => this.view.setUint16(vtable + 2 * j, entry, true));
      this.#point(offsets + 4 * i);
      const entry = this.reserve(12);
      this.view.setUint32(entry, 8, true);
      this.text(entry + 4, name);
      this.text(entry + 8, text);
    });
  }

  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#end);
  }

  #align(): void {
    this.reserve(aligned(this.#end, 4) - this.#end);
  }

  /** Lets the offset at `at` point to what is written next. */
  #point(at: number): void {
    this.#align();
    this.view.setUint32(at, this.#end - at, true);
  }
}

function aligned(value: number, to: number): number {
  return Math.ceil(value / to) * to;
}

/** The vtable of a pair. */
const PAIR = [8, 12, 4, 8] as const;
