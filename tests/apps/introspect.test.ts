// `kontract introspect`: what it writes is built by the compiler, read by TypeScript, and says what the schema says.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { copyProject, kontract, tsc, type Workspace } from './support/workspace.ts';

/** Introspects, which builds, and answers the interfaces that were written. */
async function introspect(source: string): Promise<{ text: string; workspace: Workspace }> {
  const workspace = await copyProject('introspect');
  const printed = await kontract(workspace, ['introspect', source]);
  expect(printed).toMatch(/^Wrote \d+ tables? to src\/schema\.ts$/m);
  expect(await tsc(workspace, '.')).toBe('');
  return { text: await readFile(join(workspace.root, 'src/schema.ts'), 'utf8'), workspace };
}

interface Manifest {
  tables: Record<string, { primaryKey: string; fields: Record<string, { perm: number; index?: boolean; unique?: boolean }> }>;
}

async function tables({ dist }: Workspace): Promise<Manifest['tables']> {
  return (JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')) as Manifest).tables;
}

describe('a Prisma schema', () => {
  test('becomes interfaces with its keys, indexes, defaults and relations', async () => {
    const { text, workspace } = await introspect('schema.prisma');
    expect(text).toMatchSnapshot();
    const found = await tables(workspace);
    expect(Object.keys(found).sort()).toEqual(['categories', 'memberships', 'posts', 'profiles', 'tags', 'users']);
    expect(found.users?.fields).toMatchObject({ email: { unique: true }, role: { index: true }, passwordHash: { perm: 2 } });
    expect(found.tags?.primaryKey).toBe('name');
    const lock = JSON.parse(await readFile(join(workspace.root, 'kontract.lock.json'), 'utf8')) as { tables: object };
    expect(Object.keys(lock.tables).sort()).toEqual(Object.keys(found).sort());
    // What is there is not lost.
    await expect(kontract(workspace, ['introspect', 'schema.prisma'])).rejects.toThrow('K258');
    await expect(kontract(workspace, ['introspect', 'missing.prisma', '-o', 'src/other.ts'])).rejects.toThrow('K256');
  });

  test.each([
    ['model A {\n  id String @id\n', 'line 2', '`model A` has no end'],
    ['hello', 'line 1', 'expected a block'],
    ['model A {\n  id\n}', 'line 2', 'expected a field'],
    ['model A {\n  id String @default("x\n}', 'line 2', 'a text has no end'],
    ['model A {\n  id String ]\n}', 'line 2', 'a bracket is closed'],
    ['model A {\n  id String @default(now()\n}', 'line', 'has no end'],
    ['enum A {\n  B\n}', 'K257', 'no tables'],
    ['', 'K257', 'no tables'],
  ])('that cannot be read is refused with its line: %j', async (schema, place, reason) => {
    const workspace = await copyProject('introspect');
    await writeFile(join(workspace.root, 'bad.prisma'), schema);
    const refused = kontract(workspace, ['introspect', 'bad.prisma']);
    await expect(refused).rejects.toThrow(place);
    await expect(refused).rejects.toThrow(reason);
  });
});

describe('a database', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterAll(() => postgres.stop());

  test.each(['shop', 'supabase'])('becomes interfaces: %s', async (name) => {
    const database = await postgres.database();
    await postgres.query(database, await readFile(join(import.meta.dirname, `introspect/${name}.sql`), 'utf8'));
    const { text, workspace } = await introspect(postgres.url('postgres', database));
    expect(text.replace(database, name)).toMatchSnapshot();
    const found = Object.keys(await tables(workspace)).sort();
    expect(found).toEqual(name === 'supabase' ? ['todos'] : ['Log', 'archive_orders', 'customers', 'lines', 'measures', 'public_orders']);
  });
});
