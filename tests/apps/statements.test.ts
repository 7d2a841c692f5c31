// `exec` from the source to PostgreSQL, in the gateway.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway, stopSharedPostgres } from './support/gateway.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

let app: Workspace;
let gateway: Gateway;

beforeAll(async () => {
  app = await buildProject('statements');
  const config = '[auth]\nperm = { anonymous = "RWX", user = "RWX" }\n';
  gateway = await startGateway(app, { config });
  for (const [id, age, city] of [['ada', 36, 'London'], ['bob', 17, 'Paris'], ['eve', 50, 'London']] as const) {
    expect(await call('add', [id, id.toUpperCase(), age, city])).toEqual({});
  }
}, 120_000);
afterAll(async () => {
  await gateway.close();
  await stopSharedPostgres();
});

async function call(route: string, args: unknown[] = []): Promise<Record<string, unknown>> {
  const response = await fetch(`${gateway.url}/rpc/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(args),
  });
  return (await response.json()) as Record<string, unknown>;
}

test('rows come as the statement names them, with parameters as it casts them', async () => {
  expect(await call('cities', [18, ['London', 'Paris']])).toEqual({ result: [{ city: 'London', people: 2, oldest: 50 }] });
  expect(await call('bornBefore', ['1990-01-01T00:00:00Z'])).toEqual({ result: ['ada', 'eve'] });
  const notes = { result: ['ada', 'bob', 'eve'].map((id) => ({ id: `note of ${id}`, data: { text: id.toUpperCase() } })) };
  expect(await call('notes')).toEqual(notes);
  expect(await call('large')).toEqual({ result: ['bigint', '9007199254740993', 'number'] });
});

test('what a statement gave is compared when its call writes', async () => {
  const [counted] = await Promise.all([call('recount'), call('add', ['fay', 'Fay', 20, null])]);
  expect(counted).toEqual({ result: 4 });
});

test('a table that the call has written to is refused, and so is SQL that comes with a request', async () => {
  const told = expect.stringContaining('env.storage.transaction');
  expect(await call('afterWriting')).toMatchObject({ error: { code: 'INTERNAL_ERROR', message: told } });
  expect(await call('computed', ['SELECT * FROM people'])).toMatchObject({ error: { code: 'INTERNAL_ERROR' } });
  expect(gateway.log()).toContain('exec() runs the SQL that the compiler has seen');
});

test('the server holds ids where the source has SQL', async () => {
  const manifest = JSON.parse(await readFile(join(app.root, 'dist/manifest.json'), 'utf8')) as { statements: Record<string, { at: string }> };
  expect(Object.values(manifest.statements).every(({ at }) => /^src\/people\.ts:\d+$/.test(at))).toBe(true);
  const server = await readFile(join(app.root, 'dist/server/people.js'), 'utf8');
  for (const id of Object.keys(manifest.statements)) expect(server).toContain(`.exec("${id}"`);
});
