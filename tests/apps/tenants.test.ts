// Tenants in one database behind one server, on both hosts and through `TableProxy`: the same ids, the
// same e-mail addresses, the same keys, and nothing of one that another sees.
import { request } from 'node:http';
import { loadTables } from 'kontract/node';
import { sessionKey, TableProxy } from 'kontract/postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTenant, type Prepared, startGateway, stopSharedPostgres } from './support/gateway.ts';
import { poolOf, startNode } from './support/node.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

interface Host extends Pick<Prepared, 'postgres' | 'database'> {
  url: string;
  close(): Promise<unknown>;
}

const SECRET = 'kX9v2mQ8sL4tR7wZ1pB6nC3dF5gH0jYa';
const HOSTS: Record<string, (app: Workspace) => Promise<Host>> = {
  'the gateway': (app) => startGateway(app, { env: { KONTRACT_SECRET: SECRET } }),
  'Node.js': (app) => startNode(app, { env: { KONTRACT_SECRET: SECRET } }),
};
const TENANTS = { main: 'shop.example.com', acme: 'acme.example.com', beta: 'beta.example.com' };
type Tenant = keyof typeof TENANTS;
const names = Object.keys(TENANTS) as Tenant[];

let app: Workspace;
beforeAll(async () => {
  app = await buildProject('tenants');
}, 120_000);
afterAll(stopSharedPostgres);

describe.each(Object.entries(HOSTS))('on %s', (_, start) => {
  let host: Host;
  const tokens = {} as Record<Tenant, { token: string; owner: string }>;

  /** What a POST to a path is answered, called by the name that the tenant has; fetch has its own. */
  async function post(tenant: Tenant, path: string, body: unknown, headers: Record<string, string> = {}) {
    return await new Promise<{ status: number; body: any }>((resolve, reject) => {
      const sent = request(host.url + path, { method: body === undefined ? 'GET' : 'POST', headers: { host: TENANTS[tenant], 'content-type': 'application/json', ...headers } });
      sent.on('error', reject).on('response', async (response) => {
        let text = '';
        for await (const chunk of response.setEncoding('utf8')) text += chunk;
        resolve({ status: response.statusCode!, body: text === '' ? undefined : JSON.parse(text) });
      });
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }
  const as = (tenant: Tenant, more = {}) => ({ authorization: `Bearer ${tokens[tenant].token}`, ...more });
  const call = (tenant: Tenant, route: string, args: unknown[] = [], headers: Record<string, string> = as(tenant)) => post(tenant, `/rpc/${route}`, args, headers);

  beforeAll(async () => {
    host = await start(app);
    await createTenant(app, host, 'acme', TENANTS.acme);
    await createTenant(app, host, 'beta', TENANTS.beta);
    for (const tenant of names) {
      const { status, body } = await post(tenant, '/auth/register', { email: 'eve@example.com', password: `eve of ${tenant}` });
      expect(status).toBe(201);
      tokens[tenant] = body;
    }
  }, 120_000);
  afterAll(() => host.close());

  test('rows, queries, cursors, statements and shared values are each tenant\'s own', async () => {
    for (const [n, tenant] of names.entries()) {
      await call(tenant, 'open', ['1', `first of ${tenant}`, n]);
      await call(tenant, 'open', ['2', `second of ${tenant}`, n + 10]);
    }
    const cursors: Partial<Record<Tenant, string>> = {};
    for (const tenant of names) {
      const [first, second] = [`first of ${tenant}`, `second of ${tenant}`];
      const { body } = await call(tenant, 'enter');
      expect(body.result).toEqual({ tenant, names: [first, second], count: 2, found: [{ id: '1', name: first }, { id: '2', name: second }], visits: 1 });
      const page = (await call(tenant, 'page', [null])).body.result;
      expect(page[0]).toEqual([first]);
      cursors[tenant] = page[1];
    }
    for (const tenant of names) {
      for (const cursor of Object.values(cursors)) {
        // A place in an order is no key to what stands there.
        const [rows] = (await call(tenant, 'page', [cursor])).body.result;
        for (const name of rows) expect(name).toMatch(new RegExp(`of ${tenant}$`));
      }
    }
  });

  test('calls with one idempotency key are each tenant\'s own, and those without a login too', async () => {
    for (const tenant of names) {
      for (let again = 0; again < 2; again += 1) {
        const { body } = await call(tenant, 'close', [], as(tenant, { 'idempotency-key': 'the-same' }));
        expect(body.result).toBe(`first of ${tenant}`);
        const anonymous = await call(tenant, 'close', [], { 'idempotency-key': 'anonymous' });
        expect(anonymous.body.result).toBe(`second of ${tenant}`);
      }
    }
  });

  test('sessions, accounts and groups are unknown at the hosts of others', async () => {
    for (const tenant of names) {
      for (const other of names) {
        const status = tenant === other ? 200 : 401;
        // Twice: what a host remembers of a session is no way around.
        for (let again = 0; again < 2; again += 1) {
          expect((await call(other, 'enter', [], as(tenant))).status).toBe(status);
          expect((await post(other, '/auth/me', undefined, as(tenant))).status).toBe(status);
        }
        const password = `eve of ${tenant}`;
        expect((await post(other, '/auth/login', { email: 'eve@example.com', password })).status).toBe(status);
        if (tenant !== other) {
          expect((await post(other, '/auth/logout', {}, as(tenant))).status).toBe(401);
          expect((await call(tenant, 'promote', [tokens[other].owner])).status).toBe(404);
        }
      }
      expect((await post(tenant, '/auth/anonymous', {})).status).toBe(201);
    }
    expect((await call('acme', 'promote', [tokens.acme.owner])).status).toBe(200);
    expect((await call('acme', 'enter')).status).toBe(401);
    expect((await call('beta', 'enter')).status).toBe(200);
  });

  test('TableProxy serves the tenant of its session', async () => {
    const pool = poolOf(host.postgres.url(`gateway_${host.database}`, host.database));
    const tables = await loadTables(app.dist);
    const logins = await Promise.all(names.map((tenant) => post(tenant, '/auth/anonymous', {})));
    const proxies = await Promise.all(logins.map(async ({ body }) => {
      const ctx = { key: await sessionKey(SECRET, body.token), tables };
      return new TableProxy<{ id: string; name: string; size: number }>(pool, 'rooms', ctx);
    }));
    for (const [n, rooms] of proxies.entries()) {
      await rooms.set('proxy', { name: `of ${names[n]}`, size: n });
      await rooms.push({ id: 'queue', name: 'last', size: 99 });
    }
    for (const [n, rooms] of proxies.entries()) {
      expect(await rooms.get('proxy')).toEqual({ id: 'proxy', name: `of ${names[n]}`, size: n });
      const found = [];
      for await (const { id } of rooms.query({ size: { lt: 100 } }, { orderBy: 'size' })) found.push(id);
      expect(found).toEqual(['proxy', 'queue']);
      await rooms.update('proxy', { size: 50 });
      expect(await rooms.count({ size: 50 })).toBe(1);
      expect((await rooms.pop())?.id).toBe('queue');
      expect(await rooms.delete('proxy')).toBe(true);
    }
    await pool.end();
  });
});
