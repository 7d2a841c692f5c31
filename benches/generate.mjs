// Makes the project that the benchmark builds: always the same bytes for the same arguments.
//
//   node benches/generate.mjs <folder> [--files 1000] [--spelling plain|annotations|both]
//
// Every tenth file holds backend functions and a table; the rest are types, shared helpers, stores
// and React components. Sizes are log-normal with a median near 3.5 KB. Backend functions import
// helpers, which import other helpers, so that the server's part is more than the annotated files.
// `both` writes every other annotated file in each spelling. `plain` is what all tools can read.
// Types are right once it was built, where the packages `kontract` and `@types/react` are found.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const { positionals, values: flags } = parseArgs({
  allowPositionals: true,
  options: {
    files: { type: 'string', default: '1000' },
    spelling: { type: 'string', default: 'plain' },
  },
});
const folder = positionals[0];
const count = Number(flags.files);
if (!folder || !Number.isInteger(count) || count < 20 || !['plain', 'annotations', 'both'].includes(flags.spelling)) {
  console.error('usage: node benches/generate.mjs <folder> [--files n, at least 20] [--spelling plain|annotations|both]');
  process.exit(2);
}

const NOUNS = 'account address article asset badge basket booking branch budget campaign card category channel claim comment contact contract coupon course customer delivery device discount document employee event expense feature folder grant group holiday image incident invoice issue item journey label lead ledger license listing location meeting member message milestone note notice offer order partner passage patient payment period permit plan player policy position post price product profile project question quote receipt recipe region release report request reservation review route sample schedule season section sensor service session shift shipment signal site skill slot snapshot source station stock story supplier survey tariff task team ticket timer topic trip unit user vehicle vendor venue version visit voucher wallet warehouse workspace'.split(' ');
const VERBS = 'archive assign balance cancel check clone close collect compare compose convert count describe detach estimate expand filter find flatten group hide import index insert join limit list load mark match measure merge move normalize order pack parse pick plan prepare project pull rank read rebuild reduce rename replace reset resolve restore retry rotate scale select share sort split store suggest summarize swap track trim unpack update validate verify view wrap'.split(' ');
const FIELDS = 'title status total owner color width height notes amount currency startsAt endsAt weight priority zone summary reference language revision progress quantity rebate balance medium place attempts'.split(' ');
const WORDS = 'the a value of each entry that stands in its list before any other change is made and where it was found or left out because nothing else refers to it while callers keep their own copy so order stays stable'.split(' ');

// mulberry32
let state = 0x6b6f6e74;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];
const several = (list, n) => {
  const rest = [...list];
  return Array.from({ length: Math.min(n, rest.length) }, () => rest.splice(below(rest.length), 1)[0]);
};
const upper = (word) => word[0].toUpperCase() + word.slice(1);
const sentence = () => upper(Array.from({ length: 5 + below(9) }, () => pick(WORDS)).join(' ')) + '.';
/** Bytes: log-normal, median 3.5 KB, mean about 4.5 KB. */
const size = () => {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(40_000, Math.max(500, Math.round(3500 * Math.exp(0.7 * normal))));
};

/** Roles come round in tens, so that every size of project has the same mixture. */
const ROLES = ['api', 'model', 'shared', 'web', 'shared', 'web', 'store', 'shared', 'web', 'shared'];
const modules = Array.from({ length: count }, (_, index) => {
  const role = ROLES[index % ROLES.length];
  const noun = NOUNS[Math.floor(index / ROLES.length) % NOUNS.length];
  const id = `${upper(noun)}${index}`;
  const area = `area${Math.floor(index / 50)}`;
  const path = {
    api: `src/api/${area}/${noun}-${index}.ts`,
    model: `src/model/${noun}-${index}.ts`,
    shared: `src/shared/${area}/${noun}-${index}.ts`,
    store: `src/web/stores/${noun}-${index}.ts`,
    web: `src/web/${area}/${id}.tsx`,
  }[role];
  return { index, role, noun, id, path, types: [], functions: [], classes: 0 };
});
/** Earlier modules only: no cycles, and what they export is known. */
const earlier = (module, role) => modules.slice(Math.max(0, module.index - 120), module.index).filter((m) => m.role === role && m.types.length + m.functions.length > 0);

function specifier(from, to) {
  if ((from.index + to.index) % 3 === 0) return '@/' + to.path.slice(4).replace(/\.tsx?$/, '');
  const source = from.path.split('/').slice(0, -1);
  const target = to.path.replace(/\.tsx?$/, '').split('/');
  while (source.length && source[0] === target[0]) { source.shift(); target.shift(); }
  return (source.length ? '../'.repeat(source.length) : './') + target.join('/');
}

const docs = (indent = '') => random() < 0.6 ? `${indent}/**\n${indent} * ${sentence()}\n${random() < 0.4 ? `${indent} *\n${indent} * ${sentence()}\n` : ''}${indent} */\n` : '';

function interfaceBlock(module, name, entity = null) {
  const fields = several(FIELDS, 4 + below(8));
  const types = ['string', 'number', 'boolean', 'string | null', 'number | null', 'readonly string[]', "'draft' | 'open' | 'closed'", 'Record<string, number>'];
  const key = entity === null ? '  id: string;\n' : entity === 'plain' ? '  id: Primkey<string>;\n' : '  @primkey id: string;\n';
  return `${docs()}export interface ${name} {\n${key}${fields.map((field) => `${docs('  ')}  ${field}${random() < 0.3 ? '?' : ''}: ${pick(types)};\n`).join('')}}\n`;
}

function typeBlock(module) {
  const name = `${upper(pick(VERBS))}${module.id}${module.types.length}`;
  const kind = below(4);
  const base = module.types[0];
  module.types.push(name);
  if (kind === 0) return `${docs()}export enum ${name} {\n${several(NOUNS, 4).map((n) => `  ${upper(n)} = '${n}-${module.index}',\n`).join('')}}\n`;
  if (kind === 1 && base) return `${docs()}export type ${name} = Partial<Pick<${base}, 'id'>> & {\n  readonly kind: '${pick(NOUNS)}';\n  readonly items: ReadonlyArray<${base}>;\n  map?: (value: ${base}, index: number) => ${base} | undefined;\n};\n`;
  if (kind === 2) return `${docs()}export type ${name}<T extends object = object> =\n${several(NOUNS, 3).map((n) => `  | { type: '${n}'; value: T; at: number }\n`).join('')}  | null;\n`;
  return interfaceBlock(module, name);
}

function statements(module, type, indent) {
  const noun = pick(NOUNS);
  const field = pick(FIELDS);
  const helper = pick(module.imported.functions) ?? 'String';
  return pick([
    `const ${noun}s = new Map<string, number>();\nfor (const [index, entry] of entries.entries()) {\n  const key = \`\${index}:\${entry.id}\`;\n  ${noun}s.set(key, (${noun}s.get(key) ?? 0) + entry.id.length);\n}\nif (${noun}s.size > limit) {\n  throw new RangeError(\`too many ${noun}s for ${field}: \${${noun}s.size}\`);\n}\n`,
    `const ${noun} = entries.filter((entry) => entry.id !== '' && entry.id.length < limit);\nconst ${field}Of = (entry: ${type}): number => entry.id.length % limit;\n${noun}.sort((left, right) => ${field}Of(left) - ${field}Of(right) || left.id.localeCompare(right.id));\nresult.push(...${noun}.slice(0, limit));\n`,
    `switch (entries.at(0)?.id as string | undefined) {\n  case '${noun}':\n    result.reverse();\n    break;\n  case '${field}': {\n    const [first, ...rest] = entries;\n    if (first !== undefined) result.push({ ...first, id: \`${noun}-\${rest.length}\` });\n    break;\n  }\n  default:\n    // ${sentence()}\n    result.length = Math.min(result.length, limit);\n}\n`,
    `try {\n  const text = JSON.stringify({ ${field}: entries.map(({ id }) => id), source: '${noun}/${module.index}' });\n  const matched = /^\\{"${field}":\\[(.*?)\\]/u.exec(text)?.[1] ?? '';\n  if (matched.split(',').some((part) => part.trim() === '"${noun}"')) result.pop();\n} catch (error) {\n  console.warn('${field} of ${noun}', (error as Error).message);\n}\n`,
    `const ${noun}Text = ${helper}(String(entries.length) as never) as unknown;\nif (typeof ${noun}Text === 'string' && !Number.isNaN(Number.parseFloat(${noun}Text))) {\n  result.unshift(...entries.slice(-1));\n}\n`,
  ]).replace(/^(?=.)/gm, indent);
}

function functionBlock(module) {
  const type = pick(module.imported.types) ?? pick(module.types) ?? '{ id: string }';
  const name = `${pick(VERBS)}${module.id}${module.functions.length}`;
  module.functions.push(name);
  const generic = random() < 0.3 ? `<T extends ${type === '{ id: string }' ? 'object' : type}>` : '';
  const list = generic ? `readonly (T & { id: string })[]` : `readonly (${type} & { id: string })[]`;
  const element = generic ? 'T & { id: string }' : `${type} & { id: string }`;
  const body = Array.from({ length: 1 + below(3) }, () => `{\n${statements(module, element, '  ')}}\n`.replace(/^(?=.)/gm, '  ')).join('');
  return `${docs()}export function ${name}${generic}(entries: ${list}, limit = ${1 + below(99)}): (${element})[] {\n  const result: (${element})[] = [...entries];\n${body}  return result;\n}\n`;
}

function classBlock(module) {
  const noun = pick(NOUNS);
  const name = `${upper(noun)}Of${module.id}${module.classes++}`;
  return `${docs()}export class ${name}<V = unknown> {\n  static readonly kind = '${noun}' as const;\n  #entries = new Map<string, V>();\n  private readonly limit: number;\n\n  constructor(limit: number = ${below(500)}) {\n    this.limit = limit;\n  }\n\n${docs('  ')}  get size(): number {\n    return this.#entries.size;\n  }\n\n  add(key: string, value: V): this {\n    if (this.#entries.size >= this.limit && !this.#entries.has(key)) {\n      const [oldest] = this.#entries.keys();\n      if (oldest !== undefined) this.#entries.delete(oldest);\n    }\n    this.#entries.set(key, value);\n    return this;\n  }\n\n  async *[Symbol.asyncIterator](): AsyncIterableIterator<[string, V]> {\n    for (const entry of this.#entries) yield entry;\n  }\n}\n`;
}

function storeBlock(module) {
  const noun = pick(NOUNS);
  const name = `use${upper(noun)}${module.id}${module.functions.length}`;
  module.functions.push(name);
  const fields = several(FIELDS, 4);
  return `interface ${upper(name)}State {\n${fields.map((f) => `  ${f}: string;\n`).join('')}  busy: boolean;\n}\n\n${docs()}export const ${name} = (initial: Partial<${upper(name)}State> = {}) => {\n  let state: ${upper(name)}State = { ${fields.map((f) => `${f}: ''`).join(', ')}, busy: false, ...initial };\n  const listeners = new Set<(state: Readonly<${upper(name)}State>) => void>();\n  return {\n    get: () => state,\n    set<K extends keyof ${upper(name)}State>(key: K, value: ${upper(name)}State[K]): void {\n      if (Object.is(state[key], value)) return;\n      state = { ...state, [key]: value };\n      listeners.forEach((listener) => listener(state));\n    },\n    subscribe(listener: (state: Readonly<${upper(name)}State>) => void) {\n      listeners.add(listener);\n      return () => void listeners.delete(listener);\n    },\n  };\n};\n`;
}

function componentBlock(module) {
  const noun = pick(NOUNS);
  const name = `${upper(noun)}${upper(pick(VERBS))}${module.functions.length}`;
  module.functions.push(name);
  const [one, two] = several(FIELDS, 2);
  return `interface ${name}Props {\n  ${one}: string;\n  ${two}?: readonly string[];\n  onChange?: (value: string) => void;\n  children?: ReactNode;\n}\n\n${docs()}export function ${name}({ ${one}, ${two} = [], onChange, children }: ${name}Props): ReactNode {\n  const [value, setValue] = useState<string>(${one});\n  const [open, setOpen] = useState(false);\n  const shown = useMemo(() => ${two}.filter((entry) => entry.startsWith(value)), [${two}, value]);\n  const change = useCallback((event: ChangeEvent<HTMLInputElement>) => {\n    setValue(event.target.value);\n    onChange?.(event.target.value.trim());\n  }, [onChange]);\n  useEffect(() => {\n    if (!open) return undefined;\n    const timer = setTimeout(() => setOpen(false), ${below(5000)});\n    return () => clearTimeout(timer);\n  }, [open]);\n  return (\n    <section className="${noun} ${noun}--${one}" aria-label={\`${upper(noun)} \${value}\`}>\n      {/* ${sentence()} */}\n      <header onClick={() => setOpen(!open)}>\n        <h2>${upper(one)} of the ${noun}</h2>\n        {open && <small>{shown.length} of {${two}.length}</small>}\n      </header>\n      <input type="text" name="${one}" value={value} onChange={change} disabled={!open} />\n      {shown.length === 0 ? (\n        <p>Nothing here yet &mdash; add a ${noun} first.</p>\n      ) : (\n        <ul>\n          {shown.map((entry, index) => (\n            <li key={entry} className={index % 2 === 0 ? 'even' : 'odd'}>{entry}</li>\n          ))}\n        </ul>\n      )}\n      {children}\n    </section>\n  );\n}\n`;
}

function backendBlock(module, spelling) {
  const name = `${pick(VERBS)}${module.id}${module.functions.length}`;
  module.functions.push(name);
  const { entity, table } = module;
  const helper = pick(module.imported.functions);
  const help = helper ? `  ${helper}(found as never);\n` : '';
  const log = `  console.info('${name} asked for by the user', ctx.owner);\n`;
  const [parameters, result, body, masks] = pick([
    ['id: string', `Promise<${entity} | null>`, `${log}  return await env.storage.${table}.get(id);\n`, ['R__', 'RW_', 'RWX']],
    [`value: ${entity}, note?: string`, `Promise<${entity}>`, `  if (note !== undefined && note.length > ${100 + below(900)}) {\n    throw new RangeError('the note of ${module.noun} ${module.index} is too long');\n  }\n${log}  await env.storage.${table}.set(value.id, value);\n  return value;\n`, ['RW_', 'RWX']],
    ['ids: string[], limit: number = 20', `Promise<${entity}[]>`, `  const found: ${entity}[] = [];\n  for (const id of new Set(ids)) {\n    const entry = await env.storage.${table}.get(id);\n    if (entry !== null && entry !== undefined) found.push(entry as ${entity});\n    if (found.length >= limit) break;\n  }\n${help}${log}  return found.sort((left, right) => left.id.localeCompare(right.id));\n`, ['R__', 'RW_', 'RWX']],
    [`id: string, changes: Partial<${entity}>`, 'Promise<void>', `  const previous = await env.storage.${table}.get(id);\n  if (previous === null) throw new Error(\`no ${module.noun} \${id}\`);\n${log}  await env.storage.${table}.update(id, { ...changes, id });\n`, ['RW_', 'RWX']],
  ]);
  const options = `{ perm: perms.${pick(masks)}, egroup: '${module.noun}'${random() < 0.2 ? ", ugroup: 'admin'" : ''} }`;
  if (spelling === 'plain') return `${docs()}export const ${name} = backend(${options}, async (${parameters}): ${result} => {\n${body}});\n`;
  return `${docs()}@backend(${options})\nexport async function ${name}(${parameters}): ${result} {\n${body}}\n`;
}

function importNames(module, { types, values }) {
  module.imported = { types: [], functions: [] };
  const lines = [];
  for (const role of types) {
    for (const other of several(earlier(module, role).filter((m) => m.types.length > 0), 1 + below(2))) {
      // A type that takes no parameters of its own.
      const name = other.types[0];
      if (module.imported.types.includes(name)) continue;
      module.imported.types.push(name);
      lines.push(`import type { ${name} } from '${specifier(module, other)}';`);
    }
  }
  for (const role of values) {
    for (const other of several(earlier(module, role).filter((m) => m.functions.length > 0), 1 + below(2))) {
      const names = several(other.functions, 1 + below(2));
      module.imported.functions.push(...names);
      lines.push(`import { ${names.join(', ')} } from '${specifier(module, other)}';`);
    }
  }
  return lines;
}

function text(module) {
  const wanted = size();
  const spelling = flags.spelling === 'both' ? (module.index % 20 === 0 ? 'plain' : 'annotations') : flags.spelling;
  const kinds = {
    api: { types: ['model'], values: ['shared'], blocks: [(m) => backendBlock(m, spelling)] },
    model: { types: ['model'], values: [], blocks: [typeBlock] },
    shared: { types: ['model'], values: ['shared'], blocks: [functionBlock, functionBlock, functionBlock, classBlock] },
    store: { types: ['model'], values: ['shared'], blocks: [storeBlock, functionBlock] },
    web: { types: ['model'], values: ['shared', 'store'], blocks: [componentBlock] },
  }[module.role];
  const head = importNames(module, kinds);
  if (module.role === 'web') head.unshift("import { useCallback, useEffect, useMemo, useState, type ChangeEvent, type ReactNode } from 'react';");
  const blocks = [];
  if (module.role === 'api') {
    const plain = spelling === 'plain';
    head.unshift(plain ? "import { backend, perms, type Primkey } from 'kontract';\nimport { ctx, env } from 'kontract/runtime';" : '// Annotations need no import.');
    module.entity = module.id;
    module.table = `${module.id[0].toLowerCase()}${module.id.slice(1)}s`;
    module.types.push(module.entity);
    blocks.push(interfaceBlock(module, module.entity, spelling));
  }
  if (module.role === 'model') {
    module.types.push(module.id);
    blocks.push(interfaceBlock(module, module.id));
  }
  let length = head.join('\n').length;
  while (length < wanted || blocks.length < 2) {
    const block = pick(kinds.blocks)(module);
    blocks.push(block);
    length += block.length + 1;
  }
  if (module.role === 'web') {
    const used = module.imported.functions.map((name) => `  ${name},`).join('\n');
    blocks.push(`/** What this module is built on. */\nexport const uses = [\n${used}\n] as const;\n`);
  }
  return `${head.join('\n')}\n\n${blocks.join('\n')}`;
}

rmSync(folder, { recursive: true, force: true });
const put = (path, content) => {
  const full = join(folder, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
};
let bytes = 0;
for (const module of modules) {
  const content = text(module);
  bytes += Buffer.byteLength(content);
  put(module.path, content);
}
put('files.txt', modules.map(({ path }) => path + '\n').sort().join(''));
// One that builds what the server needs, and one that prints every file, as the other tools do.
put('kontract.toml', '[build]\ninclude = ["src/**/*.{ts,tsx}"]\nout = "dist"\n');
put('every-file.toml', '[build]\ninclude = ["src/**/*.{ts,tsx}"]\nout = "dist"\nserver = ["**"]\n');
put('package.json', '{ "private": true, "type": "module" }\n');
put('tsconfig.json', `${JSON.stringify({ compilerOptions: { target: 'ES2022', module: 'ESNext', moduleResolution: 'bundler', jsx: 'react-jsx', strict: true, skipLibCheck: true, noEmit: true, paths: { '@/*': ['./src/*'] } }, include: ['src', 'src/.kontract/*.d.ts'] }, null, 2)}\n`);
console.log(`${count} files, ${bytes} bytes`);
