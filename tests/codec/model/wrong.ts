// Values that are not of a type, though nearly: one thing at one place is replaced.
import { accepts, decoded, given, refusal } from './accepts.ts';
import { Random } from './random.ts';
import { members, resolved, type Type } from './types.ts';

export interface Wrong {
  value: unknown;
  /** Where it was spoiled, below the root. */
  path: string;
  /** The error must name that place: no union on the way could shift the blame. */
  exact: boolean;
}

/** A wrong value made of a right one; undefined where this try did not make it wrong. */
export function spoiled(type: Type, value: unknown, random: Random): Wrong | undefined {
  const place: Place = { path: '', exact: true };
  const wrong = spoil(type, value, random, place);
  if (refusal(type, wrong, given) === undefined) return undefined;
  return { value: wrong, ...place };
}

interface Place {
  path: string;
  exact: boolean;
}

function spoil(type: Type, value: unknown, random: Random, place: Place): unknown {
  const bare = resolved(type);
  if (bare.kind === 'union') {
    place.exact = false;
    const member = members(bare).find((candidate) => accepts(candidate, value, decoded));
    return member === undefined ? replacement(random) : spoil(member, value, random, place);
  }
  // An absent element of a tuple is undefined.
  if (value === undefined || random.chance(0.25)) return replacement(random);
  const inside = (inner: Type, item: unknown, step: string) => {
    place.path += step;
    return spoil(inner, item, random, place);
  };
  switch (bare.kind) {
    case 'array': {
      const items = [...(value as unknown[])];
      if (items.length === 0) {
        place.path += '[0]';
        return [replacement(random)];
      }
      const index = random.below(items.length);
      items[index] = inside(bare.element, items[index], `[${index}]`);
      return items;
    }
    case 'tuple': {
      const items = [...(value as unknown[])];
      const change = random.below(4);
      place.exact &&= change > 1;
      if (change === 0) return items.slice(0, -1);
      if (change === 1) return [...items, replacement(random)];
      if (items.length === 0) return replacement(random);
      const index = random.below(items.length);
      const inner = bare.positions[index]?.type ?? bare.rest!;
      items[index] = inside(inner, items[index], `[${index}]`);
      return items;
    }
    case 'set': {
      const items = [...(value as Set<unknown>)];
      place.exact = false;
      if (items.length === 0) return new Set([replacement(random)]);
      const index = random.below(items.length);
      items[index] = inside(bare.element, items[index], `[${index}]`);
      return new Set(items);
    }
    case 'map': {
      const entries = [...(value as Map<unknown, unknown>)].map(([key, item]) => [key, item] as [unknown, unknown]);
      place.exact = false;
      if (entries.length === 0) return new Map([[replacement(random), replacement(random)]]);
      const entry = random.pick(entries);
      if (random.chance(0.3)) entry[0] = spoil(bare.key, entry[0], random, place);
      else entry[1] = spoil(bare.value, entry[1], random, place);
      return new Map(entries);
    }
    case 'object': {
      const names = Object.keys(value as object);
      const copy = { ...(value as Record<string, unknown>) };
      if (names.length === 0) return replacement(random);
      const name = random.pick(names);
      const field = bare.fields.find((candidate) => candidate.name === name);
      place.exact &&= /^[a-z]+$/i.test(name);
      if (field !== undefined && random.chance(0.2)) {
        place.path += `.${name}`;
        delete copy[name];
        return copy;
      }
      copy[name] = inside(field?.type ?? bare.rest!, copy[name], `.${name}`);
      return copy;
    }
    default:
      return replacement(random);
  }
}

/** Of every kind that JavaScript has; for each, some type takes it for its own. */
function replacement(random: Random): unknown {
  return random.pick(replacements)();
}

const replacements: readonly (() => unknown)[] = [
  () => undefined,
  () => null,
  () => true,
  () => false,
  () => 0,
  () => 0.5,
  () => -1,
  () => 256,
  () => 2 ** 31,
  () => 2 ** 53,
  () => NaN,
  () => Infinity,
  () => 0n,
  () => -1n,
  () => 2n ** 63n,
  () => -(2n ** 63n) - 1n,
  () => 2n ** 64n,
  () => '',
  () => 'wrong',
  () => '1',
  () => 'lone \uD800',
  () => '\uDC00 lone',
  () => '\uD83D',
  () => 'nul \0',
  () => 'x'.repeat(100) + '\uDFFF',
  () => Symbol('wrong'),
  () => () => 1,
  () => ({}),
  () => ({ wrong: 1 }),
  () => ({ length: 0 }),
  () => [],
  () => [1],
  () => ['wrong'],
  () => [null],
  () => [undefined],
  () => [[]],
  () => new Map(),
  () => new Map([['wrong', 1]]),
  () => new Set(),
  () => new Set(['wrong']),
  () => new Date(NaN),
  () => new Date(0),
  () => new Uint8Array(2),
  () => new Uint16Array(2),
  () => new ArrayBuffer(2),
  () => new String('wrong'),
  () => new Number(1),
  () => new Boolean(true),
  () => Object(1n),
  () => /wrong/,
  () => new Error('wrong'),
  () => Promise.resolve(1),
  () => new WeakMap(),
  () => Object.create(null),
  () => Object.create(Date.prototype),
  () => Object.create(Map.prototype),
];
