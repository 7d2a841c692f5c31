// `exec` from the source to PostgreSQL, on both hosts.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, stopSharedPostgres } from './support/gateway.ts';
import { startNode } from './support/node.ts';
import { type Account, register, rpc, type Server } from './support/server.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

interface Host extends Server {
  log(): string;
}

const HOSTS: Record<string, () => Promise<Host>> = {
  'in the gateway': async () => (await startGateway(app)) as unknown as Host,
  'in Node.js': async () => {
    const entries: string[] = [];
    const log = ({ error, message }: { error?: unknown; message: string }): void => void entries.push(`${message} ${String(error)}`);
    const host = await startNode(app, { serving: { log } });
    return { ...host, log: () => entries.join('\n') };
  },
};

let app: Workspace;
beforeAll(async () => {
  app = await buildProject('statements');
}, 120_000);
afterAll(stopSharedPostgres);

describe.each(Object.entries(HOSTS))('%s', (_, open) => {
  let host: Host;
  let user: Account;
  const call = async (route: string, args: unknown[] = []) => (await rpc(host, route, args, user.token)).body;

  beforeAll(async () => {
    host = await open();
    user = await register(host, 'user');
    for (const [id, age, city] of [['ada', 36, 'London'], ['bob', 17, 'Paris'], ['eve', 50, 'London']] as const) {
      expect(await call('add', [id, id.toUpperCase(), age, city])).toEqual({});
    }
  }, 120_000);
  afterAll(() => host.close());

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
    expect(await call('afterWriting')).toMatchObject({ error: { code: 'INTERNAL_ERROR' } });
    expect(await call('computed', ['SELECT * FROM people'])).toMatchObject({ error: { code: 'INTERNAL_ERROR' } });
    expect(host.log()).toContain('env.storage.transaction');
    expect(host.log()).toContain('exec() runs the SQL that the compiler has seen');
  });
});

test('the server holds ids where the source has SQL', async () => {
  const manifest = JSON.parse(await readFile(join(app.root, 'dist/manifest.json'), 'utf8')) as { statements: Record<string, { at: string }> };
  expect(Object.values(manifest.statements).every(({ at }) => /^src\/people\.ts:\d+$/.test(at))).toBe(true);
  const server = await readFile(join(app.root, 'dist/server/people.js'), 'utf8');
  for (const id of Object.keys(manifest.statements)) expect(server).toContain(`.exec("${id}"`);
});
