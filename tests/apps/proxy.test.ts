// `TableProxy` on a real PostgreSQL where many use it at the same time, and where PostgreSQL goes away.
import { sanitizeIdentifier, checkTablePermission, prepared, type ProxyContext, sessionKey, TableProxy, transaction } from 'kontract/postgres';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { collect, ProxyBackend } from './support/backends.ts';
import { poolOf } from './support/node.ts';
import { type Postgres, startPostgres, versions } from './support/postgres.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

interface Counter {
  id: string;
  n: number;
}

let app: Workspace;
beforeAll(async () => {
  app = await buildProject('operations');
}, 120_000);

describe.each(await versions())('on %s', (_, bin) => {
  let postgres: Postgres;
  let backend: ProxyBackend;
  let ctx: ProxyContext;

  beforeAll(async () => {
    postgres = await startPostgres([], bin);
    backend = await ProxyBackend.open(app, { postgres });
    ctx = await backend.session();
  }, 120_000);
  beforeEach(() => backend.clear());
  afterAll(async () => {
    await backend.close();
    await postgres.stop();
  });

  const counters = (context: ProxyContext = ctx, pool = backend.pool): TableProxy<Counter> => new TableProxy<Counter>(pool, 'counters', context);

  async function increment(id: string, pool = backend.pool): Promise<number> {
    return transaction(pool, ctx, async (ctx) => {
      const n = ((await counters(ctx, pool).get(id))?.n ?? 0) + 1;
      await counters(ctx, pool).set(id, { n });
      return n;
    });
  }

  test('eight writers in two processes raise a counter fifty times each: 400', { timeout: 60_000 }, async () => {
    // Pools share nothing, as processes do.
    const pools = [backend.pool, poolOf(postgres.url('postgres', backend.database))];
    const seen: number[] = [];
    const writer = async (index: number): Promise<void> => {
      for (let i = 0; i < 50; i += 1) seen.push(await increment('hot', pools[index % 2]));
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index)));
    await pools[1]!.end();
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 400 }, (_, i) => i + 1));
    expect(await counters().get('hot')).toEqual({ id: 'hot', n: 400 });
  });

  test('prepared statements stay on their connections', async () => {
    const pool = poolOf(postgres.url('postgres', backend.database), 1);
    const table = new TableProxy<Counter>(prepared(pool), 'counters', ctx);
    for (const n of [1, 2, 3]) await table.set('one', { n });
    expect(await table.get('one')).toEqual({ id: 'one', n: 3 });
    const { rows } = await pool.query("SELECT name FROM pg_prepared_statements ORDER BY name");
    expect(rows).toEqual([{ name: 'kontract_0' }, { name: 'kontract_1' }]);
    await pool.end();
  });

  test('writers of different rows never run again', { timeout: 60_000 }, async () => {
    let runs = 0;
    const writer = async (index: number): Promise<void> => {
      for (let i = 0; i < 25; i += 1) {
        await transaction(backend.pool, ctx, async (ctx) => {
          runs += 1;
          const n = ((await counters(ctx).get(`row ${index}`))?.n ?? 0) + 1;
          if (n === 1) await counters(ctx).push({ id: `row ${index}`, n });
          else await counters(ctx).update(`row ${index}`, { n });
        });
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, index) => writer(index)));
    // Only rows that are made wait for each other.
    expect(runs).toBeLessThan(200 + 8 * 8);
    expect((await collect(counters())).map(({ n }) => n)).toEqual(Array(8).fill(25));
  });

  test('crosswise reads and writes wait for each other, never in a circle', { timeout: 60_000 }, async () => {
    const ids = ['a', 'b', 'c', 'd'];
    for (const id of ids) await counters().set(id, { n: 0 });
    const writer = async (index: number): Promise<void> => {
      for (let i = 0; i < 15; i += 1) {
        await transaction(backend.pool, ctx, async (ctx) => {
          const order = index % 2 === 0 ? ids : [...ids].reverse();
          for (const id of order) await counters(ctx).get(id);
          const [first, second] = [order[i % 4]!, order[(i + 1) % 4]!];
          for (const id of [first, second]) await counters(ctx).update(id, { n: ((await counters(ctx).get(id))?.n ?? 0) + 1 });
        });
      }
    };
    await Promise.all(Array.from({ length: 6 }, (_, index) => writer(index)));
    expect((await collect(counters())).reduce((sum, { n }) => sum + n, 0)).toBe(6 * 15 * 2);
    expect(await postgres.log()).not.toContain('deadlock');
  });

  test('what eight writers push is popped once', { timeout: 60_000 }, async () => {
    const rows = 12;
    const pushed = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const ids: string[] = [];
        for (let i = 0; i < rows; i += 1) ids.push(await counters().push({ n: index }));
        return ids;
      }),
    );
    const popped = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const ids: string[] = [];
        for (let row = await counters().pop(); row !== null; row = await counters().pop()) ids.push(row.id);
        return ids;
      }),
    );
    expect(popped.flat().sort()).toEqual(pushed.flat().sort());
    expect(await counters().count()).toBe(0);
  });

  test('a transaction that read at two moments is told of neither', async () => {
    await counters().set('x', { n: 1 });
    await counters().set('y', { n: 1 });
    let runs = 0;
    const sum = await transaction(backend.pool, ctx, async (ctx) => {
      runs += 1;
      const x = await counters(ctx).get('x');
      if (runs === 1) {
        await transaction(backend.pool, await backend.session(), async (other) => {
          await counters(other).update('x', { n: 2 });
          await counters(other).update('y', { n: 0 });
        });
      }
      const y = await counters(ctx).get('y');
      if (x!.n + y!.n !== 2) throw new Error('this was never so');
      return x!.n + y!.n;
    });
    expect([sum, runs]).toEqual([2, 2]);
  });

  test('rows that are asked for together travel together, and a lone read is one statement', async () => {
    const asked: string[] = [];
    const pg = { query: (text: string, params: unknown[]) => (asked.push(text), backend.pool.query(text, params as never[])) };
    for (const id of ['1', '2', '3']) await counters().set(id, { n: Number(id) });
    const table = new TableProxy<Counter>(pg, 'counters', ctx);
    expect(await table.getMany(['3', '1', 'none'])).toEqual([{ id: '3', n: 3 }, { id: '1', n: 1 }, null]);
    expect(asked).toHaveLength(1);
    await transaction(pg, ctx, async (ctx) => {
      const table = new TableProxy<Counter>(pg, 'counters', ctx);
      await Promise.all([table.get('1'), table.get('2'), table.get('1')]);
      await table.update('1', { n: 5 });
      expect(await table.get('1')).toEqual({ id: '1', n: 5 });
    });
    expect(asked).toHaveLength(3);
    expect(asked.at(-1)).toContain('kontract.commit');
  });

  test('an operation that is not awaited fails its transaction', async () => {
    const forgetful = transaction(backend.pool, ctx, async (ctx) => {
      counters(ctx).update('1', { n: 1 }).catch(() => {});
    });
    await expect(forgetful).rejects.toThrow('not awaited');
  });

  test('a table outlives its transaction for nothing', async () => {
    let kept: TableProxy<Counter> | undefined;
    await transaction(backend.pool, ctx, async (ctx) => void (kept = counters(ctx)));
    await expect(kept!.get('1')).rejects.toThrow('The call has ended');
  });

  describe('who may do what', () => {
    test('is said by the database', async () => {
      const reader = await backend.session({ perm: 4 });
      await checkTablePermission(backend.pool, reader, 'counters', 'read');
      await expect(checkTablePermission(backend.pool, reader, 'counters', 'write')).rejects.toMatchObject({ status: 403, message: 'Cannot write table counters' });
      await expect(checkTablePermission(backend.pool, reader, 'counters', 'delete')).rejects.toThrow('Cannot delete table counters');
      await expect(checkTablePermission(backend.pool, reader, 'nothing', 'read')).rejects.toMatchObject({ status: 404, message: 'Table nothing not found' });
      const nobody = { ...reader, key: await sessionKey('a secret', 'a token') };
      await expect(checkTablePermission(backend.pool, nobody, 'counters', 'read')).rejects.toMatchObject({ status: 401, message: 'Unauthorized' });
      await expect(counters(nobody).get('1')).rejects.toMatchObject({ code: 'UNAUTHORIZED' });
      await expect(transaction(backend.pool, reader, async (ctx) => counters(ctx).set('1', { n: 1 }))).rejects.toMatchObject({ status: 403 });
    });

    test('is told of fields and names', async () => {
      const users = new TableProxy<{ id: string; name: string; email?: string }>(backend.pool, 'users', ctx);
      users.checkFieldPermissions({ name: 'x', email: undefined });
      expect(() => users.checkFieldPermissions({ email: 'x' })).toThrow("Field 'email' is read-only");
      expect(sanitizeIdentifier('users_2')).toBe('users_2');
      for (const name of ['', 'a b', 'users; DROP TABLE users', '"users"', 'ü', 'x'.repeat(41)]) expect(() => sanitizeIdentifier(name)).toThrow('Invalid identifier');
    });
  });

  test('PostgreSQL is killed under load: what was acknowledged is there, once', { timeout: 120_000 }, async () => {
    const acknowledged: string[] = [];
    const refused: unknown[] = [];
    let stop = false;
    const writer = async (index: number): Promise<void> => {
      for (let i = 0; !stop; i += 1) {
        const id = `${index}-${i}`;
        try {
          await transaction(backend.pool, ctx, async (ctx) => {
            await counters(ctx).push({ id, n: i });
            await counters(ctx).set(`last ${index}`, { n: i });
          });
          acknowledged.push(id);
        } catch (error) {
          refused.push(error);
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }
    };
    const writers = Array.from({ length: 6 }, (_, index) => writer(index));
    const more = async (): Promise<void> => {
      const before = acknowledged.length;
      await expect.poll(() => acknowledged.length - before, { timeout: 20_000 }).toBeGreaterThan(20);
    };
    for (let round = 0; round < 2; round += 1) {
      await more();
      await postgres.kill();
      await expect(counters().get('1')).rejects.toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE', message: 'The database cannot be reached' });
      await postgres.start();
    }
    await more();
    stop = true;
    await Promise.all(writers);
    const rows = await collect(counters());
    const kept = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([]);
    for (const error of refused) expect(error).toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
