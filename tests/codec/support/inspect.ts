// A reader of FlatBuffers by their schema that takes nothing on trust: every offset, every
// alignment, every presence is checked against the format's description.
import { Flex } from './flex.ts';
import { idCount, type Schema, type SchemaField } from './schema.ts';

/** What a buffer holds, before TypeScript's types come into it. */
export interface Table {
  table: string;
  fields: Map<string, Content>;
}

export interface Member {
  member: string;
  tag: number;
  content: Table;
}

export type Content = number | bigint | boolean | string | Uint8Array | Flex | Table | Member | Content[];

const sizes: Record<string, number> = {
  bool: 1, byte: 1, ubyte: 1, short: 2, ushort: 2, int: 4, uint: 4, float: 4, long: 8, ulong: 8, double: 8,
};

export function inspect(schema: Schema, root: string, bytes: Uint8Array): Table {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  need(bytes.length >= 8, 'a buffer has at least a root offset and a vtable', 0);
  return table(root, follow(0));

  function need(condition: boolean, rule: string, at: number): asserts condition {
    if (!condition) throw new Error(`at byte ${at} of ${bytes.length}: ${rule}`);
  }

  function room(at: number, size: number): void {
    need(at >= 0 && at + size <= bytes.length, `${size} bytes do not fit`, at);
  }

  function follow(at: number): number {
    room(at, 4);
    need(at % 4 === 0, 'an offset is aligned', at);
    const offset = view.getUint32(at, true);
    need(offset > 0 && offset < 2 ** 31, 'an offset points forward', at);
    return at + offset;
  }

  function table(name: string, at: number): Table {
    const fields = schema.tables.get(name);
    if (fields === undefined) throw new Error(`there is no table ${name}`);
    room(at, 4);
    need(at % 4 === 0, 'a table is aligned', at);
    const vtable = at - view.getInt32(at, true);
    room(vtable, 4);
    need(vtable % 2 === 0, 'a vtable is aligned', vtable);
    const size = view.getUint16(vtable, true);
    const length = view.getUint16(vtable + 2, true);
    need(size >= 4 && size % 2 === 0, 'a vtable has a whole number of entries', vtable);
    room(vtable, size);
    need(length >= 4, "a table has its vtable's offset", vtable);
    room(at, length);
    for (let id = (size - 4) / 2 - 1; id >= idCount(fields); id--) {
      need(view.getUint16(vtable + 4 + 2 * id, true) === 0, `field ${id} of ${name} is not in the schema`, vtable);
    }
    const place = (id: number) => {
      const offset = 4 + 2 * id < size ? view.getUint16(vtable + 4 + 2 * id, true) : 0;
      return offset === 0 ? undefined : offset;
    };
    const spans: [number, number, string][] = [[0, 4, 'vtable']];
    const found = new Map<string, Content>();
    const types = new Map(fields.filter((field) => schema.unions.has(field.type)).map((field) => [field.id - 1, field]));
    for (const field of fields) {
      const offset = place(field.id);
      if (offset === undefined) continue;
      need(!field.deprecated, `${field.name} of ${name} is no longer in use`, at);
      const width = sizes[field.type] ?? 4;
      need(offset >= 4 && offset + width <= length, `${field.name} lies within its table`, at + offset);
      spans.push([offset, offset + width, field.name]);
      found.set(field.name, content(field, at + offset, () => place(field.id - 1), at));
    }
    for (const [id, field] of types) {
      need((place(id) === undefined) === (place(field.id) === undefined), `${field.name} has a value and a type`, at);
      const offset = place(id);
      if (offset !== undefined) spans.push([offset, offset + 1, `${field.name}'s type`]);
    }
    spans.sort(([left], [right]) => left - right);
    for (let i = 1; i < spans.length; i++) {
      need(spans[i]![0] >= spans[i - 1]![1], `${spans[i]![2]} and ${spans[i - 1]![2]} of ${name} overlap`, at);
    }
    return { table: name, fields: found };
  }

  function content(field: SchemaField, at: number, type: () => number | undefined, start: number): Content {
    if (field.type in sizes) return scalar(field.type, at);
    const union = schema.unions.get(field.type);
    if (union !== undefined) {
      const offset = type();
      need(offset !== undefined, `${field.name} has a type`, at);
      const tag = view.getUint8(start + offset);
      const member = union.get(tag);
      need(member !== undefined, `${field.type} has a member ${tag}`, start + offset);
      return { member, tag, content: table(member, follow(at)) };
    }
    const target = follow(at);
    if (field.type === 'string') return string(target);
    if (!field.type.startsWith('[')) return table(field.type, target);
    const items = vector(field.type.slice(1, -1), target);
    return field.flexbuffer ? new Flex(items as Uint8Array) : items;
  }

  function vector(element: string, at: number): Content {
    room(at, 4);
    need(at % 4 === 0, "a vector's length is aligned", at);
    const count = view.getUint32(at, true);
    const width = sizes[element] ?? 4;
    room(at + 4, count * width);
    need((at + 4) % width === 0 || count === 0, 'elements are aligned', at + 4);
    if (element === 'ubyte') return bytes.slice(at + 4, at + 4 + count);
    return Array.from({ length: count }, (_, index): Content => {
      const place = at + 4 + index * width;
      if (element in sizes) return scalar(element, place);
      return element === 'string' ? string(follow(place)) : table(element, follow(place));
    });
  }

  function string(at: number): string {
    room(at, 4);
    const length = view.getUint32(at, true);
    room(at + 4, length + 1);
    need(bytes[at + 4 + length] === 0, 'a string ends with a zero', at + 4 + length);
    return decoder.decode(bytes.subarray(at + 4, at + 4 + length));
  }

  function scalar(type: string, at: number): Content {
    room(at, sizes[type]!);
    need(at % sizes[type]! === 0, `a ${type} is aligned`, at);
    switch (type) {
      case 'bool':
        need(view.getUint8(at) <= 1, 'a bool is 0 or 1', at);
        return view.getUint8(at) === 1;
      case 'byte':
        return view.getInt8(at);
      case 'ubyte':
        return view.getUint8(at);
      case 'short':
        return view.getInt16(at, true);
      case 'ushort':
        return view.getUint16(at, true);
      case 'int':
        return view.getInt32(at, true);
      case 'uint':
        return view.getUint32(at, true);
      case 'float':
        return view.getFloat32(at, true);
      case 'long':
        return view.getBigInt64(at, true);
      case 'ulong':
        return view.getBigUint64(at, true);
      default:
        return view.getFloat64(at, true);
    }
  }
}
