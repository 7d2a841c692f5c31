// `kontract serve`: what it refuses to start with, and how it ends.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, sharedPostgres, startGateway, stopSharedPostgres } from './support/gateway.ts';
import type { Postgres } from './support/postgres.ts';
import { build, buildApp, compiler, copyApp, type Workspace } from './support/workspace.ts';

let app: Workspace;
let postgres: Postgres;
let gateway: Gateway;

beforeAll(async () => {
  app = await buildApp('plain', { overlay: 'http' });
  postgres = await sharedPostgres();
  gateway = await startGateway(app, { config: '[server.limits]\ndeadline_ms = 4000\n' });
});
afterAll(async () => {
  await gateway.close();
  await stopSharedPostgres();
});

const SECRET = randomBytes(48).toString('base64');

interface Ended {
  code: number;
  errors: string;
}

/** Starts a gateway that is expected to end by itself. */
function serve(env: Record<string, string>, { root }: Pick<Workspace, 'root'> = app, args = ['--port', '0']): Promise<Ended> {
  const settings = { PATH: process.env.PATH!, DATABASE_URL: roleUrl(), KONTRACT_SECRET: SECRET, ...env };
  return new Promise((resolve) => {
    const options = { cwd: root, env: settings, timeout: 20_000 };
    execFile(compiler(), ['serve', root, ...args], options, (error, _, errors) => resolve({ code: (error?.code as number | undefined) ?? 0, errors }));
  });
}

const roleUrl = (): string => postgres.url(`gateway_${gateway.database}`, gateway.database);

test.each([
  ['no secret', '', 'KONTRACT_SECRET is missing'],
  ['a short secret', 'x9!', 'KONTRACT_SECRET is shorter than 32 bytes'],
  ['a secret of one character', 'a'.repeat(64), 'KONTRACT_SECRET repeats itself'],
  ['a secret out of a book', 'change-me-before-production-please!', 'KONTRACT_SECRET is an example'],
])('%s: refused', async (_, secret, message) => {
  const { code, errors } = await serve({ KONTRACT_SECRET: secret });
  expect(code).toBe(1);
  expect(errors).toContain(message);
  if (secret !== '') expect(errors).not.toContain(secret);
});

test('no database in the environment: refused', async () => {
  const { code, errors } = await serve({ DATABASE_URL: '' });
  expect([code, errors]).toEqual([1, expect.stringContaining('DATABASE_URL is not set')]);
});

test('a database that does not answer: refused, without its password', async () => {
  const { code, errors } = await serve({ DATABASE_URL: 'postgresql://me:geheim@127.0.0.1:1/x' });
  expect([code, errors]).toEqual([1, expect.stringContaining('127.0.0.1:1')]);
  expect(errors).not.toContain('geheim');
});

test('a role that may do everything: refused, unless the configuration says that it is so', async () => {
  const url = postgres.url('postgres', gateway.database);
  const { code, errors } = await serve({ DATABASE_URL: url });
  expect([code, errors]).toEqual([1, expect.stringMatching(/the role `postgres` of DATABASE_URL is a superuser/)]);
});

test('a database that nobody has migrated, or whose tables are older: refused with what to run', async () => {
  const empty = await postgres.database();
  const fresh = await serve({ DATABASE_URL: postgres.url('postgres', empty) });
  expect([fresh.code, fresh.errors]).toEqual([1, expect.stringContaining('kontract migrate up')]);
  const newer = await copyApp('plain', { overlay: 'http' });
  const extra = `import { backend, type Primkey, type Table } from 'kontract';
export interface Extra extends Table<'extras'> { id: Primkey<string>; text: string }
export const keep = backend(async (extra: Extra): Promise<void> => { await env.storage.extras.set(extra.id, extra); });
`;
  await writeFile(join(newer.root, 'src/api/extra.ts'), extra);
  await build(newer);
  const behind = await serve({}, newer);
  expect([behind.code, behind.errors]).toEqual([1, expect.stringMatching(/K197[\s\S]*behind the build[\s\S]*extras[\s\S]*kontract migrate up/)]);
});

test('no build: refused', async () => {
  const { code, errors } = await serve({}, await copyApp('plain'));
  expect([code, errors]).toEqual([1, expect.stringContaining('kontract build')]);
});

test('a port in use: refused', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const { code, errors } = await serve({}, app, ['--port', String(port)]);
  taken.close();
  expect([code, errors]).toEqual([1, expect.stringMatching(new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use`))]);
});

test('asked to end, it refuses new calls, finishes those that run and ends in order', async () => {
  const ending = await startGateway(app, { database: gateway.database, env: { KONTRACT_SECRET: SECRET }, migrate: false });
  const call = (route: string, args: unknown[], headers = {}): Promise<Response> =>
    fetch(`${ending.url}/rpc/${route}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(args) });
  const last = call('wait', [3000], { 'idempotency-key': 'last' });
  await expect.poll(async () => (await call('isRunning', ['last'])).json()).toEqual({ result: true });
  const closed = ending.close();
  expect(await (await last).json()).toEqual({ result: 'waited' });
  expect(await closed).toBe(0);
  await expect(fetch(`${ending.url}/health`)).rejects.toThrow();
});

test('the log is JSON where nobody watches, and names the call', async () => {
  const headers = { 'idempotency-key': 'logged-call' };
  expect((await fetch(`${gateway.url}/rpc/fail`, { method: 'POST', headers })).status).toBe(500);
  await expect.poll(() => gateway.log()).toContain('logged-call');
  const lines = gateway.log().trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const line = lines.filter(({ call_id: id }) => id === 'logged-call');
  expect(line).toEqual([expect.objectContaining({ level: 'ERROR', route: 'fail' })]);
});

test('with too many threads lost to calls that never end, a new process goes on with the socket', async () => {
  // On a busy machine a thread is given up long after its slice: by then the next call still has time.
  const worn = await startGateway(app, { config: '[server.limits]\ndeadline_ms = 4000\n' });
  const call = async (route: string, args: unknown[] = []): Promise<number> => {
    const headers = { 'content-type': 'application/json', connection: 'close' };
    return (await fetch(`${worn.url}/rpc/${route}`, { method: 'POST', headers, body: JSON.stringify(args) })).status;
  };
  const succeeded = async (): Promise<boolean> => (await readFile(`/proc/${worn.pid}/environ`, 'latin1')).includes('KONTRACT_SOCKET=');
  for (let stuck = 0; stuck < 4 * availableParallelism() && !worn.log().includes('takes the place'); stuck += 1) {
    // The last of these calls may end with the process.
    expect(await call('stick').catch(() => 504)).toBe(504);
    expect(await call('greet', ['Ada'])).toBe(200);
  }
  const statuses = new Set<number>();
  while (!(await succeeded())) statuses.add(await call('greet', ['Ada']));
  statuses.add(await call('greet', ['Ada']));
  expect([...statuses]).toEqual([200]);
  expect(await worn.close()).toBe(0);
}, 60_000);

test('without the database it is not ready, and back when the database is', async () => {
  const ready = async (): Promise<number> => (await fetch(`${gateway.url}/ready`)).status;
  expect(await ready()).toBe(200);
  await postgres.kill();
  await expect.poll(ready).toBe(503);
  const call = await fetch(`${gateway.url}/rpc/labels`, { method: 'POST' });
  expect([call.status, call.headers.get('retry-after')]).toEqual([503, '1']);
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  await postgres.start();
  await expect.poll(ready).toBe(200);
  expect((await fetch(`${gateway.url}/rpc/labels`, { method: 'POST' })).status).toBe(200);
});
