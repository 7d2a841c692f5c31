// The JSON form of values, written from its description alone: bigint → decimal string, Date →
// RFC 3339, Uint8Array → base64, Map → array of pairs, Set → array, undefined → absent.
import { accepts, decoded } from './accepts.ts';
import { admits, members, resolved, type Type } from './types.ts';

/** What `writeResponse` must come to after `JSON.stringify`. undefined: nothing at all. */
export function toJson(type: Type, value: unknown): unknown {
  const bare = resolved(type);
  const items = (inner: Type, list: Iterable<unknown>) => [...list].map((item) => toJson(inner, item) ?? null);
  switch (bare.kind) {
    case 'undefined':
      return undefined;
    case 'number':
      return Object.is(value, -0) ? 0 : value;
    case 'bigint':
      return String(value);
    case 'literals':
      return typeof value === 'bigint' ? String(value) : value;
    case 'date':
      return (value as Date).toISOString();
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'unknown':
      return value === undefined ? undefined : JSON.parse(JSON.stringify(value));
    case 'array':
      return items(bare.element, value as unknown[]);
    case 'set':
      return items(bare.element, value as Set<unknown>);
    case 'map':
      return [...(value as Map<unknown, unknown>)].map(([key, item]) => [
        toJson(bare.key, key) ?? null,
        toJson(bare.value, item) ?? null,
      ]);
    case 'tuple':
      return (value as unknown[]).map((item, index) => {
        const position = bare.positions[index];
        if (position?.optional && item === undefined) return null;
        return toJson(position?.type ?? bare.rest!, item) ?? null;
      });
    case 'object':
      return Object.fromEntries(
        Object.entries(value as Record<string, unknown>).flatMap(([name, item]): [string, unknown][] => {
          const json = toJson(bare.fields.find((field) => field.name === name)?.type ?? bare.rest!, item);
          return json === undefined ? [] : [[name, json]];
        }),
      );
    case 'union': {
      const member = members(bare).find((candidate) => accepts(candidate, value, decoded));
      if (member === undefined) throw new Error('no member of the union');
      return toJson(member, value);
    }
    default:
      return value;
  }
}

/**
 * The value after a way through JSON: -0 is 0, and undefined is absent where absent is allowed.
 */
export function throughJson(type: Type, value: unknown): unknown {
  const bare = resolved(type);
  const each = (inner: Type, list: Iterable<unknown>) => [...list].map((item) => throughJson(inner, item));
  switch (bare.kind) {
    case 'number':
      return Object.is(value, -0) ? 0 : value;
    case 'unknown':
      return toJson(bare, value);
    case 'array':
      return each(bare.element, value as unknown[]);
    case 'set':
      return new Set(each(bare.element, value as Set<unknown>));
    case 'map':
      return new Map([...(value as Map<unknown, unknown>)].map(([key, item]) => [throughJson(bare.key, key), throughJson(bare.value, item)]));
    case 'tuple':
      return (value as unknown[]).map((item, index) =>
        item === undefined ? undefined : throughJson(bare.positions[index]?.type ?? bare.rest!, item),
      );
    case 'object':
      return Object.fromEntries(
        Object.entries(value as Record<string, unknown>).flatMap(([name, item]): [string, unknown][] => {
          const field = bare.fields.find((candidate) => candidate.name === name);
          if (item === undefined && (field === undefined || field.optional)) return [];
          return [[name, throughJson(field?.type ?? bare.rest!, item)]];
        }),
      );
    case 'union': {
      const member = members(bare).find((candidate) => accepts(candidate, value, decoded));
      return member === undefined ? value : throughJson(member, value);
    }
    default:
      return value;
  }
}

/** Has JSON a form for the value? It has none for NaN, infinities, and years beyond four digits. */
export function fitsJson(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return true;
  if (value instanceof Date) return value.getUTCFullYear() >= 0 && value.getUTCFullYear() <= 9999;
  if (value instanceof Map) return [...value].every((entry) => entry.every(fitsJson));
  if (value instanceof Set) return [...value].every(fitsJson);
  return Object.values(value).every(fitsJson);
}

/**
 * Does a value's JSON say which value it was? Not where two members of a union look alike there
 * (a string and a date, an array and a set), nor where null and undefined stand in an array.
 */
export function isPlainInJson(type: Type, seen: Set<Type> = new Set()): boolean {
  const bare = resolved(type);
  if (seen.has(bare)) return true;
  seen.add(bare);
  const plain = (inner: Type) => isPlainInJson(inner, seen);
  // In an array null stands for undefined.
  const element = (inner: Type) =>
    plain(inner) && !(admits(inner, 'undefined') && (admits(inner, 'null') || admits(inner, 'unknown')));
  switch (bare.kind) {
    case 'array':
    case 'set':
      return element(bare.element);
    case 'map':
      return element(bare.key) && element(bare.value);
    case 'tuple':
      return [...bare.positions.map((position) => position.type), ...(bare.rest ? [bare.rest] : [])].every(element) &&
        bare.positions.every((position) => !position.optional || !members(position.type).some(({ kind }) => kind === 'null' || kind === 'unknown'));
    case 'object':
      // Under a free key undefined is absent.
      return bare.fields.every((field) => plain(field.type)) && (bare.rest === undefined || plain(bare.rest));
    case 'literals':
      return !(['string', 'bigint'] as const).every((kind) => bare.values.some((value) => typeof value === kind));
    case 'union': {
      const forms = members(bare).flatMap((member) => [...formsOf(member)]);
      return new Set(forms).size === forms.length && members(bare).every(plain);
    }
    default:
      return true;
  }
}

function formsOf(type: Type): Set<string> {
  const bare = resolved(type);
  switch (bare.kind) {
    case 'string':
    case 'bigint':
    case 'date':
    case 'bytes':
      return new Set(['string']);
    case 'array':
    case 'set':
    case 'map':
    case 'tuple':
      return new Set(['array']);
    case 'literals':
      return new Set(bare.values.map((value) => (typeof value === 'bigint' ? 'string' : typeof value)));
    case 'object':
      // Told apart by their properties, in JSON as elsewhere.
      return new Set();
    default:
      return new Set([bare.kind]);
  }
}
