// Random types with their TypeScript source: everything of the supported list, in many spellings.
import { odd, ordinary, written } from './names.ts';
import { Random } from './random.ts';
import {
  admits, instantiate, members, resolved, type Field, type Literal, type ObjectType, type Scalar, type Spelled, type Type,
} from './types.ts';

export interface Declaration {
  name: string;
  /** Parameters of a generic. */
  parameters: number;
  type: Type | undefined;
  text: string;
  /** Of the module that declares it. */
  module: number;
}

/** Where in a union a type would be told from others by JavaScript alone. */
type Category = 'string' | 'number' | 'boolean' | 'bigint' | 'date' | 'bytes' | 'list' | 'map' | 'set' | 'object';

export class Generator {
  readonly declarations: Declaration[] = [];
  module = 0;
  readonly #random: Random;
  /** Declarations that are being made, which may name themselves. */
  #open: Declaration[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  type(depth: number): Spelled {
    const random = this.#random;
    if (depth <= 0) return this.#leaf();
    return random.weighted<() => Spelled>([
      [3, () => this.#leaf()],
      [2, () => this.#array(depth)],
      [1.2, () => this.#tuple(depth)],
      [1, () => this.#map(depth)],
      [0.7, () => this.#set(depth)],
      [1, () => this.#record(depth)],
      [5, () => this.object(depth)],
      [2, () => this.#derived(depth)],
      [2, () => this.#union(depth)],
      [1.2, () => this.#discriminated(depth)],
      [1, () => this.#generic(depth)],
      [1, () => this.#recursive(depth)],
      [0.8, () => this.#again()],
      [2, () => this.#nullable(depth)],
      [0.8, () => this.#alias(this.type(depth - 1))],
      [0.4, () => this.#computed()],
    ])();
  }

  object(depth: number): Spelled {
    const random = this.#random;
    const fields = this.#fields(depth, random.between(random.chance(0.05) ? 0 : 1, random.chance(0.1) ? 14 : 5));
    return random.weighted<() => Spelled>([
      [3, () => inline(fields)],
      [3, () => this.#interface(fields)],
      [1, () => this.#class(fields)],
      [1, () => this.#alias(inline(fields))],
    ])();
  }

  #leaf(): Spelled {
    const random = this.#random;
    return random.weighted<() => Spelled>([
      [5, () => simple('string')],
      [4, () => float64],
      [2, () => simple('boolean')],
      [2, () => ({ type: { kind: 'bigint' }, text: 'bigint' })],
      [2, () => ({ type: { kind: 'date' }, text: 'Date' })],
      [2, () => ({ type: { kind: 'bytes' }, text: 'Uint8Array' })],
      [1.5, () => ({ type: { kind: 'unknown' }, text: random.pick(['unknown', 'any']) })],
      [3, () => this.#scalar()],
      [2, () => this.#literals()],
      [1, () => this.#enum()],
      [0.5, () => this.#branded()],
    ])();
  }

  #scalar(): Spelled {
    const scalar = this.#random.pick(scalars);
    return { type: { kind: 'number', scalar }, text: scalar };
  }

  #literals(kinds: readonly ('string' | 'number' | 'boolean' | 'bigint')[] = ['string', 'number', 'boolean', 'bigint']): Spelled {
    const random = this.#random;
    const values = random.some(kinds, random.chance(0.25) ? 2 : 1).flatMap((kind): Literal[] => {
      switch (kind) {
        case 'string':
          return random.some(words, random.between(1, 4));
        case 'number':
          return random.some([0, 1, -1, 2, 10, 0.5, -2.25, 1e6, 404], random.between(1, 4));
        case 'boolean':
          return random.some([true, false], random.between(1, 2));
        case 'bigint':
          return random.some([0n, 1n, -5n, 2n ** 53n + 1n, -(2n ** 63n)], random.between(1, 2));
      }
    });
    return literals(values);
  }

  #enum(): Spelled {
    const random = this.#random;
    const declaration = this.#declare('Enum');
    const names = random.some(['Red', 'Green', 'Blue', 'Black', 'White'], random.between(1, 4));
    const values: Literal[] = [];
    let next = 0;
    const mode = random.pick(['plain', 'number', 'string', 'mixed']);
    const bodies = names.map((name) => {
      const kind = mode === 'mixed' ? random.pick(['number', 'string']) : mode;
      if (kind === 'plain') {
        values.push(next++);
        return name;
      }
      if (kind === 'string') {
        values.push(name.toLowerCase());
        return `${name} = ${JSON.stringify(name.toLowerCase())}`;
      }
      next = next * 2 + 1;
      values.push(next);
      return `${name} = ${next}`;
    });
    const type: Type = { kind: 'literals', values };
    return this.#close(declaration, type, `export ${random.pick(['', 'const '])}enum ${declaration.name} { ${bodies.join(', ')} }`);
  }

  #branded(): Spelled {
    const [base, type] = this.#random.pick<[string, Type]>([
      ['string', { kind: 'string' }],
      ['number', { kind: 'number', scalar: 'Float64' }],
      ['bigint', { kind: 'bigint' }],
    ]);
    return this.#alias({ type, text: `${base} & { readonly __brand: 'Brand${this.declarations.length}' }` });
  }

  #array(depth: number): Spelled {
    const element = this.type(depth - 1);
    const type: Type = { kind: 'array', element: element.type };
    return { type, text: this.#random.pick([`(${element.text})[]`, `Array<${element.text}>`, `readonly (${element.text})[]`, `ReadonlyArray<${element.text}>`]) };
  }

  #tuple(depth: number): Spelled {
    const random = this.#random;
    const required = Array.from({ length: random.below(4) }, () => this.type(depth - 1));
    const rest = random.chance(0.25) ? this.type(depth - 1) : undefined;
    // TypeScript does not tell an absent element from an undefined one.
    const optional = Array.from({ length: random.chance(0.4) ? random.between(1, 2) : 0 }, () => this.type(depth - 1)).filter(
      ({ type }) => !this.#mayBe(type, 'undefined'),
    );
    const labelled = random.chance(0.3);
    const label = (index: number, mark: string) => (labelled ? `${'abcdefgh'[index]}${mark}: ` : '');
    const texts = [
      ...required.map(({ text }, index) => `${label(index, '')}${text}`),
      ...optional.map(({ text }, index) => (labelled ? `${label(required.length + index, '?')}${text}` : `(${text})?`)),
      ...(rest ? [labelled ? `...more: (${rest.text})[]` : `...(${rest.text})[]`] : []),
    ];
    return {
      type: {
        kind: 'tuple',
        positions: [...required.map(({ type }) => ({ type, optional: false })), ...optional.map(({ type }) => ({ type, optional: true }))],
        ...(rest && { rest: rest.type }),
      },
      text: `${random.pick(['', '', 'readonly '])}[${texts.join(', ')}]`,
    };
  }

  #map(depth: number): Spelled {
    const random = this.#random;
    const key = random.weighted<() => Spelled>([
      [5, () => simple('string')],
      [2, () => float64],
      [1, () => ({ type: { kind: 'bigint' }, text: 'bigint' })],
      [1, () => simple('boolean')],
      [1, () => this.#literals(['string', 'number'])],
      [1, () => ({ type: { kind: 'number', scalar: 'Int32' }, text: 'Int32' })],
      [0.5, () => ({ type: { kind: 'date' }, text: 'Date' })],
      [0.5, () => this.object(1)],
      [0.5, () => this.#union(1)],
      [0.5, () => this.#nullable(1)],
    ])();
    const value = this.type(depth - 1);
    return {
      type: { kind: 'map', key: key.type, value: value.type },
      text: `${random.pick(['Map', 'Map', 'ReadonlyMap'])}<${key.text}, ${value.text}>`,
    };
  }

  #set(depth: number): Spelled {
    const element = this.type(depth - 1);
    return { type: { kind: 'set', element: element.type }, text: `${this.#random.pick(['Set', 'ReadonlySet'])}<${element.text}>` };
  }

  #record(depth: number): Spelled {
    const random = this.#random;
    const value = this.type(depth - 1);
    const object = (fields: Field[], more: Partial<ObjectType> = {}): ObjectType => ({ kind: 'object', fields, ...more });
    return random.weighted<() => Spelled>([
      [4, () => ({ type: object([], { rest: value.type }), text: `Record<string, ${value.text}>` })],
      [1, () => ({ type: object([], { rest: value.type, numeric: true }), text: `Record<number, ${value.text}>` })],
      [2, () => ({ type: object([], { rest: value.type }), text: `{ [key: string]: ${value.text} }` })],
      [2, () => {
        const names = random.some(words, random.between(1, 3));
        return {
          type: object(names.map((name) => ({ name, type: value.type, optional: false }))),
          text: `Record<${names.map((name) => JSON.stringify(name)).join(' | ')}, ${value.text}>`,
        };
      }],
      [2, () => {
        const fields = this.#names(random.between(1, 3)).map((name) => ({ name, type: value.type, optional: false }));
        const texts = fields.map(({ name }) => `${written(name)}: ${value.text}`);
        return { type: object(fields, { rest: value.type }), text: `{ [key: string]: ${value.text}; ${texts.join('; ')} }` };
      }],
    ])();
  }

  #fields(depth: number, count: number): (Field & { text: string; lines: string })[] {
    const random = this.#random;
    return this.#names(count).map((name) => {
      const optional = random.chance(0.35);
      const { type, text } = this.type(depth - 1);
      return { name, type, optional, text, lines: `${random.chance(0.15) ? 'readonly ' : ''}${written(name)}${optional ? '?' : ''}: ${text};` };
    });
  }

  #names(count: number): string[] {
    const random = this.#random;
    const names = new Set<string>();
    while (names.size < count) names.add(random.chance(0.75) ? random.pick(ordinary) : random.pick(odd));
    return [...names];
  }

  #interface(fields: (Field & { lines: string })[]): Spelled {
    const random = this.#random;
    let heritage = '';
    let all: Field[] = fields;
    if (random.chance(0.25)) {
      const base = this.#declare('Base');
      const taken = new Set(fields.map((field) => field.name));
      const inherited = this.#fields(1, 2).filter((field) => !taken.has(field.name));
      this.#close(base, object(inherited), `export interface ${base.name} { ${inherited.map((field) => field.lines).join(' ')} }`);
      heritage = ` extends ${base.name}`;
      all = [...inherited, ...fields];
    }
    const declaration = this.#declare('Shape');
    const lines = fields.map((field) => field.lines);
    const extra: Field[] = [];
    if (random.chance(0.2) && !all.some((field) => field.name === 'exact')) {
      // The annotations of scalars, which have no other way to a bigint.
      const [annotation, type, text] = random.pick<[string, Type, string]>([
        ['@int32', { kind: 'number', scalar: 'Int32' }, 'number'],
        ['@uint8', { kind: 'number', scalar: 'Uint8' }, 'number'],
        ['@float32', { kind: 'number', scalar: 'Float32' }, 'number'],
        ['@uint64', { kind: 'bigint', unsigned: true }, 'bigint'],
        ['@int64', { kind: 'bigint' }, 'bigint'],
      ]);
      extra.push({ name: 'exact', type, optional: false });
      lines.push(`${annotation}\n  exact: ${text};`);
    }
    return this.#close(declaration, object([...all, ...extra]), `export interface ${declaration.name}${heritage} {\n  ${lines.join('\n  ')}\n}`);
  }

  #class(fields: Field[]): Spelled {
    const texts = (fields as (Field & { text: string })[])
      // A class cannot have these as fields.
      .filter(({ name }) => name !== 'constructor' && name !== 'prototype' && name !== 'then');
    const declaration = this.#declare('Class');
    const lines = texts.map(({ name, optional, text }) => `  ${written(name)}${optional ? '?' : '!'}: ${text};`);
    const rest = ['  #hidden = 1;', '  private secret = 2;', '  static shared = 3;', '  method(): number { return this.#hidden + this.secret; }'];
    return this.#close(declaration, object(texts), `export class ${declaration.name} {\n${[...lines, ...rest].join('\n')}\n}`);
  }

  /** An object made of others by the types of the standard library. */
  #derived(depth: number): Spelled {
    const random = this.#random;
    const fields = this.#fields(depth, random.between(2, 4)).filter((field) => !this.#mayBe(field.type, 'undefined'));
    const base = random.chance(0.6) ? this.#interface(fields) : inline(fields);
    const own = (resolved(base.type) as ObjectType).fields;
    const some = random.some(own, random.between(1, Math.max(1, own.length - 1)));
    const names = new Set(some.map((field) => field.name));
    const quoted = [...names].map((name) => JSON.stringify(name)).join(' | ') || 'never';
    return random.weighted<() => Spelled>([
      [2, () => ({ type: object(own.map((field) => ({ ...field, optional: true }))), text: `Partial<${base.text}>` })],
      [2, () => ({ type: object(own.map((field) => ({ ...field, optional: false }))), text: `Required<${base.text}>` })],
      [1, () => ({ type: object(own), text: `Readonly<${base.text}>` })],
      [2, () => ({ type: object(own.filter((field) => names.has(field.name))), text: `Pick<${base.text}, ${quoted}>` })],
      [2, () => ({ type: object(own.filter((field) => !names.has(field.name))), text: `Omit<${base.text}, ${quoted}>` })],
      [1, () => ({ type: object(own.map((field) => ({ ...field, optional: true }))), text: `{ [K in keyof ${paren(base.text)}]?: ${paren(base.text)}[K] }` })],
      [1, () => ({ type: object(own.map((field) => ({ ...field, optional: false }))), text: `{ [K in keyof ${paren(base.text)}]-?: ${paren(base.text)}[K] }` })],
      [1, () => ({ type: { kind: 'array', element: object(own) }, text: `Readonly<${base.text}>[]` })],
      [2, () => {
        const taken = new Set(own.map((field) => field.name));
        const more = this.#fields(depth - 1, 2).filter((field) => !taken.has(field.name));
        return { type: object([...own, ...more]), text: `${paren(base.text)} & ${inline(more).text}` };
      }],
      [1, () => ({ type: object(own.map((field) => ({ ...field, optional: names.has(field.name) ? false : field.optional }))), text: `${paren(base.text)} & Required<Pick<${base.text}, ${quoted}>>` })],
    ])();
  }

  #nullable(depth: number): Spelled {
    const random = this.#random;
    const { type, text } = this.type(depth - 1);
    const added = random.pick<('null' | 'undefined')[]>([['null'], ['undefined'], ['null', 'undefined']]);
    // `unknown` admits null by itself, and undefined is no JSON data.
    if (this.#holds(type, 'unknown')) return { type, text };
    return {
      type: { kind: 'union', members: [type, ...added.map((kind): Type => ({ kind }))] },
      text: random.chance(0.5) ? `${paren(text)} | ${added.join(' | ')}` : `${added.join(' | ')} | ${paren(text)}`,
    };
  }

  /** Members that JavaScript tells apart. */
  #union(depth: number): Spelled {
    const random = this.#random;
    const chosen = random.some(categories, random.between(2, 4));
    const parts = chosen.map((category) => this.#member(category, depth - 1));
    if (random.chance(0.3)) parts.push(...random.some([simple('null'), simple('undefined')], random.between(1, 2)));
    const mixed = random.shuffled(parts);
    if (mixed.length > 2 && random.chance(0.3)) {
      const some = join(mixed.splice(0, 2));
      mixed.push(this.#alias(some));
    }
    const union = join(mixed);
    return random.chance(0.4) ? this.#alias(union) : { ...union, text: `(${union.text})` };
  }

  #member(category: Category, depth: number): Spelled {
    const random = this.#random;
    switch (category) {
      case 'string':
        return random.chance(0.5) ? simple('string') : this.#literals(['string']);
      case 'number':
        return random.pick([() => float64, () => this.#literals(['number']), () => this.#scalar()])();
      case 'boolean':
        return random.pick([simple('boolean'), literals([true]), literals([false])]);
      case 'bigint':
        return { type: { kind: 'bigint' }, text: 'bigint' };
      case 'date':
        return { type: { kind: 'date' }, text: 'Date' };
      case 'bytes':
        return { type: { kind: 'bytes' }, text: 'Uint8Array' };
      case 'list':
        return paranthesised(random.chance(0.6) ? this.#array(depth) : this.#tuple(depth));
      case 'map':
        return this.#map(depth);
      case 'set':
        return this.#set(depth);
      case 'object':
        return random.chance(0.7) ? this.object(depth) : paranthesised(this.#discriminated(depth));
    }
  }

  /** Objects told apart by a literal, by a property that only one of them has, or by having more. */
  #discriminated(depth: number): Spelled {
    const random = this.#random;
    const how = random.pick(['literal', 'literal', 'literal', 'property', 'more'] as const);
    const tag = random.pick(['kind', 'type', 'op', '_tag', 'constructor', 'content-type']);
    const values: Literal[] = random.pick([['circle', 'square', 'line'], [1, 2, 3], ['a', 'b', 'c'], [true, false]]);
    let shared: (Field & { lines: string; text: string })[] = [];
    const parts = values.map((value, index) => {
      const fields = this.#fields(depth - 1, random.below(3)).filter(
        ({ name }) => name !== tag && !name.startsWith('only') && !shared.some((field) => field.name === name),
      );
      const own = (name: string, { type, text }: Spelled) => ({ name, type, text, optional: false, lines: `${written(name)}: ${text};` });
      if (how === 'literal') {
        fields.splice(random.below(fields.length + 1), 0, own(tag, literals([value])));
      } else if (how === 'property') {
        fields.push(own(`only${index}`, simple('string')));
      } else {
        fields.splice(0, fields.length, ...shared, own(`only${index}`, float64));
        shared = fields;
      }
      return random.chance(0.6) ? this.#interfaceOf(fields) : inline(fields);
    });
    const union = join(parts);
    return random.chance(0.5) ? this.#alias(union) : { ...union, text: `(${union.text})` };
  }

  #interfaceOf(fields: (Field & { lines: string })[]): Spelled {
    const declaration = this.#declare('Case');
    return this.#close(declaration, object(fields), `export interface ${declaration.name} { ${fields.map((field) => field.lines).join(' ')} }`);
  }

  #generic(depth: number): Spelled {
    const random = this.#random;
    const arg = this.type(depth - 1);
    const existing = this.declarations.filter(({ parameters, type }) => parameters === 1 && type !== undefined);
    const declaration = existing.length > 0 && random.chance(0.5) ? random.pick(existing) : this.#template();
    return { type: instantiate(declaration.type!, [arg.type]), text: `${declaration.name}<${arg.text}>` };
  }

  #template(): Declaration {
    const random = this.#random;
    const declaration = this.#declare('Page');
    declaration.parameters = 1;
    const parameter: Type = { kind: 'parameter', index: 0 };
    const field = (name: string, type: Type, optional = false) => ({ name, type, optional });
    const [type, body] = random.pick<() => [Type, string]>([
      () => [object([field('items', { kind: 'array', element: parameter }), field('next', { kind: 'string' }, true)]), '{ items: T[]; next?: string }'],
      () => [object([field('value', parameter), field('at', { kind: 'date' })]), '{ value: T; at: Date }'],
      () => [object([field('byId', { kind: 'map', key: { kind: 'string' }, value: parameter })]), '{ byId: Map<string, T> }'],
      () => [{ kind: 'tuple', positions: [{ type: parameter, optional: false }, { type: parameter, optional: false }] }, '[T, T]'],
      () => [object([], { rest: { kind: 'array', element: parameter } }), 'Record<string, T[]>'],
    ])();
    this.#close(declaration, type, `export type ${declaration.name}<T${random.pick(['', ' = string'])}> = ${body};`);
    return declaration;
  }

  /** A type that contains itself where a value can end. */
  #recursive(depth: number): Spelled {
    const random = this.#random;
    const declaration = this.#declare('Tree');
    const self: Spelled = { type: { kind: 'named', name: declaration.name, declaration }, text: declaration.name };
    const fields = this.#fields(Math.min(depth, 2), random.between(1, 2)).filter((field) => !/^(children|next|byKey|both)$/.test(field.name));
    const add = (name: string, type: Type, text: string, optional = false) =>
      fields.push({ name, type, optional, text, lines: `${name}${optional ? '?' : ''}: ${text};` });
    const ways = random.some(['children', 'next', 'parent', 'byKey', 'both'], random.between(1, 2));
    if (ways.includes('children')) add('children', { kind: 'array', element: self.type }, `${self.text}[]`);
    if (ways.includes('next')) add('next', self.type, self.text, true);
    if (ways.includes('parent')) add('up', { kind: 'union', members: [self.type, { kind: 'null' }] }, `${self.text} | null`);
    if (ways.includes('byKey')) add('byKey', object([], { rest: self.type }), `Record<string, ${self.text}>`);
    if (ways.includes('both')) {
      add('both', { kind: 'tuple', positions: [], rest: self.type }, `[...${self.text}[]]`, true);
    }
    const unique = fields.filter((field, index) => fields.findIndex((other) => other.name === field.name) === index);
    if (random.chance(0.25)) {
      // An alias that is a union with itself in it.
      const list: Type = { kind: 'array', element: self.type };
      return this.#close(declaration, { kind: 'union', members: [{ kind: 'string' }, { kind: 'number', scalar: 'Float64' }, list] }, `export type ${declaration.name} = string | number | ${declaration.name}[];`);
    }
    return this.#close(declaration, object(unique), `export interface ${declaration.name} { ${unique.map((field) => field.lines).join(' ')} }`);
  }

  /** A type declared earlier, of this module or another. */
  #again(): Spelled {
    const ready = this.declarations.filter(({ parameters, type }) => parameters === 0 && type !== undefined);
    if (ready.length === 0) return this.#leaf();
    const declaration = this.#random.pick(ready);
    return { type: { kind: 'named', name: declaration.name, declaration }, text: declaration.name };
  }

  #alias({ type, text }: Spelled): Spelled {
    const declaration = this.#declare('Alias');
    return this.#close(declaration, type, `export type ${declaration.name} = ${text};`);
  }

  /** Types that come out of others. */
  #computed(): Spelled {
    const random = this.#random;
    const fields = this.#fields(1, 3).filter((field) => !field.optional && /^[a-z]\w*$/i.test(field.name));
    if (fields.length === 0) return this.#leaf();
    const base = this.#interface(fields);
    const own = (resolved(base.type) as ObjectType).fields;
    const field = random.pick(fields);
    const strings: Literal[] = ['a', 'b', 'c'];
    return random.pick<() => Spelled>([
      () => ({ type: { kind: 'literals', values: own.map(({ name }) => name) }, text: `keyof ${base.text}` }),
      () => ({ type: field.type, text: `${base.text}[${JSON.stringify(field.name)}]` }),
      () => ({ type: field.type, text: `NonNullable<${base.text} | null>[${JSON.stringify(field.name)}]` }),
      () => ({ type: { kind: 'literals', values: strings.slice(1) }, text: `Exclude<'a' | 'b' | 'c', 'a'>` }),
      () => ({ type: { kind: 'literals', values: ['a'] }, text: `Extract<'a' | 'b' | 1, 'a' | 'z'>` }),
      () => ({ type: { kind: 'string' }, text: `Awaited<Promise<string>>` }),
      () => ({ type: field.type, text: `(${paren(field.text)}[])[number]` }),
      () => ({ type: base.type, text: `NonNullable<${base.text} | null | undefined>` }),
    ])();
  }

  #declare(prefix: string): Declaration {
    const declaration: Declaration = {
      name: `${prefix}_${this.declarations.length}`, parameters: 0, type: undefined, text: '', module: this.module,
    };
    this.declarations.push(declaration);
    this.#open.push(declaration);
    return declaration;
  }

  #close(declaration: Declaration, type: Type, text: string): Spelled {
    declaration.type = type;
    declaration.text = text;
    this.#open = this.#open.filter((open) => open !== declaration);
    return { type: { kind: 'named', name: declaration.name, declaration }, text: declaration.name };
  }

  /** Of a type with no name in it that is still open. */
  #mayBe(type: Type, kind: 'undefined' | 'null'): boolean {
    return this.#isOpen(type) || admits(type, kind);
  }

  #holds(type: Type, kind: Type['kind']): boolean {
    return this.#isOpen(type) || members(type).some((member) => member.kind === kind);
  }

  #isOpen(type: Type): boolean {
    if (type.kind === 'union') return type.members.some((member) => this.#isOpen(member));
    if (type.kind !== 'named') return false;
    return type.declaration.type === undefined || this.#isOpen(type.declaration.type);
  }
}

function simple(kind: 'string' | 'boolean' | 'null' | 'undefined'): Spelled {
  return { type: { kind }, text: kind };
}

function literals(values: readonly Literal[]): Spelled {
  const text = values.map((value) => (typeof value === 'bigint' ? `${value}n` : JSON.stringify(value))).join(' | ');
  return { type: { kind: 'literals', values }, text: values.length > 1 ? `(${text})` : text };
}

function object(fields: readonly Field[], more: Partial<ObjectType> = {}): ObjectType {
  return { kind: 'object', fields: fields.map(({ name, type, optional }) => ({ name, type, optional })), ...more };
}

function inline(fields: readonly (Field & { lines: string })[]): Spelled {
  return { type: object(fields), text: `{ ${fields.map((field) => field.lines).join(' ')} }` };
}

function join(parts: readonly Spelled[]): Spelled {
  return { type: { kind: 'union', members: parts.map(({ type }) => type) }, text: parts.map(({ text }) => paren(text)).join(' | ') };
}

function paranthesised({ type, text }: Spelled): Spelled {
  return { type, text: `(${text})` };
}

/** So that operators around it bind as they should. */
function paren(text: string): string {
  return /^[\w$."'-]+$/.test(text) || /^\([^()]*\)$/.test(text) ? text : `(${text})`;
}

const float64: Spelled = { type: { kind: 'number', scalar: 'Float64' }, text: 'number' };

const scalars: readonly Scalar[] = [
  'Int8', 'Int16', 'Int32', 'Int64', 'Uint8', 'Uint16', 'Uint32', 'Uint64', 'Float32', 'Float64',
];

const categories: readonly Category[] = ['string', 'number', 'boolean', 'bigint', 'date', 'bytes', 'list', 'map', 'set', 'object'];

const words = ['red', 'green', 'a', 'A', '', 'content-type', 'constructor', 'grün', '日本', 'x y', '0', 'type', 'NONE'];
