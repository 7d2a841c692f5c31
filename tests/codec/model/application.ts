// A whole application of random types: modules with declarations and backend functions.
import { Generator, type Declaration } from './generate.ts';
import { Random } from './random.ts';
import type { Spelled, TupleType, Type } from './types.ts';

export interface Route {
  name: string;
  /** Path of its module below the source root, without extension. */
  module: string;
  /** The parameters as a tuple. */
  request: TupleType;
  /** One that is `undefined` for `void`. */
  response: Type;
  /** Its declaration in the source. */
  text: string;
  /** The table whose rows have the result as a field, `value`, and may have another, `more`. */
  table?: string;
}

export interface Application {
  seed: string;
  /** Paths below the project's folder. */
  files: Map<string, string>;
  routes: Route[];
  declarations: Declaration[];
}

/** Most routes take and give one value of one type; the others have several parameters. */
export function application(seed: string, routes: number, modules = Math.ceil(routes / 25)): Application {
  const random = new Random(seed);
  const generator = new Generator(random);
  const all: Route[] = [];
  for (let index = 0; index < routes; index++) {
    generator.module = Math.floor((index * modules) / routes);
    all.push(index % 12 === 11 ? several(generator, random, index) : echo(generator, random, index));
  }
  const files = new Map<string, string>();
  for (let index = 0; index < modules; index++) {
    files.set(`src/${moduleName(index)}.ts`, moduleText(index, generator.declarations, all));
  }
  return { seed, files, routes: all, declarations: generator.declarations };
}

function echo(generator: Generator, random: Random, index: number): Route {
  // Depths vary, so that some types are small enough to read.
  const spelled = generator.type(1 + (index % 4));
  const name = `f${index}`;
  const table = index % 4 === 0 ? `rows_${index}` : undefined;
  const route = random.chance(0.7)
    ? `@backend()\nexport async function ${name}(x: ${spelled.text}): Promise<${spelled.text}> { return x; }`
    : `export const ${name} = backend({}, async (x: ${spelled.text}): Promise<${spelled.text}> => x);`;
  const row = `export interface Of${index} extends Table<'${table}'> { key: Primkey<string>; value: ${spelled.text}; more?: ${spelled.text} }`;
  return {
    name,
    ...(table && { table }),
    module: moduleName(generator.module),
    request: { kind: 'tuple', positions: [{ type: spelled.type, optional: false }] },
    response: spelled.type,
    text: table === undefined ? route : `${route}\n${row}`,
  };
}

function several(generator: Generator, random: Random, index: number): Route {
  const withoutUndefined = (depth: number): Spelled => {
    const scalar = { type: { kind: 'number', scalar: 'Int16' }, text: 'Int16' } as const satisfies Spelled;
    return random.pick([generator.object(depth), { type: { kind: 'string' }, text: 'string' }, scalar]);
  };
  const required = Array.from({ length: random.between(0, 2) }, () => generator.type(2));
  const optional = Array.from({ length: random.between(0, 2) }, () => withoutUndefined(2));
  const rest = random.chance(0.4) ? withoutUndefined(2) : undefined;
  const name = `f${index}`;
  const names = ['type', 'b', 'args', 'value', 'bytes'];
  const parameters = [
    ...required.map(({ text }, at) => `${names[at]}: ${text}`),
    ...optional.map(({ text }, at) => `${names[required.length + at]}?: ${text}`),
    ...(rest ? [`...rest: (${rest.text})[]`] : []),
  ];
  const nothing = random.chance(0.5);
  const result = nothing ? undefined : generator.type(1);
  return {
    name,
    module: moduleName(generator.module),
    request: {
      kind: 'tuple',
      positions: [...required.map(({ type }) => ({ type, optional: false })), ...optional.map(({ type }) => ({ type, optional: true }))],
      ...(rest && { rest: rest.type }),
    },
    response: result?.type ?? { kind: 'undefined' },
    text: `@backend()\nexport async function ${name}(${parameters.join(', ')}): Promise<${result?.text ?? 'void'}> { throw new Error('not called'); }`,
  };
}

function moduleText(index: number, declarations: readonly Declaration[], routes: readonly Route[]): string {
  const bodies = [
    ...declarations.filter((declaration) => declaration.module === index && declaration.text !== '').map((declaration) => declaration.text),
    ...routes.filter((route) => route.module === moduleName(index)).map((route) => route.text),
  ].join('\n');
  const imports: string[] = [];
  const ours = new Set(bodies.match(/\b(?:Int|Uint|Float)(?:8|16|32|64)\b/g));
  const names = ['backend', 'type Primkey', 'type Table', ...[...ours].sort().map((name) => `type ${name}`)];
  imports.push(`import { ${names.join(', ')} } from 'kontract';`);
  const used = new Set(bodies.match(/\b[A-Z][a-z]+_\d+\b/g));
  for (let other = 0; ; other++) {
    if (!declarations.some((declaration) => declaration.module >= other)) break;
    const wanted = declarations.filter((declaration) => declaration.module === other && used.has(declaration.name));
    if (other !== index && wanted.length > 0) {
      // As values where they are: the compiler may not need the word `type`.
      imports.push(`import type { ${wanted.map((declaration) => declaration.name).join(', ')} } from '${relative(index, other)}';`);
    }
  }
  return `${imports.join('\n')}\n\n${bodies}\n`;
}

function moduleName(index: number): string {
  return index % 3 === 1 ? `api/m${index}` : `m${index}`;
}

function relative(from: number, to: number): string {
  return from % 3 === 1 ? `../${moduleName(to)}` : `./${moduleName(to)}`;
}
