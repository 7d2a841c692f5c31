// JSON that is not of a type.
import { Random } from './random.ts';
import { bigints, members, ranges, resolved, type Type } from './types.ts';

/** JSON with one thing at one place replaced. */
export function spoiledJson(json: unknown, random: Random): unknown {
  if (random.chance(0.3)) return random.pick(replacements);
  if (Array.isArray(json) && json.length > 0) {
    const items = [...(json as unknown[])];
    const index = random.below(items.length);
    switch (random.below(6)) {
      case 0:
        return items.toSpliced(index, 1);
      case 1:
        return items.toSpliced(index, 0, random.pick(replacements));
      default:
        return items.with(index, spoiledJson(items[index], random));
    }
  }
  if (typeof json === 'object' && json !== null && Object.keys(json).length > 0) {
    const entries = Object.entries(json);
    const index = random.below(entries.length);
    const [name, value] = entries[index]!;
    switch (random.below(6)) {
      case 0:
        return Object.fromEntries(entries.toSpliced(index, 1));
      case 1:
        return JSON.parse(JSON.stringify(Object.fromEntries(entries)).replace('{', '{"__proto__":{"a":1},')) as unknown;
      default:
        return Object.fromEntries(entries.with(index, [name, spoiledJson(value, random)]));
    }
  }
  return random.pick(replacements);
}

/**
 * Is this beyond doubt no JSON of the type? Where the description leaves room (may a bigint be
 * written as a number?), the answer is no.
 */
export function jsonRefused(type: Type, json: unknown): boolean {
  const bare = resolved(type);
  const each = (inner: Type, items: readonly unknown[]) => items.some((item) => jsonRefused(inner, item));
  switch (bare.kind) {
    case 'null':
    case 'undefined':
      return json !== null && json !== undefined;
    case 'boolean':
      return typeof json !== 'boolean';
    case 'string':
      return typeof json !== 'string' || !json.isWellFormed() || json.includes('\0');
    case 'number': {
      if (typeof json !== 'number') return true;
      if (bare.scalar === 'Float64' || bare.scalar === 'Float32') return false;
      const [low, high] = ranges[bare.scalar];
      return !Number.isInteger(json) || json < low || json > high;
    }
    case 'bigint': {
      if (typeof json === 'number') return false;
      if (typeof json !== 'string' || !/^-?\d+$/.test(json)) return true;
      const [low, high] = bigints(bare.unsigned);
      return BigInt(json) < low || BigInt(json) > high;
    }
    case 'date':
      return typeof json !== 'string' || !/^[+-]?\d{4,6}-\d\d-\d\d[Tt ]/.test(json) || Number.isNaN(Date.parse(json));
    case 'bytes':
      return typeof json !== 'string' || !/^[\w+/=-]*$/.test(json);
    case 'literals':
      return !bare.values.some((value) => value === json || (typeof value === 'bigint' && (typeof json === 'number' || typeof json === 'string') && String(value) === String(json)));
    case 'unknown':
      return false;
    case 'array':
    case 'set':
      return !Array.isArray(json) || each(bare.element, json);
    case 'map':
      return !Array.isArray(json) || json.some(
        (pair) => !Array.isArray(pair) || pair.length > 2 || jsonRefused(bare.key, pair[0]) || jsonRefused(bare.value, pair[1]),
      );
    case 'tuple':
      if (!Array.isArray(json)) return true;
      if (bare.rest === undefined && json.length > bare.positions.length) return true;
      if (bare.positions.some((position, index) => !position.optional && index >= json.length && jsonRefused(position.type, undefined))) return true;
      return json.some((item, index) => {
        const position = bare.positions[index];
        if (position?.optional && item === null) return false;
        return jsonRefused(position?.type ?? bare.rest!, item);
      });
    case 'object': {
      if (typeof json !== 'object' || json === null || Array.isArray(json)) return true;
      if (Object.hasOwn(json, '__proto__')) return true;
      const own = json as Record<string, unknown>;
      for (const { name, type: fieldType, optional } of bare.fields) {
        if (!Object.hasOwn(own, name)) {
          if (!optional && jsonRefused(fieldType, undefined)) return true;
        } else if (!(optional && own[name] === null) && jsonRefused(fieldType, own[name])) {
          return true;
        }
      }
      const declared = new Set(bare.fields.map((field) => field.name));
      const others = Object.keys(own).filter((name) => !declared.has(name));
      // A closed schema: what is not declared is refused.
      return bare.rest === undefined ? others.length > 0 : each(bare.rest, others.map((name) => own[name]));
    }
    case 'union':
      return members(bare).every((member) => jsonRefused(member, json));
    case 'parameter':
      throw new Error('a generic is not instantiated');
  }
}

const replacements: readonly unknown[] = [
  null, true, false, 0, 0.5, -1, 300, 2 ** 40, 1e300, '', 'wrong', '12', '-1', '99999999999999999999', '1.5', '2026-02-30T00:00:00Z', '2026-13-01T00:00:00Z',
  '2026-01-01', 'AA==', 'A', '!', 'lone \uD800', 'nul \0', [], [1], [[]], [['a', 1]], [[1]], {}, { wrong: 1 }, [null], [null, null], ['a', 'a'],
];
