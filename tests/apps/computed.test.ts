// What the script of `src/typescript` answers, with each version of TypeScript that a project may have.
import { cp, mkdir, realpath, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { answer, type Module, type Question, type Reply, type Request, type Response } from '../../src/typescript/main.mjs';
import { temporaryFolder } from './support/temporary.ts';

const here = import.meta.dirname;

interface Case {
  /** The file, without its folder. */
  file?: string;
  ask: string;
  name?: string;
  /** `name` is an alias for it. */
  declared?: boolean;
  bindings?: [string, { file?: string; ask: string }][];
  /** The answer, without what it says of fields' declarations. */
  expect: string | { kind: string; what?: string; path?: string; complaint?: string };
}

const USER_IN_MODELS = 'import("kontract:src/models.ts").User';

const cases: Case[] = [
  // What is known by name stays a name.
  { ask: 'User', expect: USER_IN_MODELS },
  { ask: 'Awaited<ReturnType<typeof load>>', expect: `{ "user": ${USER_IN_MODELS} | null; "id": string; "at": Date; "pages": Array<number> }` },
  { ask: 'ReturnType<typeof load>', expect: `Promise<{ "user": ${USER_IN_MODELS} | null; "id": string; "at": Date; "pages": Array<number> }>` },
  { ask: 'Parameters<typeof load>', expect: '[string, (number | undefined)?]' },
  { ask: 'Page<Shape>', expect: 'import("kontract:src/models.ts").Page<import("kontract:src/models.ts").Shape>' },
  { ask: 'User extends object ? Page<Circle> : never', expect: 'import("kontract:src/models.ts").Page<import("kontract:src/models.ts").Circle>' },
  { ask: 'ReturnType<typeof unexported>', expect: 'import("kontract:src/models.ts").Unexported' },
  { ask: 'ReturnType<typeof respond>', expect: 'Promise<import("kontract").HttpResp<{ "id": string }>>' },
  { ask: 'InstanceType<typeof Point>', expect: 'import("kontract:src/models.ts").Point' },
  // A type of the same name within a function is another type.
  { ask: 'ReturnType<typeof local>', expect: '{ "local": true }' },

  // Values.
  { ask: 'typeof config', expect: '{ "retries": 3; "hosts": readonly ["a", "b"]; "level": "debug" | "info"; "started": Date }' },
  { ask: 'typeof limits', expect: '{ "max": number; "min": number | undefined; "with space": boolean }' },
  { ask: '(typeof config)["hosts"][number]', expect: '"a" | "b"' },
  { ask: 'keyof typeof limits', expect: '"max" | "min" | "with space"' },
  { ask: 'typeof Color', expect: '{ "Red": "red"; "Green": "green" }' },
  { ask: '`${Color}`', expect: '"green" | "red"' },
  { ask: 'typeof Color extends object ? Color : never', expect: '"green" | "red"' },

  // Computed types.
  { ask: 'Deep', expect: '{ "city"?: string; "street"?: string; "tags"?: Array<string | undefined> }' },
  { ask: 'Getters<Circle>', expect: '{ "getKind": "circle"; "getRadius": number }' },
  { ask: 'Flat<Circle & { extra: 1n }>', expect: '{ "extra": 1n; "kind": "circle"; "radius": number }' },
  { ask: 'Tree<"a">', name: 'Branch', expect: 'import("kontract:src/api.ts").Branch' },
  { ask: '`${"a" | "b"}-${1 | 2}`', expect: '"a-1" | "a-2" | "b-1" | "b-2"' },
  { ask: 'Exclude<keyof User, "id">', expect: '"address" | "age" | "email" | "name" | "nickname" | "passwordHash"' },
  { ask: '{ [K in "b" | "a" | "c"]: K }', expect: '{ "a": "a"; "b": "b"; "c": "c" }' },
  { ask: 'Extract<Shape, { kind: "square" }>', expect: 'import("kontract:src/models.ts").Square' },
  { ask: '[a?: string, ...rest: boolean[]]', expect: '[(string)?, ...Array<boolean>]' },
  { ask: 'readonly [x: 1, y: -0.5]', expect: 'readonly [1, -0.5]' },
  { ask: '{ a?: string; b: string | undefined; c?: string | undefined }', expect: '{ "a"?: string; "b": string | undefined; "c"?: string | undefined }' },
  { ask: 'string & { __brand: "Id" }', expect: 'string' },
  { ask: 'Map<string, ReadonlySet<Date>>', expect: 'Map<string, ReadonlySet<Date>>' },
  { ask: 'Uint8Array', expect: 'Uint8Array' },
  { ask: 'Record<string, number[]>', expect: '{ [key: string]: Array<number> }' },
  { ask: 'readonly string[]', expect: 'ReadonlyArray<string>' },
  { ask: 'unknown', expect: 'unknown' },
  { ask: '{}', expect: '{}' },
  // What comes of a type that stays behind is the compiler's to explain.
  { ask: '{ r: RegExp; e: TypeError }', expect: '{ "r": RegExp; "e": TypeError }' },

  // Secrets stay secrets, whatever was done to the type around them.
  {
    ask: 'Loose<Account>',
    expect: '{ "id": string; "name": string; "age": number; "email"?: string; "nickname"?: string | undefined; '
      + '"passwordHash": string; "address": import("kontract:src/models.ts").Address | null; "token": import("kontract").Secret<string> }',
  },

  // Type parameters.
  { ask: 'T extends string ? { one: T } : T[]', bindings: [['T', { ask: '"x"' }]], expect: '{ "one": "x" }' },
  { ask: 'T extends string ? { one: T } : T[]', bindings: [['T', { file: 'models', ask: 'Unexported' }]], expect: 'Array<import("kontract:src/models.ts").Unexported>' },
  { ask: 'T', bindings: [['T', { file: 'schemas', ask: 'z.infer<typeof category>["title"]' }]], expect: 'string' },

  // zod.
  {
    file: 'schemas',
    ask: 'z.infer<typeof userSchema>',
    expect: '{ "name": string; "email": string; "role": "admin" | "user"; "age"?: number | undefined; "joined": Date; '
      + '"tags": Set<string>; "scores": Map<string, number>; '
      + '"contact": { "by": "mail"; "address": string } | { "by": "phone"; "number": bigint }; '
      + '"position": [number, (number | undefined)?]; "flags": { [key: string]: boolean }; "id": string; '
      + '"note"?: string | null | undefined; "bytes": Uint8Array; "extra": unknown }',
  },
  { file: 'schemas', ask: 'z.infer<typeof category>["children"]', expect: 'Array<import("kontract:src/schemas.ts").Category>' },
  { file: 'schemas', ask: 'z.infer<typeof category>', name: 'Category', declared: true, expect: '{ "title": string; "children": Array<import("kontract:src/schemas.ts").Category> }' },
  { ask: 'ReturnType<typeof root>', name: 'Result', expect: 'import("kontract:src/api.ts").Result' },
  { ask: 'ReturnType<typeof parse>["role"]', expect: '"admin" | "user"' },

  // What has no answer.
  { ask: 'Missing.Type', expect: { kind: 'unresolved', complaint: "Cannot find namespace 'Missing'." } },
  { ask: 'ReturnType<typeof nothing>', expect: { kind: 'unresolved', complaint: "Cannot find name 'nothing'." } },
  { ask: '`a${string}`', expect: { kind: 'pattern', what: '`a${string}`' } },
  { ask: '{ a: { b: Array<() => void> } }', expect: { kind: 'unsupported', what: 'function', path: '.a.b[]' } },
  { ask: 'typeof Point', expect: { kind: 'unsupported', what: 'function', path: '' } },
  { ask: '{ a: symbol }', expect: { kind: 'unsupported', what: 'symbol', path: '.a' } },
  { ask: 'object', expect: { kind: 'unsupported', what: 'object', path: '' } },
  { ask: '{ [key: `x-${string}`]: string }', expect: { kind: 'pattern', path: '' } },
  { ask: 'Endless<"a">', expect: { kind: 'deep' } },
  { ask: 'T extends string ? 1 : 2', expect: { kind: 'unresolved', complaint: "Cannot find name 'T'." } },
];

const modules: [string, Partial<Module>][] = [
  ['models', { keep: ['User', 'Account', 'Address', 'Page', 'Circle', 'Square', 'Shape', 'Point', 'Unexported'] }],
  ['schemas', { taken: ['Category', 'NewUser', 'category', 'userSchema', 'z'] }],
  ['api', { taken: ['config', 'DeepPartial'] }],
];

async function workspace(version: string): Promise<string> {
  const root = (await temporaryFolder('computed')).replaceAll('\\', '/');
  await cp(join(here, 'computed/project'), root, { recursive: true });
  await mkdir(join(root, 'node_modules'));
  const installed: [string, string][] = [['typescript', `typescript-${version}`], ['zod', 'zod'], ['kontract', 'kontract']];
  for (const [name, from] of installed) {
    await symlink(await realpath(join(here, 'node_modules', from)), join(root, 'node_modules', name), 'junction');
  }
  return root;
}

function requestOf(root: string, asked: Case[]): { request: Request; positions: number[] } {
  const path = (file = 'api') => `${root}/src/${file}.ts`;
  const questions: Question[] = [];
  const positions = asked.map(({ file, ask, name = 'Answer', declared = false, bindings = [] }) => {
    const bound = bindings.map(([parameter, value]): [string, number] => {
      questions.push({ file: path(value.file), text: value.ask, name: '', declared: false, bindings: [], wanted: false });
      return [parameter, questions.length - 1];
    });
    questions.push({ file: path(file), text: ask, name, declared, bindings: bound, wanted: true });
    return questions.length - 1;
  });
  const known = modules.map(([file, module]) => [path(file), { name: `src/${file}.ts`, keep: [], own: [], taken: [], ...module }]);
  return { request: { project: root, modules: Object.fromEntries(known), ambient: {}, questions }, positions };
}

/** In a line, without the places of fields' declarations. */
const plain = (text: string) => text.replaceAll(/\/\*\* kontract:\d+ [\w./]+ \*\/ /g, '').replaceAll(/\s+/g, ' ');

const said: Record<string, unknown> = {};

describe.each(['5.9', '6', '7'])('TypeScript %s', (version) => {
  let root: string;
  let replies: Reply[];
  let result: Response;

  beforeAll(async () => {
    root = await workspace(version);
    const { request, positions } = requestOf(root, cases);
    result = await answer(request) as Response;
    replies = positions.map((position) => result.answers[position]!);
    said[version] = JSON.parse(JSON.stringify({ ...result, version: '', files: [] }).replaceAll(root, ''));
  });


  test.each(cases.map((asked, index) => ({ ...asked, index })))('$ask', ({ index, expect: expected }) => {
    const reply = replies[index]!;
    if (typeof expected === 'string') {
      expect('text' in reply ? plain(reply.text) : reply).toBe(expected);
    } else {
      expect(reply).toMatchObject({ refusal: expected });
    }
  });

  test('declares a helper for a type within itself', () => {
    expect(result.helpers[`${root}/src/schemas.ts`]).toBe(undefined);
    expect(result.helpers[`${root}/src/api.ts`]!.map(({ name, text }) => ({ name, text: plain(text) })))
      .toEqual([
        { name: 'Branch', text: '{ "value": "a"; "sub": Array<import("kontract:src/api.ts").Branch> }' },
        { name: 'Result', text: '{ "title": string; "children": Array<import("kontract:src/api.ts").Result> }' },
      ]);
  });

  test('says where the fields of the project are declared', () => {
    const reply = replies[cases.findIndex((asked) => asked.ask === 'Loose<Account>')] as { text: string };
    expect(reply.text).toMatch(/\/\*\* kontract:\d+ src\/models.ts \*\/ "passwordHash": string/);
  });

  test('says what it read, and leaves TypeScript’s own files out', () => {
    const own = result.files.filter((file) => file.startsWith(root) && !file.includes('/node_modules/'));
    expect(own).toEqual(['src/api.ts', 'src/models.ts', 'src/schemas.ts', 'tsconfig.json'].map((file) => `${root}/${file}`));
    expect(result.files.filter((file) => /\/lib\.[\w.]*d\.ts$/.test(file))).toEqual([]);
    expect(result.files.some((file) => file.includes('zod'))).toBe(true);
  });
});

test('all versions say the same', () => {
  expect(said['6']).toEqual(said['5.9']);
  expect(said['7']).toEqual(said['5.9']);
});

test('a project without TypeScript is told so', async () => {
  const root = await temporaryFolder('computed');
  expect(await answer({ project: root, modules: {}, ambient: {}, questions: [] })).toEqual({ missing: true });
});
