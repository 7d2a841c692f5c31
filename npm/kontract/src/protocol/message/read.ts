/**
 * A FlatBuffers table in the bytes of a peer. Every offset is checked where it is followed, and what
 * is read costs no more than a small multiple of what came.
 *
 * Not the codecs' reader: that one knows no text with U+0000 and answers with a path, and a message
 * must be taken here exactly where the Rust crate takes it.
 */
import { MAX_PAIRS } from "../limits.js";
import type { Pairs } from "./index.js";

/** A table. Its methods throw where bytes do not make one. */
export class Table {
  readonly #view: DataView;
  readonly #at: number;
  readonly #vtable: number;
  readonly #end: number;

  private constructor(view: DataView, at: number) {
    this.#view = view;
    this.#at = at;
    this.#vtable = at - view.getInt32(at, true);
    const size = view.getUint16(this.#vtable, true);
    this.#end = this.#vtable + size;
    if (size < 4 || size % 2 !== 0 || this.#end > view.byteLength) throw new RangeError();
  }

  /** The table that a buffer is. */
  static root(bytes: Uint8Array): Table {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return new Table(view, view.getUint32(0, true));
  }

  u8(id: number): number {
    const at = this.#place(id);
    return at && this.#view.getUint8(at);
  }

  u16(id: number): number {
    const at = this.#place(id);
    return at && this.#view.getUint16(at, true);
  }

  u32(id: number): number {
    const at = this.#place(id);
    return at && this.#view.getUint32(at, true);
  }

  u64(id: number): bigint {
    const at = this.#place(id);
    return at && this.#view.getBigUint64(at, true) || 0n;
  }

  /** A copy of a vector of bytes, where there is one. */
  bytes(id: number): Uint8Array | undefined {
    return this.#slice(id)?.slice();
  }

  /** A text, where there is one. */
  text(id: number): string | undefined {
    const bytes = this.#slice(id);
    return bytes && DECODER.decode(bytes);
  }

  /**
   * Names with values. Their texts may lie in one place, but together they are not longer than the
   * buffer.
   */
  pairs(id: number): Pairs {
    const at = this.#place(id);
    if (at === 0) return [];
    const [start, count] = this.#vector(at, 4);
    if (count > MAX_PAIRS) throw new RangeError();
    let left = this.#view.byteLength;
    return Array.from({ length: count }, (_, i) => {
      const pair = new Table(this.#view, this.#follow(start + 4 * i));
      const text = (id: number): string => {
        left -= pair.#slice(id)?.length ?? 0;
        if (left < 0) throw new RangeError();
        return pair.text(id) ?? "";
      };
      return [text(0), text(1)] as const;
    });
  }

  /** Where a field lies; 0 where it is absent. */
  #place(id: number): number {
    const entry = this.#vtable + 4 + 2 * id;
    const offset = entry + 2 > this.#end ? 0 : this.#view.getUint16(entry, true);
    return offset && this.#at + offset;
  }

  /** Where the offset at a place leads. */
  #follow(at: number): number {
    return at + this.#view.getUint32(at, true);
  }

  /** The elements, of `size` bytes each, of the vector that the offset at a place leads to. */
  #vector(at: number, size: number): [start: number, count: number] {
    const place = this.#follow(at);
    const count = this.#view.getUint32(place, true);
    if (place + 4 + count * size > this.#view.byteLength) throw new RangeError();
    return [place + 4, count];
  }

  #slice(id: number): Uint8Array | undefined {
    const at = this.#place(id);
    if (at === 0) return undefined;
    const [start, length] = this.#vector(at, 1);
    const { buffer, byteOffset } = this.#view;
    return new Uint8Array(buffer, byteOffset + start, length);
  }
}

const DECODER = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
