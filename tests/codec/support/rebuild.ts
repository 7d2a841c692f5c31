// Writes a buffer anew with the npm package `flatbuffers`, as a client in another language would:
// children before parents, back to front, vtables shared, strings not.
import { Builder } from 'flatbuffers';
import { Flex } from './flex.ts';
import type { Content, Member, Table } from './inspect.ts';
import { idCount, type Schema, type SchemaField } from './schema.ts';

export interface Rebuilding {
  /** Writes what is one object in memory once, and points to it from everywhere. */
  share?: boolean;
}

export function rebuild(schema: Schema, root: Table, { share = false }: Rebuilding = {}): Uint8Array {
  const builder = new Builder(64);
  const written = new Map<unknown, number>();
  builder.finish(table(root));
  return builder.asUint8Array().slice();

  function once(content: unknown, write: () => number): number {
    const known = share ? written.get(content) : undefined;
    const offset = known ?? write();
    written.set(content, offset);
    return offset;
  }

  function table(content: Table): number {
    return once(content, () => tableOf(content));
  }

  function tableOf({ table: name, fields }: Table): number {
    const declared = schema.tables.get(name)!;
    const offsets = new Map<string, number>();
    for (const field of declared) {
      const content = fields.get(field.name);
      if (content !== undefined && !(field.type in writers)) offsets.set(field.name, child(field, content));
    }
    builder.startObject(idCount(declared));
    for (const field of declared) {
      const content = fields.get(field.name);
      if (content === undefined) continue;
      const write = writers[field.type];
      if (write !== undefined) {
        // Written even where it is the default of a field in another schema.
        builder.forceDefaults(true);
        write(builder, field.id, content);
        builder.forceDefaults(false);
        continue;
      }
      if (schema.unions.has(field.type)) {
        builder.forceDefaults(true);
        builder.addFieldInt8(field.id - 1, (content as Member).tag, 0);
        builder.forceDefaults(false);
      }
      builder.addFieldOffset(field.id, offsets.get(field.name)!, 0);
    }
    return builder.endObject();
  }

  function string(content: string): number {
    return once(content, () => builder.createString(content));
  }

  function child(field: SchemaField, content: Content): number {
    if (schema.unions.has(field.type)) return table((content as Member).content);
    if (field.type === 'string') return string(content as string);
    if (!field.type.startsWith('[')) return table(content as Table);
    return once(content, () => vector(field.type.slice(1, -1), content));
  }

  function vector(element: string, content: Content): number {
    if (element === 'ubyte') return builder.createByteVector(content instanceof Flex ? content.bytes : (content as Uint8Array));
    const items = content as Content[];
    if (element in vectors) {
      const [size, add] = vectors[element]!;
      builder.startVector(size, items.length, size);
      for (const item of items.toReversed()) add(builder, item);
      return builder.endVector();
    }
    const offsets = items.map((item) => (element === 'string' ? string(item as string) : table(item as Table)));
    builder.startVector(4, offsets.length, 4);
    for (const offset of offsets.toReversed()) builder.addOffset(offset);
    return builder.endVector();
  }
}

type Write = (builder: Builder, id: number, content: Content) => void;

const writers: Record<string, Write> = {
  bool: (builder, id, content) => builder.addFieldInt8(id, content ? 1 : 0, 0),
  byte: (builder, id, content) => builder.addFieldInt8(id, content as number, 0),
  ubyte: (builder, id, content) => builder.addFieldInt8(id, content as number, 0),
  short: (builder, id, content) => builder.addFieldInt16(id, content as number, 0),
  ushort: (builder, id, content) => builder.addFieldInt16(id, content as number, 0),
  int: (builder, id, content) => builder.addFieldInt32(id, content as number, 0),
  uint: (builder, id, content) => builder.addFieldInt32(id, content as number, 0),
  float: (builder, id, content) => builder.addFieldFloat32(id, content as number, 0),
  long: (builder, id, content) => builder.addFieldInt64(id, content as bigint, 0n),
  ulong: (builder, id, content) => builder.addFieldInt64(id, content as bigint, 0n),
  double: (builder, id, content) => builder.addFieldFloat64(id, content as number, 0),
};

const vectors: Record<string, [size: number, add: (builder: Builder, content: Content) => void]> = {
  bool: [1, (builder, content) => builder.addInt8(content ? 1 : 0)],
  byte: [1, (builder, content) => builder.addInt8(content as number)],
  short: [2, (builder, content) => builder.addInt16(content as number)],
  ushort: [2, (builder, content) => builder.addInt16(content as number)],
  int: [4, (builder, content) => builder.addInt32(content as number)],
  uint: [4, (builder, content) => builder.addInt32(content as number)],
  float: [4, (builder, content) => builder.addFloat32(content as number)],
  long: [8, (builder, content) => builder.addInt64(content as bigint)],
  ulong: [8, (builder, content) => builder.addInt64(content as bigint)],
  double: [8, (builder, content) => builder.addFloat64(content as number)],
};
