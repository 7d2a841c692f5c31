// What every storage does alike: in memory, in PostgreSQL, operation by operation and in one transaction.
import { readFile } from 'node:fs/promises';
import type { Rows, UntypedTable } from 'kontract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Backend, collect, memory, ProxyBackend } from './support/backends.ts';
import { stopSharedPostgres } from './support/gateway.ts';
import { buildProject, type Workspace } from './support/workspace.ts';

interface Vectors {
  rows: ({ id: string } & Record<string, unknown>)[];
  finds: [object, string[]][];
  refused: [unknown, string][];
  orders: [string | Record<string, 'asc' | 'desc'>, string[]][];
}

const file = new URL('../../fixtures/storage/filters.json', import.meta.url);
const vectors = JSON.parse(await readFile(file, 'utf8'), (_, value) => {
  if (typeof value?.$date === 'number') return new Date(value.$date);
  return typeof value?.$bigint === 'string' ? BigInt(value.$bigint) : value;
}) as Vectors;

const BACKENDS: Record<string, (app: Workspace) => Promise<Backend>> = {
  'in memory': memory,
  'in one transaction in memory': (app) => memory(app, { together: true }),
  'in PostgreSQL': (app) => ProxyBackend.open(app),
  'in one transaction': (app) => ProxyBackend.open(app, { together: true }),
};

let app: Workspace;
beforeAll(async () => {
  app = await buildProject('operations');
}, 120_000);
afterAll(stopSharedPostgres);

describe.each(Object.entries(BACKENDS))('%s', (_, open) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await open(app);
  }, 120_000);
  beforeEach(() => backend.clear());
  afterAll(() => backend.close());

  /** A test that one user's tables suffice for. */
  const tested = (name: string, body: (table: (name: string) => UntypedTable) => Promise<void>): void => {
    test(name, () => backend.run(body));
  };

  describe('rows', () => {
    tested('are read as they were written, with their key', async (tables) => {
      const users = tables('users');
      await users.set('1', { name: 'Ada' });
      await users.set('2', { id: '2', name: 'Grace' });
      expect(await users.get('1')).toEqual({ id: '1', name: 'Ada' });
      expect(await users.getMany(['2', 'none', '1', '2'])).toEqual([{ id: '2', name: 'Grace' }, null, { id: '1', name: 'Ada' }, { id: '2', name: 'Grace' }]);
      await expect(users.set('1', { id: '2', name: 'Ada' })).rejects.toMatchObject({ status: 400, path: 'users.id' });
      await expect(users.update('1', { id: '2' })).rejects.toMatchObject({ status: 400 });
    });

    tested('are replaced by set and changed by update', async (tables) => {
      const users = tables('users');
      await users.set('1', { name: 'Ada', tags: ['a'] });
      await users.update('1', { name: 'Grace', tags: undefined });
      expect(await users.get('1')).toEqual({ id: '1', name: 'Grace', tags: ['a'] });
      await users.set('1', { name: 'Joan' });
      expect(await users.get('1')).toEqual({ id: '1', name: 'Joan' });
      await expect(users.update('2', { name: 'x' })).rejects.toMatchObject({ code: 'NOT_FOUND', message: 'Row not found in table users' });
    });

    tested('are removed once, and come back as new ones', async (tables) => {
      const users = tables('users');
      await users.set('1', { name: 'Ada', email: 'a' });
      await users.set('2', { name: 'Grace' });
      expect(await users.delete('1')).toBe(true);
      expect(await users.delete('1')).toBe(false);
      expect(await users.get('1')).toBeNull();
      await users.set('1', { name: 'Joan' });
      expect((await collect(users)).map(({ id }) => id)).toEqual(['2', '1']);
    });

    tested('hold every type', async (tables) => {
      const value = { date: new Date(0), bytes: new Uint8Array([1]), big: 2n ** 62n, map: new Map([['a', 1]]), none: null, either: { kind: 'b', at: new Date(1) } };
      await tables('values').set('1', value);
      expect(await tables('values').get('1')).toEqual({ id: '1', ...value });
      expect(await collect(tables('values'))).toEqual([{ id: '1', ...value }]);
    });

    tested('share no object with the caller', async (tables) => {
      const tags = ['a'];
      await tables('users').set('1', { name: 'Ada', tags });
      tags.push('b');
      const read = await tables('users').get<{ tags: string[] }>('1');
      read?.tags.push('c');
      expect((await tables('users').get<{ tags: string[] }>('1'))?.tags).toEqual(['a']);
    });

    test.each([['a list', []], ['text', 'x'], ['nothing', null], ['a date', new Date()], ['NUL', { name: 'a\0' }]])('are not made of %s', async (_, value) => {
      const users = (await backend.as())('users');
      await expect(users.set('1', value as object)).rejects.toMatchObject({ status: 400, code: 'INVALID_REQUEST' });
    });

    test.each([1, null, undefined, {}, ['1'], 'a\0', `${'ä'.repeat(512)}a`])('have text as their id, not %o', async (id) => {
      const users = (await backend.as())('users');
      await expect(users.get(id as string)).rejects.toMatchObject({ status: 400 });
      await expect(users.set(id as string, { name: 'x' })).rejects.toMatchObject({ status: 400 });
      await expect(users.delete(id as string)).rejects.toMatchObject({ status: 400 });
    });
  });

  describe('lists', () => {
    tested('are taken from at both ends, in the order of insertion', async (tables) => {
      const users = tables('users');
      const ids = [await users.push({ name: 'a' }), await users.push({ name: 'b' }), await users.push({ name: 'c' })];
      expect(new Set(ids).size).toBe(3);
      await users.update(ids[0]!, { name: 'first' });
      expect(await users.shift()).toMatchObject({ name: 'first' });
      expect(await users.pop()).toEqual({ id: ids[2], name: 'c' });
      expect(await collect(users)).toMatchObject([{ name: 'b' }]);
      await users.pop();
      expect(await users.pop()).toBeNull();
      expect(await users.shift()).toBeNull();
    });

    tested('take the key that a new row brings, once', async (tables) => {
      const users = tables('users');
      expect(await users.push({ id: '1', name: 'a' })).toBe('1');
      await expect(users.push({ id: '1', name: 'b' })).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(users.push({ id: 1, name: 'b' })).rejects.toMatchObject({ status: 400 });
    });

    tested('may change while they are read', async (tables) => {
      const users = tables('users');
      for (const name of ['a', 'b', 'c']) await users.set(name, { name });
      const seen: unknown[] = [];
      for await (const { id } of users) {
        seen.push(id);
        await users.delete(id as string);
        await users.set(`${id}${id}`, { name: id });
        if (seen.length > 10) break;
      }
      expect(seen).toEqual(['a', 'b', 'c']);
      expect((await collect(users)).map(({ id }) => id)).toEqual(['aa', 'bb', 'cc']);
    });
  });

  describe('filters and orders', () => {
    tested('have the meaning that every host gives them', async (tables) => {
      const people = tables('people');
      for (const row of vectors.rows) await people.set(row.id, row);
      const ids = async (filter: object, options = {}): Promise<unknown[]> => (await collect(people.query(filter, options))).map(({ id }) => id);
      for (const [filter, expected] of vectors.finds) {
        const context = JSON.stringify(filter, (_, value) => (typeof value === 'bigint' ? `${value}n` : value));
        expect(await ids(filter), context).toEqual(expected);
        expect(await people.count(filter), context).toBe(expected.length);
      }
      for (const [orderBy, expected] of vectors.orders) expect(await ids({}, { orderBy }), JSON.stringify(orderBy)).toEqual(expected);
      for (const [filter, message] of vectors.refused) await expect(ids(filter as object)).rejects.toMatchObject({ status: 400, message });
    });

    tested('are continued by a cursor, page by page', async (tables) => {
      const people = tables('people');
      for (const row of vectors.rows) await people.set(row.id, row);
      for (const [orderBy, expected] of vectors.orders) {
        const seen: unknown[] = [];
        let cursor: string | null = null;
        do {
          const rows: Rows<{ id: string }> = people.query({}, { orderBy, limit: 2, ...(cursor === null ? {} : { cursor }) } as object);
          expect(rows.cursor).toBeNull();
          seen.push(...(await collect(rows)).map(({ id }) => id));
          cursor = rows.cursor;
        } while (cursor !== null);
        expect(seen, JSON.stringify(orderBy)).toEqual(expected);
      }
      for (const cursor of ['', 'x', '%%%', 7, btoa('["age","asc",null,1]'), btoa('{}')]) {
        await expect(collect(people.query({}, { cursor } as object))).rejects.toMatchObject({ status: 400, path: 'cursor' });
      }
      for (const limit of [-1, 1.5, '2']) await expect(collect(people.query({}, { limit } as object))).rejects.toMatchObject({ status: 400, path: 'limit' });
    });
  });

  describe('permissions', () => {
    const operations: Record<string, [needed: number, verb: string, run: (table: UntypedTable) => Promise<unknown>]> = {
      get: [4, 'read', (table) => table.get('1')],
      query: [4, 'read', (table) => collect(table.query({ name: 'Ada' }))],
      count: [4, 'read', (table) => table.count()],
      set: [2, 'write', (table) => table.set('1', { name: 'Ada' })],
      update: [2, 'write', (table) => table.update('1', { name: 'Ada' })],
      push: [2, 'write', (table) => table.push({ name: 'Ada' })],
      delete: [1, 'delete', (table) => table.delete('1')],
      pop: [1, 'delete', (table) => table.pop()],
      shift: [1, 'delete', (table) => table.shift()],
    };

    test.each(Object.entries(operations))('%s needs one bit and no other', async (_, [needed, verb, run]) => {
      const users = (await backend.as())('users');
      for (const id of ['1', '2', '3']) await users.set(id, { name: 'Ada' });
      await run((await backend.as({ perm: needed }))('users'));
      const refused = run((await backend.as({ perm: 7 & ~needed }))('users'));
      await expect(refused).rejects.toMatchObject({ code: 'PERMISSION_DENIED', status: 403, message: `Cannot ${verb} table users` });
    });

    tested('keep a field without W as its row was made', async (tables) => {
      const users = tables('users');
      await users.set('1', { name: 'Ada', email: 'ada@example.com' });
      const readOnly = { code: 'PERMISSION_DENIED', message: "Field 'email' is read-only" };
      await expect(users.update('1', { email: 'x' })).rejects.toMatchObject(readOnly);
      await expect(users.set('1', { name: 'Ada', email: 'x' })).rejects.toMatchObject(readOnly);
      await users.set('1', { name: 'Grace' });
      expect(await users.get('1')).toEqual({ id: '1', name: 'Grace', email: 'ada@example.com' });
      await users.update('1', { name: 'Jean', email: 'ada@example.com' });
      await users.set('2', { name: 'Bob' });
      await expect(users.update('2', { email: 'x' })).rejects.toMatchObject(readOnly);
    });

    test('show a user his own rows of an owned table only', async () => {
      const ada = (await backend.as({ owner: 'ada' }))('notes');
      const bob = (await backend.as({ owner: 'bob' }))('notes');
      await ada.set('1', { text: 'hers' });
      const id = await bob.push({ text: 'his' });
      expect(await bob.get('1')).toBeNull();
      expect(await collect(ada)).toEqual([{ id: '1', text: 'hers' }]);
      expect(await collect(bob.query({ text: 'hers' }))).toEqual([]);
      const refused = { status: 403, message: 'Insufficient permissions' };
      await expect(bob.set('1', { text: 'his' })).rejects.toMatchObject(refused);
      await expect(bob.update('1', { text: 'his' })).rejects.toMatchObject(refused);
      await expect(bob.push({ id: '1', text: 'his' })).rejects.toMatchObject(refused);
      await expect(bob.delete('1')).rejects.toMatchObject(refused);
      expect(await ada.pop()).toEqual({ id: '1', text: 'hers' });
      expect(await ada.shift()).toBeNull();
      expect(await bob.get(id)).toEqual({ id, text: 'his' });
    });
  });

  test('a unique value is held once', async () => {
    const users = (await backend.as())('users');
    await users.set('1', { name: 'Ada', nick: 'a' });
    await users.set('1', { name: 'Ada L.', nick: 'a' });
    await users.set('2', { name: 'Bob' });
    await expect(users.update('2', { nick: 'a' })).rejects.toMatchObject({ status: 409, code: 'CONFLICT', path: 'users.nick' });
    await users.delete('1');
    await users.update('2', { nick: 'a' });
  });

  test('a table that is none is refused', async () => {
    const tables = await backend.as();
    for (const name of ['', 'a-b', 'a"b', 'x'.repeat(41)]) expect(() => tables(name)).toThrow('Invalid identifier');
  });
});
