// `[build] lazy`: modules are loaded when one of their routes is called. What a module asks of a server
// while it is loaded shows when that is.
import { once } from 'node:events';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateLazyRoutes, type LazyRouteEntry } from 'kontract';
import type { LazyRoutes } from 'kontract/runtime';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LogEntry, onGateway, type Server, start } from './support/server.ts';
import { build, copyProject, type Workspace } from './support/workspace.ts';

const loaded: string[] = [];
let failures = 2;
const witness = createServer((request, response) => {
  const module = request.url!.slice(1);
  loaded.push(module);
  const fails = module === 'flaky' && failures > 0;
  if (fails) failures -= 1;
  response.writeHead(fails ? 503 : 200).end();
});

let app: Workspace;
let server: Server;
const log: LogEntry[] = [];

beforeAll(async () => {
  witness.listen(0, '127.0.0.1');
  await once(witness, 'listening');
  app = await copyProject('lazy');
  const { port } = witness.address() as AddressInfo;
  await writeFile(join(app.root, 'src/address.ts'), `export const ADDRESS = 'http://127.0.0.1:${port}';\n`);
  await build(app);
  server = await start(app, { egress: ['loopback'], log: (entry) => log.push(entry) });
});
afterAll(() => witness.close());

interface Answer {
  result?: unknown;
  error?: { code: string };
}

async function post(route: string, ...args: unknown[]): Promise<Answer> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${server.url}/rpc/${route}`, { method: 'POST', headers, body: JSON.stringify(args) });
  return (await response.json()) as Answer;
}

test('nothing is loaded before it is called, and nothing for those who may not call', async () => {
  expect(await post('close')).toMatchObject({ error: { code: 'FORBIDDEN' } });
  expect(await post('nothing')).toMatchObject({ error: { code: 'NOT_FOUND' } });
  expect(loaded).toEqual([]);
});

test('calls that come together load a module once', async () => {
  const calls = Array.from({ length: 5 }, (_, i) => post(i % 2 === 0 ? 'hello' : 'Users.shout', 'Ada'));
  const results = (await Promise.all(calls)).map(({ result }) => result);
  expect(results).toEqual(['Hello, Ada', 'ADA', 'Hello, Ada', 'ADA', 'Hello, Ada']);
  // An isolate of the gateway has modules of its own.
  if (!onGateway) expect(loaded).toEqual(['users']);
  expect(new Set(loaded)).toEqual(new Set(['users']));
});

test('a module that cannot be loaded is told of in the log, and tried again by the next call', async () => {
  for (const _ of [1, 2]) expect(await post('flaky')).toMatchObject({ error: { code: 'INTERNAL_ERROR' } });
  expect(await post('flaky')).toEqual({ result: 200 });
  expect(await post('flaky')).toEqual({ result: 200 });
  expect(loaded.filter((module) => module === 'flaky')).toHaveLength(3);
  await expect.poll(() => JSON.stringify(log.map(({ error }) => describe(error)))).toContain('the other side is not up');
  expect(JSON.stringify(log.map(({ error }) => describe(error)))).toContain('The module ./flaky.js cannot be loaded');
});

function describe(error: unknown): string {
  return error instanceof Error ? `${error.message}: ${describe(error.cause)}` : String(error);
}

test('the index has a loader for each module', async () => {
  const text = await readFile(join(app.server, 'index.js'), 'utf8');
  expect(text).not.toMatch(/^import ".\/(users|admin|flaky).js"/m);
  expect(text.match(/=== "" \? import\("[^"]+"\)/g)).toHaveLength(3);
});

test('generateLazyRoutes writes a module that does the same', async () => {
  const entries: LazyRouteEntry[] = [
    { name: 'createUser', modulePath: './api/users.js', meta: { egroup: 'api-v1' } },
    { name: 'Users.get', modulePath: './api/users.js', meta: { perm: 4 } },
    { name: 'late', modulePath: './late.js', meta: {} },
  ];
  const code = generateLazyRoutes(entries);
  await mkdir(join(app.root, 'own/api'), { recursive: true });
  await writeFile(join(app.root, 'own/package.json'), '{ "type": "module" }');
  await writeFile(join(app.root, 'own/routes.js'), code);
  await writeFile(
    join(app.root, 'own/api/users.js'),
    'export async function createUser(name) { return { name }; }\nexport class Users { static get(id) { return [this === Users, id]; } }\n',
  );
  const routes = (await import(pathToFileURL(join(app.root, 'own/routes.js')).href)) as LazyRoutes;
  const create = await routes.__kontract_resolve('createUser');
  expect(create.meta).toEqual({ egroup: 'api-v1', perm: 0 });
  expect(await create.handler({} as never, ['Ada'])).toEqual({ name: 'Ada' });
  expect((await routes.__kontract_resolve('Users.get')).handler({} as never, [1])).toEqual([true, 1]);

  await expect(routes.__kontract_resolve('late')).rejects.toThrow('The module ./late.js cannot be loaded');
  await writeFile(join(app.root, 'own/late.js'), "throw new Error('not yet');");
  await expect(routes.__kontract_resolve('late')).rejects.toMatchObject({ cause: { message: 'not yet' } });
  await writeFile(join(app.root, 'own/late.js'), "export const late = () => 'here';");
  expect((await routes.__kontract_resolve('late')).handler({} as never, [])).toBe('here');
  expect(() => generateLazyRoutes([entries[0]!, entries[0]!])).toThrow('two routes are called createUser');
});
