// From what a buffer holds to the TypeScript value, by the manifest's `wire`.
import { readFlex, type Flex } from './flex.ts';
import type { Content, Member, Table } from './inspect.ts';
import type { Schema } from './schema.ts';

/** `wire` of manifest.json. */
export interface Wire {
  objects: Record<string, WireObject>;
  unions: Record<string, { name: string; members: { label: string; shape: WireShape; tag: number }[]; removed?: number[] }>;
  routes: Record<string, { ident: string; request: string; response: string }>;
}

export interface WireObject {
  name: string;
  kind: 'object' | 'tuple' | 'arguments' | 'result';
  fields: (WireSlot & { name: string; optional?: boolean; hidden?: boolean; default?: unknown; id: Ids })[];
  rest?: WireSlot & { id: Ids };
  removed?: number[];
}

interface Ids {
  value: number;
  state?: number;
}

interface WireSlot {
  shape: WireShape;
  null?: boolean;
  undefined?: boolean;
}

type WireShape =
  | 'nothing' | 'boolean' | 'string' | 'date' | 'bytes' | 'unknown'
  | { number: string } | { bigint: string } | { literals: unknown[] }
  | { array: WireSlot } | { set: WireSlot } | { map: [WireSlot, WireSlot] }
  | { object: string } | { union: string };

/** The value of an object; of arguments and a tuple as an array, of a result the result itself. */
export function valueOf(wire: Wire, schema: Schema, key: string, table: Table): unknown {
  return object(key, table);

  function object(objectKey: string, from: Table): unknown {
    const shape = wire.objects[objectKey];
    if (shape === undefined) throw new Error(`there is no ${objectKey} in the manifest`);
    if (shape.name !== from.table) throw new Error(`${objectKey} is ${shape.name}, the schema has ${from.table} there`);
    if (shape.kind === 'object') {
      const entries: [string, unknown][] = [];
      for (const field of shape.fields) {
        const value = slot(field, at(from, field.id));
        if (value !== absent) entries.push([field.name, value]);
      }
      if (shape.rest !== undefined) {
        for (const entry of list(at(from, shape.rest.id).value)) {
          const { value: name } = at(entry as Table, { value: 1 });
          entries.push([name as string, required(shape.rest, at(entry as Table, { value: 4, state: 5 }))]);
        }
      }
      return Object.fromEntries(entries);
    }
    if (shape.kind === 'result') {
      const field = shape.fields[0]!;
      return required(field, at(from, field.id));
    }
    const items: unknown[] = [];
    for (const field of shape.fields) items.push(slot(field, at(from, field.id)));
    if (shape.rest !== undefined) {
      for (const item of list(at(from, shape.rest.id).value)) items.push(element(shape.rest, item));
    }
    while (items.at(-1) === absent) items.pop();
    return items.map((item) => (item === absent ? undefined : item));
  }

  /** Value and state of a field by their ids. */
  function at(from: Table, ids: Ids): { value?: Content; state?: Content } {
    const fields = schema.tables.get(from.table)!;
    const named = (id: number | undefined) => {
      const field = fields.find((candidate) => candidate.id === id);
      return field === undefined ? undefined : from.fields.get(field.name);
    };
    const value = named(ids.value);
    const state = named(ids.state);
    return { ...(value !== undefined && { value }), ...(state !== undefined && { state }) };
  }

  function required(type: WireSlot, content: { value?: Content; state?: Content }): unknown {
    const value = slot(type, content);
    if (value === absent) throw new Error('a required value is absent');
    return value;
  }

  function slot(type: WireSlot, { value, state }: { value?: Content; state?: Content }): unknown {
    if (state !== undefined) {
      if (value !== undefined) throw new Error('a value beside a state');
      if (state === 1 && type.undefined) return undefined;
      if (state === 2 && type.null) return null;
      throw new Error(`state ${String(state)}`);
    }
    return value === undefined ? absent : shaped(type.shape, value);
  }

  /** An element of a vector: itself, or in a wrapper. */
  function element(type: WireSlot, item: Content): unknown {
    if (isDirect(type)) return shaped(type.shape, item);
    const union = typeof type.shape === 'object' && 'union' in type.shape;
    return required(type, at(item as Table, { value: union ? 1 : 0, state: union ? 2 : 1 }));
  }

  function shaped(shape: WireShape, content: Content): unknown {
    switch (shape) {
      case 'boolean':
      case 'string':
      case 'bytes':
        return content;
      case 'date':
        return new Date(Number(content));
      case 'unknown':
        return readFlex(content as Flex);
      case 'nothing':
        throw new Error('a value of nothing');
    }
    if ('number' in shape) return Number(content);
    if ('bigint' in shape) return content;
    if ('literals' in shape) return content;
    if ('array' in shape) return list(content).map((item) => element(shape.array, item));
    if ('set' in shape) return new Set(list(content).map((item) => element(shape.set, item)));
    if ('map' in shape) {
      return new Map(
        list(content).map((entry) => [
          required(shape.map[0], at(entry as Table, { value: 1, state: 2 })),
          required(shape.map[1], at(entry as Table, { value: 4, state: 5 })),
        ]),
      );
    }
    if ('object' in shape) return object(shape.object, content as Table);
    const { tag, content: inner } = content as Member;
    const member = wire.unions[shape.union]!.members.find((candidate) => candidate.tag === tag);
    if (member === undefined) throw new Error(`${shape.union} has no member ${tag}`);
    if (typeof member.shape === 'object' && 'object' in member.shape) return object(member.shape.object, inner);
    return required({ shape: member.shape }, at(inner, { value: 0 }));
  }
}

/** In a vector without a wrapper: scalars, strings, objects, when they cannot be null. */
function isDirect({ shape, null: isNull, undefined: isUndefined }: WireSlot): boolean {
  if (isNull || isUndefined) return false;
  if (shape === 'boolean' || shape === 'string' || shape === 'date') return true;
  return typeof shape === 'object' && ('number' in shape || 'bigint' in shape || 'literals' in shape || 'object' in shape);
}

function list(content: Content | undefined): Content[] {
  if (content === undefined) return [];
  if (content instanceof Uint8Array) return [...content];
  if (!Array.isArray(content)) throw new Error('a vector is expected');
  return content;
}

const absent = Symbol('absent');
