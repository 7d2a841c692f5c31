import { CodecError } from "./errors.js";
import * as expected from "./expected.js";
import {
  BOOL,
  FLOAT,
  holdsPrototype,
  INT,
  KEY,
  MAP,
  NOT_ALLOWED,
  NULL,
  SHORT_TEXT,
  STRING,
  TOO_DEEP,
  VECTOR,
  VECTOR_INT,
} from "./flex-format.js";
import { MAX_DEPTH, pathTo, type Segment, type State } from "./path.js";

/**
 * Writes JSON data: null, booleans, numbers, text, arrays and plain objects. A
 * property that is undefined is left out; anything else has no form and is a
 * {@link CodecError} at its place below `path`.
 */
export function encodeFlex(value: unknown, path: string): Uint8Array {
  return new Writer(path).root(value);
}

/**
 * Children are written before what holds them, since a FlexBuffer's offsets point
 * backwards. Values that wait for their parent lie on three stacks.
 */
class Writer implements State {
  readonly keys: Segment[];
  #bytes = new Uint8Array(256);
  #view = new DataView(this.#bytes.buffer);
  #size = 0;

  readonly #types: number[] = [];
  /** A number or boolean itself; of anything else the place where it was written. */
  readonly #values: number[] = [];
  /** The bytes of a number's smallest form, or those that a written vector's elements have. */
  readonly #widths: number[] = [];

  /** Places of keys that were written. */
  readonly #keys = new Map<string, number>();
  /** Orders of keys, by the keys as objects had them. */
  readonly #orders = new Map<string, readonly number[]>();

  constructor(path: string) {
    this.keys = [path];
  }

  root(value: unknown): Uint8Array {
    this.#push(value, 1);
    const width = this.#fitting(0, 0, undefined);
    this.#align(width);
    this.#slots(0, width);
    const type = this.#packed(0, width);
    this.#reserve(2);
    this.#bytes[this.#size] = type;
    this.#bytes[this.#size + 1] = width;
    return this.#bytes.slice(0, this.#size + 2);
  }

  #push(value: unknown, depth: number): void {
    switch (typeof value) {
      case "string":
        this.#text(value, depth);
        return;
      case "number":
        this.#number(value);
        return;
      case "boolean":
        this.#wait(BOOL, value ? 1 : 0, 1);
        return;
      case "object":
        if (value === null) this.#wait(NULL, 0, 1);
        else if (depth > MAX_DEPTH) throw this.#error(depth, TOO_DEEP);
        else if (Array.isArray(value)) this.#array(value, depth);
        else if (isPlain(value)) this.#object(value as Record<string, unknown>, depth);
        else throw this.#error(depth, `expected ${expected.JSON_DATA}`);
        return;
      default:
        throw this.#error(depth, `expected ${expected.JSON_DATA}`);
    }
  }

  #number(value: number): void {
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#wait(INT, value, integerWidth(value));
    else this.#wait(FLOAT, value, floatWidth(value));
  }

  #array(array: readonly unknown[], depth: number): void {
    const start = this.#types.length;
    // Held fast: a getter may change the array meanwhile.
    const { length } = array;
    for (let index = 0; index < length; index += 1) {
      this.keys[depth] = index;
      this.#push(array[index], depth + 1);
    }
    const type = this.#uniform(start);
    const width = this.#fitting(start, 1, undefined);
    this.#align(width);
    this.#uint(length, width);
    const place = this.#elements(start, width, type === VECTOR);
    this.#wait(type, place, width);
  }

  #object(object: Record<string, unknown>, depth: number): void {
    const names: string[] = [];
    const values: unknown[] = [];
    for (const name of Object.keys(object)) {
      const value = object[name];
      if (value === undefined) continue;
      names.push(name);
      values.push(value);
    }
    const order = this.#order(names, depth);
    // Not shared between objects with the same keys: flatc's verifier takes a list that
    // it meets again for a deeper level, and gives up after 64.
    const keysWidth = this.#keyList(names, order);
    const keys = this.#size - names.length * keysWidth;
    const start = this.#types.length;
    for (const position of order) {
      this.keys[depth] = names[position] as string;
      this.#push(values[position], depth + 1);
      if (names[position] === "constructor" && holdsPrototype(values[position])) {
        throw this.#error(depth + 1, NOT_ALLOWED);
      }
    }
    const width = this.#fitting(start, 3, keys);
    this.#align(width);
    this.#uint(this.#size - keys, width);
    this.#uint(keysWidth, width);
    this.#uint(names.length, width);
    const place = this.#elements(start, width, true);
    this.#wait(MAP, place, width);
  }

  /**
   * The positions of the names in the order of their UTF-8 bytes, since readers search
   * keys by halves. Writes the keys that were not met before.
   */
  #order(names: readonly string[], depth: number): readonly number[] {
    const joined = names.join("\0");
    const known = this.#orders.get(joined);
    if (known?.length === names.length) return known;
    for (const name of names) this.#key(name, depth);
    const order = names.map((_, position) => position);
    order.sort((left, right) => compare(names[left] as string, names[right] as string));
    this.#orders.set(joined, order);
    return order;
  }

  /** Writes the list of an object's keys, which then ends the bytes, and returns its width. */
  #keyList(names: readonly string[], order: readonly number[]): number {
    const start = this.#types.length;
    for (const position of order) this.#wait(KEY, this.#keys.get(names[position] as string) as number, 1);
    const width = this.#fitting(start, 1, undefined);
    this.#align(width);
    this.#uint(names.length, width);
    this.#elements(start, width, false);
    return width;
  }

  #key(name: string, depth: number): void {
    if (this.#keys.has(name)) return;
    if (name === "__proto__") {
      this.keys[depth] = name;
      throw this.#error(depth + 1, NOT_ALLOWED);
    }
    const place = this.#size;
    this.#characters(name, depth);
    this.#keys.set(name, place);
  }

  /** Writes length, text and NUL. */
  #text(text: string, depth: number): void {
    // The length is known last: room for it is made from the longest the text can be.
    const width = text.length * 3 < 0x100 ? 1 : text.length * 3 < 0x1_0000 ? 2 : 4;
    this.#align(width);
    this.#reserve(width);
    const place = (this.#size += width);
    this.#characters(text, depth);
    this.#putUint(place - width, this.#size - 1 - place, width);
    this.#wait(STRING, place, width);
  }

  /** Writes UTF-8 and NUL. */
  #characters(text: string, depth: number): void {
    this.#reserve(text.length * 3 + 1);
    const bytes = this.#bytes;
    let end = this.#size;
    let index = 0;
    if (text.length <= SHORT_TEXT) {
      for (; index < text.length; index += 1) {
        const unit = text.charCodeAt(index);
        if (unit === 0 || unit >= 0x80) break;
        bytes[end] = unit;
        end += 1;
      }
    }
    if (index < text.length) {
      if (text.includes("\0") || /\p{Surrogate}/u.test(text)) throw this.#error(depth, `expected ${expected.TEXT}`);
      const rest = index === 0 ? text : text.slice(index);
      end += UTF8.encodeInto(rest, bytes.subarray(end)).written;
    }
    bytes[end] = 0;
    this.#size = end + 1;
  }

  /** The type of a vector of the elements from `start`. */
  #uniform(start: number): number {
    const end = this.#types.length;
    if (start === end) return VECTOR;
    let floats = false;
    for (let index = start; index < end; index += 1) {
      const type = this.#types[index];
      if (type === FLOAT) floats = true;
      else if (type !== INT) return VECTOR;
    }
    if (!floats) return VECTOR_INT;
    for (let index = start; index < end; index += 1) {
      this.#types[index] = FLOAT;
      this.#widths[index] = floatWidth(this.#values[index] as number);
    }
    return VECTOR_INT + FLOAT - INT;
  }

  /** The least width that holds the elements from `start` behind `heads` other slots. */
  #fitting(start: number, heads: number, keys: number | undefined): number {
    const end = this.#types.length;
    let width = maximum(1, uintWidth(heads === 0 ? 0 : end - start));
    for (; width < 8; width *= 2) {
      const first = this.#aligned(width) + heads * width;
      if (keys !== undefined && uintWidth(first - heads * width - keys) > width) continue;
      let index = start;
      while (index < end && this.#needed(index, first + (index - start) * width) <= width) index += 1;
      if (index === end) break;
    }
    return width;
  }

  #needed(index: number, slot: number): number {
    const type = this.#types[index] as number;
    return isInline(type) ? (this.#widths[index] as number) : uintWidth(slot - (this.#values[index] as number));
  }

  /** Writes the elements from `start`, takes them off the stacks, and returns where they begin. */
  #elements(start: number, width: number, typed: boolean): number {
    const place = this.#size;
    this.#slots(start, width);
    const end = this.#types.length;
    if (typed) {
      this.#reserve(end - start);
      for (let index = start; index < end; index += 1) {
        this.#bytes[this.#size] = this.#packed(index, width);
        this.#size += 1;
      }
    }
    this.#types.length = this.#values.length = this.#widths.length = start;
    return place;
  }

  #slots(start: number, width: number): void {
    const end = this.#types.length;
    this.#reserve((end - start) * width);
    for (let index = start; index < end; index += 1) {
      const value = this.#values[index] as number;
      const type = this.#types[index] as number;
      if (type === FLOAT) {
        if (width === 4) this.#view.setFloat32(this.#size, value, true);
        else this.#view.setFloat64(this.#size, value, true);
      } else {
        this.#putUint(this.#size, isInline(type) ? value : this.#size - value, width);
      }
      this.#size += width;
    }
  }

  #packed(index: number, width: number): number {
    const type = this.#types[index] as number;
    const own = this.#widths[index] as number;
    return (type << 2) | (WIDTH_BITS[isInline(type) ? maximum(own, width) : own] as number);
  }

  #wait(type: number, value: number, width: number): void {
    this.#types.push(type);
    this.#values.push(value);
    this.#widths.push(width);
  }

  #uint(value: number, width: number): void {
    this.#reserve(width);
    this.#putUint(this.#size, value, width);
    this.#size += width;
  }

  /** Two's complement for integers below 0. */
  #putUint(place: number, value: number, width: number): void {
    if (width === 1) this.#bytes[place] = value;
    else if (width === 2) this.#view.setUint16(place, value, true);
    else {
      this.#view.setUint32(place, value, true);
      if (width === 8) this.#view.setUint32(place + 4, Math.floor(value / 2 ** 32), true);
    }
  }

  #align(width: number): void {
    const size = this.#aligned(width);
    this.#reserve(size - this.#size);
    this.#bytes.fill(0, this.#size, size);
    this.#size = size;
  }

  #aligned(width: number): number {
    return Math.ceil(this.#size / width) * width;
  }

  #reserve(count: number): void {
    const needed = this.#size + count + 8;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(maximum(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  #error(depth: number, fault: string): CodecError {
    return new CodecError(pathTo(this, depth, undefined), fault);
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  // An object of another realm has a prototype that itself has none.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
}

function isInline(type: number): boolean {
  return type <= FLOAT || type === BOOL;
}

function integerWidth(value: number): number {
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  return value >= -0x8000_0000 && value < 0x8000_0000 ? 4 : 8;
}

function uintWidth(value: number): number {
  return value < 0x100 ? 1 : value < 0x1_0000 ? 2 : value < 0x1_0000_0000 ? 4 : 8;
}

function floatWidth(value: number): number {
  return Object.is(Math.fround(value), value) ? 4 : 8;
}

function maximum(left: number, right: number): number {
  return left > right ? left : right;
}

/** The order of the UTF-8 forms: UTF-16 puts surrogates before U+E000, UTF-8 behind U+FFFF. */
function compare(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(left.charCodeAt(index)) - rank(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

const UTF8 = /* @__PURE__ */ new TextEncoder();
/** The two bits that stand for a width. */
const WIDTH_BITS: Readonly<Record<number, number>> = { 1: 0, 2: 1, 4: 2, 8: 3 };
