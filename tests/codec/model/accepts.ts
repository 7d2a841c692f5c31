// Is a value of a type? Written without a look at the compiler: what generated codecs answer is
// held against this.
import { types } from 'node:util';
import { admits, bigints, members, ranges, resolved, type ObjectType, type TupleType, type Type } from './types.ts';

export interface Strictness {
  /**
   * `decoded`: what a decoder may return and nothing else. Objects and arrays are plain, and hold
   * declared properties only.
   * `given`: what an encoder may take. Where the design leaves it open whether a value is taken,
   * it counts as accepted.
   */
  as: 'decoded' | 'given';
}

export const decoded: Strictness = { as: 'decoded' };
export const given: Strictness = { as: 'given' };

/** What is wrong with the value, or undefined. */
export function refusal(type: Type, value: unknown, strictness: Strictness, path = 'value'): string | undefined {
  const bare = resolved(type);
  const expected = (what: string) => `${path}: ${describe(value)} is not ${what}`;
  switch (bare.kind) {
    case 'null':
      return value === null ? undefined : expected('null');
    case 'undefined':
      return value === undefined ? undefined : expected('undefined');
    case 'boolean':
      return typeof value === 'boolean' ? undefined : expected('a boolean');
    case 'string':
      return typeof value === 'string' && isText(value) ? undefined : expected('a string');
    case 'number':
      return typeof value === 'number' && inRange(bare.scalar, value) ? undefined : expected(bare.scalar);
    case 'bigint': {
      const [low, high] = bigints(bare.unsigned);
      return typeof value === 'bigint' && value >= low && value <= high ? undefined : expected('a bigint of 64 bits');
    }
    case 'date':
      return types.isDate(value) && !Number.isNaN(value.getTime()) ? undefined : expected('a date');
    case 'bytes':
      return types.isUint8Array(value) && (strictness.as === 'given' || prototypeOf(value) === Uint8Array.prototype)
        ? undefined
        : expected('bytes');
    case 'literals':
      // Numbers and bigints of one value are two literals; NaN is none.
      return bare.values.some((literal) => literal === value) ? undefined : expected('one of the literals');
    case 'unknown':
      return value === undefined ? undefined : jsonRefusal(value, strictness, path, 0);
    case 'array':
      if (!isArray(value, strictness)) return expected('an array');
      return first(value, (item, index) => refusal(bare.element, item, strictness, `${path}[${index}]`));
    case 'set':
      if (!types.isSet(value)) return expected('a Set');
      return first([...value], (item, index) => refusal(bare.element, item, strictness, `${path}.values[${index}]`));
    case 'map':
      if (!types.isMap(value)) return expected('a Map');
      return first(
        [...value],
        ([key, item], index) =>
          refusal(bare.key, key, strictness, `${path}.keys[${index}]`) ??
          refusal(bare.value, item, strictness, `${path}.values[${index}]`),
      );
    case 'tuple':
      return tupleRefusal(bare, value, strictness, path);
    case 'object':
      return objectRefusal(bare, value, strictness, path);
    case 'union':
      return members(bare).some((member) => refusal(member, value, strictness, path) === undefined)
        ? undefined
        : expected('a member of the union');
    case 'parameter':
      throw new Error('a generic is not instantiated');
  }
}

export function accepts(type: Type, value: unknown, strictness: Strictness): boolean {
  return refusal(type, value, strictness) === undefined;
}

/** No lone surrogates, no NUL. */
export function isText(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

function tupleRefusal(type: TupleType, value: unknown, strictness: Strictness, path: string): string | undefined {
  if (!isArray(value, strictness)) return `${path}: ${describe(value)} is not a tuple`;
  const { positions, rest } = type;
  const required = positions.filter((position) => !position.optional && !admits(position.type, 'undefined')).length;
  if (value.length < required) return `${path}: ${value.length} elements, ${required} expected`;
  if (rest === undefined && value.length > positions.length) {
    return `${path}: ${value.length} elements, at most ${positions.length} expected`;
  }
  return first(value, (item, index) => {
    const position = positions[index];
    if (position?.optional && item === undefined) return undefined;
    return refusal(position?.type ?? rest!, item, strictness, `${path}[${index}]`);
  });
}

function objectRefusal(type: ObjectType, value: unknown, strictness: Strictness, path: string): string | undefined {
  if (typeof value !== 'object' || value === null) return `${path}: ${describe(value)} is not an object`;
  if (strictness.as === 'decoded') {
    if (!isPlain(value)) return `${path}: ${describe(value)} is not a plain object`;
    const names = new Set(type.fields.map((field) => field.name));
    for (const key of Reflect.ownKeys(value)) {
      if (typeof key !== 'string' || (type.rest === undefined && !names.has(key))) {
        return `${path}: the property ${String(key)} is not declared`;
      }
      const property = Object.getOwnPropertyDescriptor(value, key)!;
      if (!('value' in property) || !property.enumerable || !property.writable) {
        return `${path}: the property ${key} is no ordinary one`;
      }
    }
  }
  for (const { name, type: fieldType, optional } of type.fields) {
    const item = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
    if (!Object.hasOwn(value, name)) {
      if (optional || (strictness.as === 'given' && admits(fieldType, 'undefined'))) continue;
      return `${path}: the property ${name} is missing`;
    }
    if (strictness.as === 'given' && item === undefined && optional) continue;
    const refused = refusal(fieldType, item, strictness, `${path}.${name}`);
    if (refused !== undefined) return refused;
  }
  if (type.rest === undefined) return undefined;
  const declared = new Set(type.fields.map((field) => field.name));
  for (const key of Object.keys(value)) {
    if (declared.has(key)) continue;
    if (key === '__proto__' || !isText(key)) return `${path}: the key ${JSON.stringify(key)} is refused`;
    const item = (value as Record<string, unknown>)[key];
    if (strictness.as === 'given' && item === undefined) continue;
    const refused = refusal(type.rest, item, strictness, `${path}[${key}]`);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

/** JSON data: also numbers that are not finite. */
function jsonRefusal(value: unknown, strictness: Strictness, path: string, depth: number): string | undefined {
  if (depth > 64) return `${path}: too deep`;
  if (value === null || typeof value === 'boolean' || typeof value === 'number') return undefined;
  if (typeof value === 'string') return isText(value) ? undefined : `${path}: no text`;
  if (Array.isArray(value)) {
    return first(value, (item, index) => jsonRefusal(item, strictness, `${path}[${index}]`, depth + 1));
  }
  if (typeof value !== 'object' || !isPlain(value)) return `${path}: ${describe(value)} is no JSON data`;
  return first(Object.keys(value), (key) => {
    if (key === '__proto__' || !isText(key)) return `${path}: the key ${JSON.stringify(key)} is refused`;
    const item = (value as Record<string, unknown>)[key];
    if (item === undefined && strictness.as === 'given') return undefined;
    // Who merges such an object would change what others inherit.
    if (key === 'constructor' && typeof item === 'object' && item !== null && Object.hasOwn(item, 'prototype')) {
      return `${path}.constructor: a prototype`;
    }
    return jsonRefusal(item, strictness, `${path}.${key}`, depth + 1);
  });
}

function inRange(scalar: keyof typeof ranges | 'Float32' | 'Float64', value: number): boolean {
  if (scalar === 'Float64') return true;
  if (scalar === 'Float32') return Object.is(Math.fround(value), value);
  const [low, high] = ranges[scalar];
  return Number.isInteger(value) && value >= low && value <= high;
}

function isArray(value: unknown, strictness: Strictness): value is unknown[] {
  if (!Array.isArray(value)) return false;
  if (strictness.as === 'given') return true;
  // No holes and no further properties: as many keys as elements, and `length`.
  return prototypeOf(value) === Array.prototype && Reflect.ownKeys(value).length === value.length + 1;
}

function isPlain(value: object): boolean {
  const prototype = prototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function prototypeOf(value: object): unknown {
  return Object.getPrototypeOf(value);
}

function first<T>(items: readonly T[], problem: (item: T, index: number) => string | undefined): string | undefined {
  for (let index = 0; index < items.length; index++) {
    const found = problem(items[index]!, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'object' && value !== null) return Object.prototype.toString.call(value);
  return typeof value === 'bigint' ? `${value}n` : String(value);
}
