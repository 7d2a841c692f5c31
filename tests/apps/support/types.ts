// Random types, small changes to them, and random values of them.

/** Numbers from a seed: below `n`, and whether something of probability `p` happens. */
export class Random {
  #state: number;
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }
  below(n: number): number {
    return Math.floor(this.next() * n);
  }
  chance(p: number): boolean {
    return this.next() < p;
  }
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}

export type Type =
  | { kind: 'primitive'; name: 'string' | 'number' | 'boolean' | 'bigint' | 'Date' | 'Uint8Array' }
  | { kind: 'literals'; values: (string | number)[] }
  | { kind: 'array' | 'set'; element: Type }
  | { kind: 'map'; key: Type; value: Type }
  | { kind: 'record'; value: Type }
  | { kind: 'tuple'; elements: Type[] }
  | ObjectType
  | { kind: 'union'; members: Type[] }
  | { kind: 'nullable' | 'undefinable'; type: Type };

export interface ObjectType {
  kind: 'object';
  name: string;
  fields: Field[];
}

export interface Field {
  name: string;
  optional: boolean;
  /** JSON; for strings and numbers. */
  default?: string;
  type: Type;
}

const PRIMITIVES = ['string', 'number', 'boolean', 'bigint', 'Date', 'Uint8Array'] as const;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f'];
const LABELS = ['red', 'green', 'blue', 'gold'];

export class Types {
  #names = 0;
  constructor(
    readonly random: Random,
    readonly prefix: string,
  ) {}

  type(depth: number): Type {
    const { random } = this;
    const kinds = ['primitive', 'primitive', 'text', 'literals', 'nullable'];
    if (depth > 0) kinds.push('array', 'object', 'object', 'union', 'tuple', 'map', 'record', 'set', 'undefinable');
    const kind = random.pick(kinds);
    switch (kind) {
      case 'text':
        return { kind: 'primitive', name: random.pick(['string', 'number']) };
      case 'literals':
        return { kind, values: this.literals() };
      case 'nullable':
      case 'undefinable': {
        const type = this.type(Math.max(0, depth - 1));
        return type.kind === 'nullable' || type.kind === 'undefinable' ? type : { kind, type };
      }
      case 'array':
        return { kind, element: this.type(depth - 1) };
      case 'set':
        return { kind, element: { kind: 'primitive', name: random.pick(['string', 'number', 'bigint']) } };
      case 'map':
        return { kind, key: { kind: 'primitive', name: random.pick(['string', 'number']) }, value: this.type(depth - 1) };
      case 'record':
        return { kind, value: this.type(depth - 1) };
      case 'tuple':
        return { kind, elements: [this.type(depth - 1), this.type(depth - 1)] };
      case 'object':
        return this.object(depth);
      case 'union':
        return { kind, members: [this.tagged('one', depth), this.tagged('two', depth), this.tagged('three', depth)].slice(random.below(2)) };
      default:
        return { kind: 'primitive', name: random.pick(PRIMITIVES) };
    }
  }

  object(depth: number): ObjectType {
    const fields = NAMES.filter(() => this.random.chance(0.5)).map((name) => this.field(name, depth));
    return { kind: 'object', name: `${this.prefix}${this.#names++}`, fields };
  }

  field(name: string, depth: number): Field {
    const type = this.type(depth - 1);
    const field: Field = { name, optional: this.random.chance(0.3), type };
    if (!field.optional && this.random.chance(0.6)) {
      if (type.kind === 'primitive' && type.name === 'string') field.default = '"default"';
      if (type.kind === 'primitive' && type.name === 'number') field.default = '42';
    }
    return field;
  }

  tagged(tag: string, depth: number): ObjectType {
    const object = this.object(depth);
    object.fields = [{ name: 'kind', optional: false, type: { kind: 'literals', values: [tag] } }, ...object.fields];
    return object;
  }

  literals(): (string | number)[] {
    const values = this.random.chance(0.7) ? LABELS : [1, 2, 3, -0.5];
    const some = values.filter(() => this.random.chance(0.6));
    return some.length > 0 ? some : [values[0]!];
  }

  /** The same type with perhaps a small change somewhere. */
  change(type: Type, depth: number): Type {
    const { random } = this;
    if (random.chance(0.04)) {
      const wrapped = type.kind === 'nullable' || type.kind === 'undefinable';
      if (wrapped) return type.type;
      return random.chance(0.5) ? { kind: random.pick(['nullable', 'undefinable']), type } : this.type(depth);
    }
    switch (type.kind) {
      case 'primitive':
        return random.chance(0.05) ? { kind: 'literals', values: this.literals() } : type;
      case 'literals':
        if (random.chance(0.1)) return { kind: 'primitive', name: typeof type.values[0] === 'string' ? 'string' : 'number' };
        // The tag of a union's member stays.
        return type.values.length === 1 || random.chance(0.5) ? type : { kind: 'literals', values: this.literals() };
      case 'array':
        return { kind: 'array', element: this.change(type.element, depth - 1) };
      case 'map':
        return { ...type, value: this.change(type.value, depth - 1) };
      case 'record':
        return { ...type, value: this.change(type.value, depth - 1) };
      case 'tuple':
        return { kind: 'tuple', elements: type.elements.map((element) => this.change(element, depth - 1)) };
      case 'union': {
        const members = type.members.map((member) => this.change(member, depth - 1)).filter((member) => member.kind === 'object');
        if (random.chance(0.15)) members.push(this.tagged('four', depth - 1));
        if (random.chance(0.15) && members.length > 2) members.splice(random.below(members.length), 1);
        return members.length < 2 ? type : { kind: 'union', members };
      }
      case 'nullable':
      case 'undefinable': {
        const inner = this.change(type.type, depth - 1);
        return inner.kind === 'nullable' || inner.kind === 'undefinable' ? inner : { kind: type.kind, type: inner };
      }
      case 'object':
        return this.changeObject(type, depth);
      default:
        return type;
    }
  }

  changeObject(type: ObjectType, depth: number): ObjectType {
    const { random } = this;
    const isTag = (field: Field): boolean => field.name === 'kind';
    let fields = type.fields.map((field) => {
      if (isTag(field)) return field;
      const changed = { ...field, type: this.change(field.type, depth - 1) };
      if (random.chance(0.1)) changed.optional = !changed.optional;
      if (changed.optional || !isDefault(changed)) delete changed.default;
      return changed;
    });
    if (random.chance(0.15)) fields = fields.filter((field) => isTag(field) || random.chance(0.8));
    const free = NAMES.filter((name) => !fields.some((field) => field.name === name));
    if (random.chance(0.2) && free.length > 0) fields.push(this.field(random.pick(free), depth));
    if (random.chance(0.3)) fields.sort((one, other) => other.name.localeCompare(one.name));
    const name = random.chance(0.1) ? `${this.prefix}New${this.#names++}` : type.name;
    return { kind: 'object', name, fields };
  }
}

function isDefault({ type, default: value }: Field): boolean {
  return type.kind === 'primitive' && type.name === typeof JSON.parse(value ?? 'null');
}

/** The type as TypeScript; its interfaces are added to `declarations`. */
export function written(type: Type, declarations: Map<string, string>): string {
  const inner = (type: Type) => written(type, declarations);
  switch (type.kind) {
    case 'primitive':
      return type.name;
    case 'literals':
      return type.values.map((value) => JSON.stringify(value)).join(' | ');
    case 'array':
      return `(${inner(type.element)})[]`;
    case 'set':
      return `Set<${inner(type.element)}>`;
    case 'map':
      return `Map<${inner(type.key)}, ${inner(type.value)}>`;
    case 'record':
      return `Record<string, ${inner(type.value)}>`;
    case 'tuple':
      return `[${type.elements.map(inner).join(', ')}]`;
    case 'union':
      return type.members.map(inner).join(' | ');
    case 'nullable':
      return `${inner(type.type)} | null`;
    case 'undefinable':
      return `${inner(type.type)} | undefined`;
    case 'object': {
      const fields = type.fields.map((field) => {
        const text = field.default === undefined ? '' : `  /** @default ${field.default} */\n`;
        return `${text}  ${field.name}${field.optional ? '?' : ''}: ${inner(field.type)};\n`;
      });
      declarations.set(type.name, `export interface ${type.name} {\n${fields.join('')}}\n`);
      return type.name;
    }
  }
}

/** A value of the type. */
export function value(type: Type, random: Random): unknown {
  const some = (type: Type) => Array.from({ length: random.below(4) }, () => value(type, random));
  switch (type.kind) {
    case 'primitive':
      return primitive(type.name, random);
    case 'literals':
      return random.pick(type.values);
    case 'array':
      return some(type.element);
    case 'set':
      return new Set(some(type.element));
    case 'map':
      return new Map(some(type.key).map((key) => [key, value(type.value, random)]));
    case 'record':
      return Object.fromEntries(['x', 'y', 'ü z'].slice(random.below(4)).map((key) => [key, value(type.value, random)]));
    case 'tuple':
      return type.elements.map((element) => value(element, random));
    case 'union':
      return value(random.pick(type.members), random);
    case 'nullable':
      return random.chance(0.3) ? null : value(type.type, random);
    case 'undefinable':
      return random.chance(0.3) ? undefined : value(type.type, random);
    case 'object': {
      const object: Record<string, unknown> = {};
      for (const field of type.fields) {
        if (field.optional && random.chance(0.4)) continue;
        // To an optional field undefined means absent.
        const given = value(field.type, random);
        if (given !== undefined || !field.optional) object[field.name] = given;
      }
      return object;
    }
  }
}

function primitive(name: string, random: Random): unknown {
  switch (name) {
    case 'string':
      return random.pick(['', 'a', 'häß', '🙂', 'text of some length']);
    case 'number':
      return random.pick([0, -0, 1, -1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY]);
    case 'boolean':
      return random.chance(0.5);
    case 'bigint':
      return random.pick([0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)]);
    case 'Date':
      return new Date(random.pick([0, 1e12, -1]));
    default:
      return new Uint8Array(random.below(5)).map((_, index) => index * 50);
  }
}
