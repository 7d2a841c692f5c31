// Whatever functions, classes and parameters are called, each route reaches its own function, and
// each stub its own route.
import { cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { configure } from 'kontract/client';
import { beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from './support/temporary.ts';
import { build } from './support/workspace.ts';

type Handler = (ctx: object, args: unknown[]) => unknown;
type Answer = { route: string; args: unknown[]; options: unknown };
type Stub = (...args: unknown[]) => Promise<Answer>;

let routes: Map<string, { handler: Handler; meta: { perm: number } }>;
let client: Record<string, unknown> & { api: Record<string, Stub | Record<string, Stub>> };

beforeAll(async () => {
  const root = await temporaryFolder();
  await cp(resolve(import.meta.dirname, 'registration'), root, { recursive: true });
  await writeFile(join(root, 'package.json'), '{ "type": "module" }\n');
  await mkdir(join(root, 'node_modules/tiny-jsx'), { recursive: true });
  await symlink(await realpath(join(import.meta.dirname, 'node_modules/kontract')), join(root, 'node_modules/kontract'), 'junction');
  await fakePackage(join(root, 'node_modules/tiny-jsx'), 'tiny-jsx', 'jsx-runtime', [
    'export const Fragment = "Fragment";',
    'export const jsx = (type, props) => ({ type, props }), jsxs = jsx;',
  ]);
  await build({ root });
  routes = (await imported<{ __kontract_routes: typeof routes }>(join(root, 'dist/server/index.js'))).__kontract_routes;
  configure({ transport: { call: async ({ route, args, options }) => ({ route, args, options }) } });
  client = await imported(join(root, 'dist/client/index.js'));
});

/** What each route answers to 7 and an absent argument or null, where it is more than its name and 7. */
const ANSWERS: Record<string, string> = {
  ctx: 'ctx 7 undefined',
  undefined: 'undefined 7 undefined',
  _jsx: '_jsx {"type":"div","props":{"children":7}}',
  _jsxs: '_jsxs {"type":"div","props":{"children":[7,{"type":"b","props":{}}]}}',
  _Fragment: '_Fragment {"type":"Fragment","props":{"children":7}}',
  merged: 'merged 7 1',
  ownName: 'ownName 7 4',
  parameter: 'parameter 7 4',
  defaults: 'defaults 7 3',
  shadowed: 'shadowed 7 3',
  spellings: 'spellings 7 6 6 6 6 6',
  inDefault: 'inDefault 7 2',
  assigned: 'assigned 7 1',
  'Map.put': 'Map.put 7 own',
  'Service.go': 'Service.go 7 Service 1',
  'Service.stay': 'Service.stay 7 own',
  getUser: 'getUser inner',
  usesAll: 'usesAll 7 1 value',
  ownContext: 'ownContext 7 mine',
  taken: 'taken 7 null',
  all: 'all 7 null 9',
  ownNamed: 'ownNamed 7 null',
  rest: 'rest 7 ,9',
  $: '$ 7 null',
};

/** What each route is given, where it is more than 7. */
const ARGUMENTS: Record<string, unknown[]> = {
  destructured: [{ a: 1, b: 2 }, 3, [4], 5],
  taken: [7, null],
  ownNamed: [7, null],
  $: [7, null],
  all: [7, null, 9],
  rest: [7, null, 9],
};

test('every route reaches the function it was declared with', async () => {
  expect(routes.size).toBeGreaterThan(40);
  const wrapped = ['args', 'ctx', 'kontract'];
  for (const [name, { handler }] of routes) {
    const args = ARGUMENTS[name] ?? [7];
    const own = name === 'destructured' ? 'destructured 1 2 3 4 5' : (ANSWERS[name] ?? `${name} 7`);
    expect(await handler({}, args), name).toBe(wrapped.includes(name) ? `[<${own}>]` : `[${own}]`);
  }
});

test('every stub calls its own route with its own arguments', async () => {
  const stubs = Object.entries(client.api).flatMap(([name, value]): [string, Stub][] =>
    typeof value === 'function'
      ? [[name, value]]
      : Object.entries(value).map(([method, stub]) => [`${name}.${method}`, stub]),
  );
  expect(stubs.map(([name]) => name).sort()).toEqual([...routes.keys()].sort());
  for (const [name, stub] of stubs) {
    const count = name === 'rest' ? 2 : stub.length - (['all'].includes(name) ? 0 : 1);
    const args = Array.from({ length: count }, (_, index) => index);
    const options = name === 'all' || name === 'rest' ? [] : [{ timeout: 1 }];
    expect(await stub(...args, ...options), name).toEqual({ route: name, args, options: options[0] ?? {} });
  }
});

async function fakePackage(folder: string, name: string, path: string, lines: string[]): Promise<void> {
  await mkdir(folder, { recursive: true });
  const manifest = { name, type: 'module', exports: { [`./${path}`]: './index.js' } };
  await writeFile(join(folder, 'package.json'), JSON.stringify(manifest));
  await writeFile(join(folder, 'index.js'), `${lines.join('\n')}\n`);
}

async function imported<T>(path: string): Promise<T> {
  return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as T;
}
