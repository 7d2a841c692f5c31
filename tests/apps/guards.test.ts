// What callers and a slow database do to a gateway that others call, too.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Gateway, startGateway, stopSharedPostgres } from './support/gateway.ts';
import { buildApp, type Workspace } from './support/workspace.ts';

const DEADLINE = 3000;
let app: Workspace;
let gateway: Gateway;

beforeAll(async () => {
  app = await buildApp('plain', { overlay: 'http' });
  gateway = await startGateway(app, { config: `[server.limits]\ndeadline_ms = ${DEADLINE}\nin_flight = 4\n` });
});
afterAll(async () => {
  await gateway.close();
  await stopSharedPostgres();
});

const post = (path: string, body: unknown = undefined, headers: Record<string, string> = {}, { url } = gateway): Promise<Response> =>
  fetch(url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) ?? null });

/** Sends a text over a connection of its own. */
async function send(text: string, { url } = gateway): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.write(text);
  return socket;
}

async function answer(text: string): Promise<string> {
  const socket = await send(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

test('requests that do not arrive keep nobody from calling', async () => {
  const head = 'POST /rpc/greet HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n';
  const slow = await Promise.all(Array.from({ length: 50 }, (_, i) => send(i % 2 === 0 ? `${head}\r\n["` : head)));
  for (let calls = 0; calls < 5; calls += 1) expect((await post('/rpc/greet', ['Ada'])).status).toBe(200);
  // They are answered when they arrive in time.
  slow[0]!.write('Ada"]  ');
  expect(String((await once(slow[0]!, 'data'))[0])).toContain('Hello, Ada');
  expect(String((await once(slow[2]!, 'data'))[0])).toMatch(/^HTTP\/1\.1 408 /);
  for (const socket of slow) socket.destroy();
});

test('connections beyond the files of the process take the place of those that were silent longest', async () => {
  const small = await startGateway(app, { files: 300 });
  const silent: Socket[] = [];
  for (let opened = 0; opened < 300; opened += 1) silent.push(await send(opened % 2 === 0 ? 'GET /health HTTP/1.1\r\nHos' : '', small));
  const call = await post('/rpc/greet', ['Ada'], {}, small);
  expect([call.status, await call.json()]).toEqual([200, { result: 'Hello, Ada' }]);
  expect(small.log()).not.toContain('a connection could not be taken');
  for (const socket of silent) socket.destroy();
  expect(await small.close()).toBe(0);
});

test('a request says once which host it means', async () => {
  const end = 'Connection: close\r\n\r\n';
  for (const hosts of ['', 'Host: a\r\nHost: a\r\n']) {
    expect(await answer(`GET /health HTTP/1.1\r\n${hosts}${end}`)).toMatch(/^HTTP\/1\.1 400 [\s\S]*Host: expected one/);
  }
  expect(await answer(`GET /health HTTP/1.1\r\nHost: \r\n${end}`)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await answer(`GET /health HTTP/1.0\r\n${end}`)).toMatch(/^HTTP\/1\.0 200 /);
});

test('an address makes so many sessions and accounts in a minute', async () => {
  const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': `198.51.100.1, ${address}` });
  for (let made = 0; made < 100; made += 1) {
    expect((await post('/auth/anonymous', undefined, from('203.0.113.7'))).status).toBe(201);
  }
  const account = { email: 'ada@example.com', password: 'correct horse' };
  for (const [path, body] of [['/auth/anonymous', undefined], ['/auth/register', account]] as const) {
    const refused = await post(path, body, from('203.0.113.7'));
    expect([refused.status, await refused.json()]).toEqual([429, { error: { code: 'RATE_LIMITED', message: 'Rate limit exceeded', status: 429 } }]);
    expect((await post(path, body, from('203.0.113.8'))).status).toBe(201);
  }
});

async function accountOf(email: string): Promise<{ token: string; owner: string }> {
  const response = await post('/auth/register', { email, password: 'correct horse' });
  return (await response.json()) as { token: string; owner: string };
}

async function login(email: string): Promise<string> {
  const response = await post('/auth/login', { email, password: 'correct horse' });
  return ((await response.json()) as { token: string }).token;
}

test('groups that are set end the sessions with other ones, also of calls and logins under way', async () => {
  const { owner } = await accountOf('grace@example.com');
  const chief = await accountOf('chief@example.com');
  const { postgres, database } = gateway;
  await postgres.query(database, `UPDATE kontract.accounts SET ugroups = '{admin}' WHERE id = '${chief.owner}'`);
  const authorization = `Bearer ${await login('chief@example.com')}`;
  const whoami = (token: string): Promise<Response> => post('/rpc/whoami', [], { authorization: `Bearer ${token}` });
  for (let round = 0; round < 8; round += 1) {
    const before = await login('grace@example.com');
    const call = post('/rpc/wait', [100], { authorization: `Bearer ${before}` });
    const late = login('grace@example.com');
    await new Promise((resolve) => setTimeout(resolve, round * 8));
    const groups = [`round-${round}`];
    expect((await post('/rpc/setGroups', [owner, groups], { authorization })).status).toBe(200);
    expect((await whoami(before)).status).toBe(401);
    // A call under way asks PostgreSQL as a session that may have ended.
    expect([200, 401]).toContain((await call).status);
    const seen = await whoami(await late);
    if (seen.status !== 401) expect(((await seen.json()) as { result: { ugroups: string[] } }).result.ugroups).toEqual(groups);
  }
});

test('a database that hangs keeps nobody waiting beyond the deadline', async () => {
  const { postgres, database } = gateway;
  const { token } = (await (await post('/auth/anonymous')).json()) as { token: string };
  const hangs = postgres.query(database, `BEGIN; LOCK TABLE kontract.trxs, kontract.accounts; SELECT pg_sleep(60)`).catch(() => {});
  await expect.poll(() => postgres.query(database, "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation = 'kontract.accounts'::regclass")).toBe('1');
  const statuses = await Promise.all([
    post('/rpc/greet', ['Ada'], { authorization: `Bearer ${token}` }),
    post('/auth/login', { email: 'ada@example.com', password: 'wrong' }),
    post('/auth/anonymous'),
  ]);
  expect(statuses.map(({ status }) => status)).toEqual([504, 504, 504]);
  await postgres.query(database, "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(60)' AND pid <> pg_backend_pid()");
  await hangs;
  expect((await post('/rpc/greet', ['Ada'], { authorization: `Bearer ${token}` })).status).toBe(200);
});
