// Other values that mean the same: what an encoder must take, beside what a decoder returns.
import { accepts, decoded } from './accepts.ts';
import { Random } from './random.ts';
import { keepsUndefined, members, resolved, type Type } from './types.ts';

export interface Mask {
  /** Properties that the type does not declare, as a row of a database has them. */
  extra: boolean;
}

export function disguised(type: Type, value: unknown, random: Random, mask: Mask): unknown {
  const bare = resolved(type);
  const inside = (inner: Type, item: unknown) => disguised(inner, item, random, mask);
  switch (bare.kind) {
    case 'union': {
      const all = members(bare);
      const member = all.find((candidate) => accepts(candidate, value, decoded));
      // What is added to one object could make it look like another of the union.
      const objects = all.filter((candidate) => resolved(candidate).kind === 'object').length;
      const inner = objects > 1 ? { extra: false } : mask;
      return member === undefined ? value : disguised(member, value, random, inner);
    }
    case 'array':
      return (value as unknown[]).map((item) => inside(bare.element, item));
    case 'tuple':
      return (value as unknown[]).map((item, index) => {
        const position = bare.positions[index];
        return position?.optional && item === undefined ? undefined : inside(position?.type ?? bare.rest!, item);
      });
    case 'set':
      return new Set([...(value as Set<unknown>)].map((item) => inside(bare.element, item)));
    case 'map':
      return new Map([...(value as Map<unknown, unknown>)].map(([key, item]) => [key, inside(bare.value, item)]));
    case 'bytes': {
      const bytes = value as Uint8Array;
      return random.pick([
        () => Buffer.from(bytes),
        () => new Uint8Array([9, ...bytes, 9]).subarray(1, bytes.length + 1),
        () => bytes,
      ])();
    }
    case 'date':
      return random.chance(0.3) ? new (class Moment extends Date {})(value as Date) : value;
    case 'object': {
      const own = value as Record<string, unknown>;
      const entries = Object.entries(own).map(([name, item]): [string, unknown] => {
        const field = bare.fields.find((candidate) => candidate.name === name);
        return [name, inside(field?.type ?? bare.rest!, item)];
      });
      for (const field of bare.fields) {
        // Said to be undefined where the type does not know undefined: absent.
        if (field.optional && !Object.hasOwn(own, field.name) && !keepsUndefined(field) && random.chance(0.3)) {
          entries.push([field.name, undefined]);
        }
      }
      if (mask.extra && bare.rest === undefined && random.chance(0.5)) {
        const declared = new Set(bare.fields.map((field) => field.name));
        const more: [string, unknown][] = [['passwordHash', 'secret'], ['__v', 3], ['method', () => 1], ['zzz', Symbol('no data')]];
        entries.push(...more.filter(([name]) => !declared.has(name)));
      }
      const mixed = bare.rest === undefined && random.chance(0.3) ? random.shuffled(entries) : entries;
      return random.pick([plain, plain, withoutPrototype, instance, frozen, sealedGetters])(mixed);
    }
    default:
      return value;
  }
}

type Entries = readonly (readonly [string, unknown])[];

function plain(entries: Entries): object {
  return Object.fromEntries(entries);
}

function frozen(entries: Entries): object {
  return Object.freeze(Object.fromEntries(entries));
}

function withoutPrototype(entries: Entries): object {
  return define(Object.create(null) as object, entries);
}

class Row {
  method(): number {
    return 1;
  }
}

function instance(entries: Entries): object {
  return define(new Row(), entries);
}

function sealedGetters(entries: Entries): object {
  const target = {};
  for (const [name, value] of entries) Object.defineProperty(target, name, { get: () => value, enumerable: true });
  return target;
}

function define(target: object, entries: Entries): object {
  for (const [name, value] of entries) {
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
  }
  return target;
}
