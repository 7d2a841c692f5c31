import { CodecError } from "./errors.js";
import * as expected from "./expected.js";
import {
  BOOL,
  FLOAT,
  holdsPrototype,
  INDIRECT_FLOAT,
  INDIRECT_INT,
  INT,
  KEY,
  MAP,
  NOT_ALLOWED,
  NULL,
  SHORT_TEXT,
  STRING,
  TOO_DEEP,
  UINT,
  VECTOR,
  VECTOR_BOOL,
  VECTOR_FLOAT4,
  VECTOR_INT,
  VECTOR_INT2,
  VECTOR_KEY,
} from "./flex-format.js";
import { MAX_DEPTH, pathTo, type Segment, type State } from "./path.js";

/**
 * Reads JSON data that any writer of FlexBuffers wrote. The bytes may be hostile:
 * nothing outside them is read, levels are limited, and so is the work, which is
 * counted by what is visited, since many offsets may lead to the same place.
 * Throws a {@link CodecError} with the place below `path`.
 */
export function decodeFlex(bytes: Uint8Array, path: string): unknown {
  return new Reader(bytes, path).root();
}

class Reader implements State {
  readonly keys: Segment[];
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #budget: number;

  /** Lists of keys that were read, by place and width: some writers let objects share them. */
  readonly #lists = new Map<number, readonly string[]>();
  /** Keys that were read, by place. */
  readonly #keys = new Map<number, string>();

  constructor(bytes: Uint8Array, path: string) {
    this.keys = [path];
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#budget = 4 * bytes.length + 1024;
  }

  root(): unknown {
    const { length } = this.#bytes;
    const width = this.#bytes[length - 1];
    if (length < 3 || (width !== 1 && width !== 2 && width !== 4 && width !== 8)) throw this.#broken(1);
    if (length < 2 + width) throw this.#broken(1);
    return this.#value(length - 2 - width, width, this.#bytes[length - 2] as number, 1);
  }

  /** The value of a slot. */
  #value(slot: number, width: number, packed: number, depth: number): unknown {
    const type = packed >> 2;
    const own = 1 << (packed & 3);
    switch (type) {
      case NULL:
        return null;
      case BOOL:
        return this.#boolean(slot, width, depth);
      case INT:
      case UINT:
      case FLOAT:
        return this.#number(slot, width, type, depth);
      case INDIRECT_INT:
      case INDIRECT_INT + 1:
      case INDIRECT_FLOAT: {
        const place = this.#target(slot, width, depth);
        this.#take(place, own, depth);
        return this.#number(place, own, type - INDIRECT_INT + INT, depth);
      }
      case STRING: {
        const place = this.#target(slot, width, depth);
        return this.#text(place, this.#length(place, own, depth), depth);
      }
      case KEY:
        return this.#key(this.#target(slot, width, depth), depth);
      default:
    }
    // What is left holds values itself.
    if (depth > MAX_DEPTH) throw this.#error(depth, TOO_DEEP);
    const place = this.#target(slot, width, depth);
    this.#take(place, 0, depth, CONTAINER_COST);
    if (type === MAP) return this.#map(place, own, depth);
    if (type === VECTOR) return this.#vector(place, own, depth);
    if ((type >= VECTOR_INT && type <= VECTOR_KEY) || type === VECTOR_BOOL) {
      const element = type === VECTOR_BOOL ? BOOL : type - VECTOR_INT + INT;
      return this.#typed(place, this.#length(place, own, depth), own, element, depth);
    }
    if (type >= VECTOR_INT2 && type <= VECTOR_FLOAT4) {
      const position = type - VECTOR_INT2;
      return this.#typed(place, 2 + Math.floor(position / 3), own, INT + (position % 3), depth);
    }
    throw this.#error(depth, `expected ${expected.JSON_DATA}`);
  }

  #vector(place: number, width: number, depth: number): unknown[] {
    const length = this.#length(place, width, depth);
    this.#take(place, length * width + length, depth);
    const types = place + length * width;
    const result: unknown[] = [];
    for (let index = 0; index < length; index += 1) {
      this.keys[depth] = index;
      result.push(this.#value(place + index * width, width, this.#bytes[types + index] as number, depth + 1));
    }
    return result;
  }

  #typed(place: number, length: number, width: number, type: number, depth: number): unknown[] {
    this.#take(place, length * width, depth);
    const result: unknown[] = [];
    for (let index = 0; index < length; index += 1) {
      this.keys[depth] = index;
      result.push(this.#value(place + index * width, width, type << 2, depth + 1));
    }
    return result;
  }

  #map(place: number, width: number, depth: number): Record<string, unknown> {
    const length = this.#length(place, width, depth);
    this.#take(place - 3 * width, length * width + length + 2 * width, depth);
    const keys = this.#keyList(
      this.#target(place - 3 * width, width, depth),
      this.#uint(place - 2 * width, width, depth),
      depth,
    );
    if (keys.length !== length) throw this.#broken(depth);
    const types = place + length * width;
    const result: Record<string, unknown> = {};
    for (let index = 0; index < length; index += 1) {
      const key = keys[index] as string;
      this.keys[depth] = key;
      const value = this.#value(place + index * width, width, this.#bytes[types + index] as number, depth + 1);
      if (key === "constructor" && holdsPrototype(value)) throw this.#error(depth + 1, NOT_ALLOWED);
      result[key] = value;
    }
    return result;
  }

  #keyList(place: number, width: number, depth: number): readonly string[] {
    if (width !== 1 && width !== 2 && width !== 4 && width !== 8) throw this.#broken(depth);
    const name = place * 16 + width;
    const known = this.#lists.get(name);
    if (known !== undefined) return known;

    const length = this.#length(place, width, depth);
    this.#take(place, length * width, depth);
    const keys: string[] = [];
    let ascending = true;
    for (let index = 0; index < length; index += 1) {
      const key = this.#key(this.#target(place + index * width, width, depth), depth);
      this.keys[depth] = key;
      if (key === "__proto__") throw this.#error(depth + 1, NOT_ALLOWED);
      ascending &&= index === 0 || (keys[index - 1] as string) < key;
      keys.push(key);
    }
    if (!ascending) this.#expectOnce(keys, depth);
    this.#lists.set(name, keys);
    return keys;
  }

  #expectOnce(keys: readonly string[], depth: number): void {
    const seen = new Set<string>();
    for (const key of keys) {
      this.keys[depth] = key;
      if (seen.has(key)) throw this.#error(depth + 1, "a key that is there twice");
      seen.add(key);
    }
  }

  /** Text up to NUL. */
  #key(place: number, depth: number): string {
    const known = this.#keys.get(place);
    if (known !== undefined) return known;
    const end = this.#bytes.indexOf(0, place);
    if (end < 0) throw this.#broken(depth);
    const key = this.#text(place, end - place, depth);
    this.#keys.set(place, key);
    return key;
  }

  #text(place: number, length: number, depth: number): string {
    this.#take(place, length, depth);
    const end = place + length;
    if (length <= SHORT_TEXT) {
      let text = "";
      let index = place;
      for (; index < end; index += 1) {
        const byte = this.#bytes[index] as number;
        if (byte === 0 || byte >= 0x80) break;
        text += String.fromCharCode(byte);
      }
      if (index === end) return text;
    }
    let text: string;
    try {
      text = UTF8.decode(this.#bytes.subarray(place, end));
    } catch {
      throw this.#error(depth, `expected ${expected.TEXT}`);
    }
    if (text.includes("\0")) throw this.#error(depth, `expected ${expected.TEXT}`);
    return text;
  }

  #boolean(place: number, width: number, depth: number): boolean {
    const value = this.#uint(place, width, depth);
    if (value > 1) throw this.#broken(depth);
    return value === 1;
  }

  /** Within the bytes, as the caller has made sure. */
  #number(place: number, width: number, type: number, depth: number): number {
    if (type === FLOAT) {
      if (width === 8) return this.#view.getFloat64(place, true);
      if (width === 4) return this.#view.getFloat32(place, true);
      throw this.#broken(depth);
    }
    if (type === UINT) return this.#uint(place, width, depth);
    if (width === 1) return this.#view.getInt8(place);
    if (width === 2) return this.#view.getInt16(place, true);
    if (width === 4) return this.#view.getInt32(place, true);
    return this.#safe(this.#view.getInt32(place + 4, true) * 2 ** 32 + this.#view.getUint32(place, true), depth);
  }

  #uint(place: number, width: number, depth: number): number {
    if (width === 1) return this.#bytes[place] as number;
    if (width === 2) return this.#view.getUint16(place, true);
    if (width === 4) return this.#view.getUint32(place, true);
    return this.#safe(this.#view.getUint32(place + 4, true) * 2 ** 32 + this.#view.getUint32(place, true), depth);
  }

  // A sum that rounding brought into the range would have to start outside it.
  #safe(value: number, depth: number): number {
    if (!Number.isSafeInteger(value)) throw this.#error(depth, "expected an integer within ±(2^53 - 1)");
    return value;
  }

  /** Where the offset in a slot leads: always to a place before the slot. */
  #target(slot: number, width: number, depth: number): number {
    const place = slot - this.#uint(slot, width, depth);
    if (place < 0) throw this.#broken(depth);
    return place;
  }

  /** The length before a vector or text. */
  #length(place: number, width: number, depth: number): number {
    if (place < width) throw this.#broken(depth);
    this.#take(place - width, width, depth);
    return this.#uint(place - width, width, depth);
  }

  /** Makes sure that these bytes exist and may still be looked at. */
  #take(place: number, count: number, depth: number, cost = count): void {
    if (place < 0 || place + count > this.#bytes.length) throw this.#broken(depth);
    this.#budget -= cost;
    if (this.#budget < 0) throw this.#error(depth, "more data than bytes");
  }

  #broken(depth: number): CodecError {
    return this.#error(depth, "malformed FlexBuffer");
  }

  #error(depth: number, fault: string): CodecError {
    return new CodecError(pathTo(this, depth, undefined), fault);
  }
}

const UTF8 = /* @__PURE__ */ new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
// An empty array takes three bytes, and much more than that in memory.
const CONTAINER_COST = 8;
