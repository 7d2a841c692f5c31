// Values of a type, of the kind that decoders return, with a taste for the ends of ranges.
import { Random } from './random.ts';
import {
  bigints, keepsUndefined, members, ranges, resolved, type ObjectType, type Scalar, type TupleType, type Type,
} from './types.ts';

export interface Size {
  /** Levels below which values get as small as their type allows. */
  depth: number;
  /** Of arrays, maps and records. */
  length: number;
  /** Numbers that JSON and `flatc --json` can carry exactly, and no others. */
  tame?: boolean;
}

export const usual: Size = { depth: 5, length: 4 };

export function sample(type: Type, random: Random, size: Size = usual): unknown {
  const bare = resolved(type);
  const below: Size = { ...size, depth: size.depth - 1 };
  switch (bare.kind) {
    case 'null':
      return null;
    case 'undefined':
      return undefined;
    case 'boolean':
      return random.chance(0.5);
    case 'string':
      return text(random, size.length);
    case 'number':
      return number(bare.scalar, random, size.tame);
    case 'bigint':
      return bigint(bare.unsigned ?? false, random);
    case 'date':
      return new Date(time(random, size.tame));
    case 'bytes':
      return Uint8Array.from({ length: random.pick([0, 1, 2, 3, 4, 7, 33]) }, () => random.below(256));
    case 'literals':
      return random.pick(bare.values);
    case 'unknown':
      return random.chance(0.1) ? undefined : json(random, Math.min(size.depth, 3), size.tame ?? false);
    case 'array':
      return list(size, random, () => sample(bare.element, random, below));
    case 'set':
      return new Set(list(size, random, () => sample(bare.element, random, below)));
    case 'map':
      return new Map(list(size, random, () => [sample(bare.key, random, below), sample(bare.value, random, below)]));
    case 'tuple':
      return tuple(bare, random, below);
    case 'object':
      return object(bare, random, below);
    case 'union': {
      const all = members(bare);
      return sample(size.depth > 0 ? random.pick(all) : shallowest(all), random, below);
    }
    case 'parameter':
      throw new Error('a generic is not instantiated');
  }
}

export function text(random: Random, length = 4): string {
  return random.weighted<() => string>([
    [4, () => random.pick(texts)],
    [4, () => Array.from({ length: random.below(12) }, () => String.fromCharCode(random.between(32, 126))).join('')],
    [2, () => Array.from({ length: random.below(8) }, () => random.pick(pieces)).join('')],
    [length > 2 ? 0.3 : 0, () => random.pick(pieces).repeat(random.between(20, 700))],
  ])();
}

/** JSON data, for `unknown`. */
export function json(random: Random, depth: number, tame: boolean): unknown {
  const leaves: [number, () => unknown][] = [
    [2, () => text(random, 1)],
    [2, () => number('Float64', random, tame)],
    [1, () => random.pick([null, true, false])],
    [1, () => random.pick([0, 1, -1, 127, 128, 255, 256, 32767, 65536, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, 2 ** 53])],
  ];
  if (depth <= 0) return random.weighted(leaves)();
  return random.weighted<() => unknown>([
    ...leaves,
    [2, () => Array.from({ length: random.below(4) }, () => json(random, depth - 1, tame))],
    [1, () => Array.from({ length: random.between(1, 5) }, () => random.below(300))],
    [3, () => Object.fromEntries(Array.from({ length: random.below(4) }, () => {
      const name = key(random);
      // A constructor with a prototype is refused.
      return [name, name === 'constructor' ? random.below(300) : json(random, depth - 1, tame)];
    }))],
  ])();
}

function number(scalar: Scalar, random: Random, tame = false): number {
  if (scalar === 'Float64') {
    return random.weighted<() => number>([
      [2, () => random.pick(tame ? tameNumbers : numbers)],
      [2, () => random.between(-1000, 1000)],
      [1, () => random.between(-8000, 8000) / 8],
      [tame ? 0 : 2, () => random.fraction() * 10 ** random.between(-20, 20)],
    ])();
  }
  if (scalar === 'Float32') {
    return Math.fround(random.weighted<() => number>([
      [tame ? 0 : 2, () => random.pick([NaN, Infinity, -Infinity, -0, 3.4028234663852886e38, 1e-45])],
      [2, () => random.between(-800, 800) / 8],
      [tame ? 0 : 1, () => random.fraction()],
    ])());
  }
  const [low, high] = ranges[scalar];
  return random.weighted<() => number>([
    [2, () => random.pick([low, high, low + 1, high - 1, 0, 1])],
    [2, () => Math.max(low, random.between(-100, 100))],
    // Adding 0 keeps -0 out: a whole-number scalar has none.
    [2, () => Math.floor(low + random.fraction() * (high - low)) + 0],
  ])();
}

function bigint(unsigned: boolean, random: Random): bigint {
  const [low, high] = bigints(unsigned);
  return random.weighted<() => bigint>([
    [2, () => random.pick([low, high, low + 1n, high - 1n, 0n, 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 32n, 2n ** 31n])],
    [2, () => BigInt(random.below(2000)) - (unsigned ? 0n : 1000n)],
    [1, () => BigInt.asUintN(63, (BigInt(random.bits()) << 32n) | BigInt(random.bits())) + low / 2n],
  ])();
}

function time(random: Random, tame = false): number {
  return random.weighted<() => number>([
    [tame ? 0 : 1, () => random.pick([8.64e15, -8.64e15, 8.64e15 - 1, -62167219200001, 253402300800000])],
    [1, () => random.pick([0, 1, -1, 951782400000, -62135596800000, 253402300799999, 1e12])],
    [2, () => random.between(-2e12, 4e12)],
  ])();
}

function list<T>(size: Size, random: Random, item: () => T): T[] {
  return size.depth <= 0 ? [] : Array.from({ length: random.below(size.length + 1) }, item);
}

function tuple(type: TupleType, random: Random, size: Size): unknown[] {
  const items: unknown[] = [];
  for (const { type: position, optional } of type.positions) {
    if (optional && random.chance(0.4)) {
      if (type.rest !== undefined || random.chance(0.6)) return trimmed(type, items);
      items.push(undefined);
    } else {
      items.push(sample(position, random, size));
    }
  }
  if (type.rest !== undefined) {
    const { rest } = type;
    items.push(...list(size, random, () => sample(rest, random, size)));
  }
  return trimmed(type, items);
}

/** Absent elements at the end are not there. */
function trimmed(type: TupleType, items: unknown[]): unknown[] {
  while (items.length > 0 && items.at(-1) === undefined && type.positions[items.length - 1]?.optional) items.pop();
  return items;
}

function object(type: ObjectType, random: Random, size: Size): unknown {
  const entries: [string, unknown][] = [];
  for (const field of type.fields) {
    if (field.optional && (size.depth <= 0 || random.chance(0.4))) continue;
    const value = sample(field.type, random, size);
    // Absent, unless the type says that undefined is something else.
    if (value === undefined && !keepsUndefined(field)) continue;
    entries.push([field.name, value]);
  }
  if (type.rest !== undefined) {
    const { rest, numeric } = type;
    const declared = new Set(type.fields.map((field) => field.name));
    for (const name of list(size, random, () => (numeric ? String(random.below(2000)) : key(random)))) {
      if (!declared.has(name)) entries.push([name, sample(rest, random, size)]);
    }
  }
  return Object.fromEntries(entries);
}

function key(random: Random): string {
  return random.chance(0.6) ? random.pick(keys) : text(random, 1);
}

/** Of a recursive union, a member that ends. */
function shallowest(all: readonly Type[]): Type {
  const rank = (type: Type) => ranks.indexOf(resolved(type).kind);
  return [...all].sort((left, right) => rank(left) - rank(right))[0]!;
}

const ranks: Type['kind'][] = [
  'null', 'undefined', 'boolean', 'number', 'literals', 'bigint', 'date', 'bytes', 'string', 'unknown', 'array', 'set',
  'map', 'tuple', 'object',
];

const numbers = [
  0, -0, 1, -1, NaN, Infinity, -Infinity, Number.MAX_VALUE, Number.MIN_VALUE, -Number.MAX_VALUE, Number.EPSILON,
  Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 2 ** 63, 2 ** 64, 0.1, 1e21, 1e-7, 2.2250738585072014e-308,
];

const tameNumbers = [0, 1, -1, 0.5, -0.25, 2 ** 31, 2 ** 53, 1e15];

const texts = [
  '', ' ', 'a', 'hello', 'true', 'null', '0', '-1', 'undefined', 'constructor', 'toString', 'prototype', 'grün', 'ÿ', '日本語',
  '😀', '👩‍👩‍👧', '\uFEFF', '\uFEFFbom', 'mid\uFEFFdle', '\uFFFD', '\uFFFF', '\u{10FFFF}', '\uD7FF\uE000', '\u0001', '\n', '\r\n\t', '"', '\\', '\\u0041',
  "'", '</script>', '\u2028\u2029', '\u007F', '\u0080', '\u07FF', '\u0800', 'e\u0301', 'a'.repeat(63), 'a'.repeat(64), 'a'.repeat(65), 'ü'.repeat(33),
];

const pieces = ['a', 'Z', '7', ' ', 'é', 'ß', '語', '€', '😀', '𝒳', '\u0080', '\u07FF', '\u0800', '\uFFFF', '\u{10000}'];

const keys = [
  'a', 'b', 'key', 'Key', '', '0', '1', '42', '-1', '007', 'constructor', 'toString', 'valueOf', 'hasOwnProperty', 'length',
  'prototype', '__proto', '_', '$', 'a b', 'a.b', 'a"b', 'grün', '日本', '😀', 'then', 'toJSON', '__defineGetter__',
];
