// What a type means, apart from how the source spells it.

export type Scalar =
  | 'Int8' | 'Int16' | 'Int32' | 'Int64'
  | 'Uint8' | 'Uint16' | 'Uint32' | 'Uint64'
  | 'Float32' | 'Float64';

export type Literal = string | number | boolean | bigint;

export type Type =
  | { kind: 'string' | 'boolean' | 'date' | 'bytes' | 'unknown' | 'null' | 'undefined' }
  | { kind: 'number'; scalar: Scalar }
  | { kind: 'bigint'; unsigned?: boolean }
  | { kind: 'literals'; values: readonly Literal[] }
  | { kind: 'array' | 'set'; element: Type }
  | { kind: 'map'; key: Type; value: Type }
  | TupleType
  | ObjectType
  | { kind: 'union'; members: readonly Type[] }
  /** A declaration, looked up late: it may contain itself. */
  | { kind: 'named'; name: string; declaration: { type: Type | undefined } }
  /** A type parameter, before a generic is instantiated. */
  | { kind: 'parameter'; index: number };

export interface ObjectType {
  kind: 'object';
  fields: readonly Field[];
  /** Values under other keys. */
  rest?: Type;
  /** Those keys are numbers: `Record<number, T>`. */
  numeric?: boolean;
}

export interface Field {
  name: string;
  type: Type;
  optional: boolean;
}

export interface TupleType {
  kind: 'tuple';
  positions: readonly { type: Type; optional: boolean }[];
  rest?: Type;
}

/** A type with its text in the source. */
export interface Spelled {
  type: Type;
  text: string;
}

/** Follows names. */
export function resolved(type: Type): Exclude<Type, { kind: 'named' }> {
  while (type.kind === 'named') {
    if (type.declaration.type === undefined) throw new Error(`${type.name} is not declared yet`);
    type = type.declaration.type;
  }
  return type;
}

/** The members of a union, of unions in it too; else the type itself. */
export function members(type: Type): Type[] {
  const bare = resolved(type);
  return bare.kind === 'union' ? bare.members.flatMap(members) : [bare];
}

/** Is one of the type's members of a kind? `unknown` is undefined, too, though no JSON data is. */
export function admits(type: Type, kind: Type['kind']): boolean {
  return members(type).some((member) => member.kind === kind || (kind === 'undefined' && member.kind === 'unknown'));
}

/**
 * Is undefined in a field something else than its absence? Where the field may be absent, it is only
 * when the type says `undefined`: `a?: T | undefined`.
 */
export function keepsUndefined({ type, optional }: Pick<Field, 'type' | 'optional'>): boolean {
  return optional ? members(type).some((member) => member.kind === 'undefined') : admits(type, 'undefined');
}

/** A generic's type with arguments for its parameters. */
export function instantiate(type: Type, args: readonly Type[]): Type {
  const of = (inner: Type) => instantiate(inner, args);
  switch (type.kind) {
    case 'parameter':
      return args[type.index]!;
    case 'array':
    case 'set':
      return { ...type, element: of(type.element) };
    case 'map':
      return { ...type, key: of(type.key), value: of(type.value) };
    case 'union':
      return { ...type, members: type.members.map(of) };
    case 'tuple':
      return {
        ...type,
        positions: type.positions.map((position) => ({ ...position, type: of(position.type) })),
        ...(type.rest && { rest: of(type.rest) }),
      };
    case 'object':
      return {
        ...type,
        fields: type.fields.map((field) => ({ ...field, type: of(field.type) })),
        ...(type.rest && { rest: of(type.rest) }),
      };
    default:
      return type;
  }
}

/** Least and greatest of the whole-number scalars, as numbers. */
export const ranges: Record<Exclude<Scalar, 'Float32' | 'Float64'>, readonly [number, number]> = {
  Int8: [-128, 127],
  Int16: [-32768, 32767],
  Int32: [-(2 ** 31), 2 ** 31 - 1],
  Int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  Uint8: [0, 255],
  Uint16: [0, 65535],
  Uint32: [0, 2 ** 32 - 1],
  Uint64: [0, Number.MAX_SAFE_INTEGER],
};

/** The same of bigints. */
export function bigints(unsigned = false): readonly [bigint, bigint] {
  return unsigned ? [0n, 2n ** 64n - 1n] : [-(2n ** 63n), 2n ** 63n - 1n];
}
