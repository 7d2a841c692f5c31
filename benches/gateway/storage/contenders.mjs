// Who is compared: each offers the same operations on tables of its own, over so many connections.
import { readFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { asc, desc, eq, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { bigserial, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { describeTables, prepared, TableProxy, transaction } from 'kontract/postgres';
import pg from 'pg';
import { PrismaClient } from '../generated/index.js';

const dist = join(import.meta.dirname, 'app/dist');
const RETRIED = new Set(['40001', '40P01', 'P2034']);

/** The peers' tables, with columns: what somebody would write by hand. */
export const SCHEMA = `
  CREATE TABLE stored_notes (id text PRIMARY KEY, title text NOT NULL, text text NOT NULL, author text NOT NULL, stars int NOT NULL);
  CREATE INDEX ON stored_notes (author);
  CREATE TABLE counters (id text PRIMARY KEY, n int NOT NULL);
  CREATE TABLE jobs (id text PRIMARY KEY, ord bigserial NOT NULL, text text NOT NULL);
  CREATE INDEX ON jobs (ord);`;

/** Statements as they are, prepared once by each connection where `name` is given. */
function statements(client, prepared) {
  const statement = (name, text) => (...values) => client.query(prepared ? { name, text, values } : { text, values });
  const get = statement('get', 'SELECT id, title, text, author, stars FROM stored_notes WHERE id = $1');
  const set = statement('set', `INSERT INTO stored_notes (id, title, text, author, stars) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (id) DO UPDATE SET title = excluded.title, text = excluded.text, author = excluded.author, stars = excluded.stars`);
  const update = statement('update', 'UPDATE stored_notes SET text = $2 WHERE id = $1');
  const query = statement('query', 'SELECT id, title, text, author, stars FROM stored_notes WHERE author = $1 ORDER BY id LIMIT 50');
  const push = statement('push', 'INSERT INTO jobs (id, text) VALUES ($1, $2)');
  const pop = statement('pop', `DELETE FROM jobs WHERE id = (SELECT id FROM jobs ORDER BY ord DESC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, text`);
  return {
    get: async (id) => (await get(id)).rows[0],
    set: (note) => set(note.id, note.title, note.text, note.author, note.stars),
    update: (id, text) => update(id, text),
    query: async (author) => (await query(author)).rows,
    push: (text) => push(randomUUID(), text),
    pop: async () => (await pop()).rows[0],
  };
}

function nodePostgres(prepared) {
  return async (urls, connections) => {
    const pool = new pg.Pool({ connectionString: urls.peers, max: connections });
    return {
      ...statements(pool, prepared),
      async increment(id) {
        const client = await pool.connect();
        try {
          return await repeated(async () => {
            await client.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
            try {
              const { rows } = await client.query({ name: 'current', text: 'SELECT n FROM counters WHERE id = $1', values: [id] });
              await client.query({ name: 'replace', text: 'UPDATE counters SET n = $2 WHERE id = $1', values: [id, rows[0].n + 1] });
              await client.query('COMMIT');
            } catch (error) {
              await client.query('ROLLBACK');
              throw error;
            }
          });
        } finally {
          client.release();
        }
      },
      close: () => pool.end(),
    };
  };
}

async function withDrizzle(urls, connections) {
  const notes = pgTable('stored_notes', { id: text().primaryKey(), title: text().notNull(), text: text().notNull(), author: text().notNull(), stars: integer().notNull() });
  const counters = pgTable('counters', { id: text().primaryKey(), n: integer().notNull() });
  const jobs = pgTable('jobs', { id: text().primaryKey(), ord: bigserial({ mode: 'number' }).notNull(), text: text().notNull() });
  const pool = new pg.Pool({ connectionString: urls.peers, max: connections });
  const db = drizzle(pool);
  return {
    get: async (id) => (await db.select().from(notes).where(eq(notes.id, id)))[0],
    set: (note) => db.insert(notes).values(note).onConflictDoUpdate({ target: notes.id, set: { title: note.title, text: note.text, author: note.author, stars: note.stars } }),
    update: (id, text) => db.update(notes).set({ text }).where(eq(notes.id, id)),
    query: (author) => db.select().from(notes).where(eq(notes.author, author)).orderBy(asc(notes.id)).limit(50),
    push: (text) => db.insert(jobs).values({ id: randomUUID(), text }),
    async pop() {
      const last = db.select({ id: jobs.id }).from(jobs).orderBy(desc(jobs.ord)).limit(1).for('update', { skipLocked: true });
      return (await db.delete(jobs).where(eq(jobs.id, sql`(${last})`)).returning())[0];
    },
    increment: (id) =>
      repeated(() =>
        db.transaction(
          async (tx) => {
            const [row] = await tx.select().from(counters).where(eq(counters.id, id));
            await tx.update(counters).set({ n: row.n + 1 }).where(eq(counters.id, id));
          },
          { isolationLevel: 'serializable' },
        ),
      ),
    close: () => pool.end(),
  };
}

async function withPrisma(urls, connections) {
  const client = new PrismaClient({ adapter: new PrismaPg({ connectionString: urls.peers, max: connections }), transactionOptions: { maxWait: 20_000, timeout: 20_000 } });
  return {
    get: (id) => client.storedNote.findUnique({ where: { id } }),
    set: ({ id, ...note }) => client.storedNote.upsert({ where: { id }, create: { id, ...note }, update: note }),
    update: (id, text) => client.storedNote.update({ where: { id }, data: { text } }),
    query: (author) => client.storedNote.findMany({ where: { author }, orderBy: { id: 'asc' }, take: 50 }),
    push: (text) => client.job.create({ data: { id: randomUUID(), text } }),
    async pop() {
      const [job] = await client.$queryRaw`DELETE FROM jobs WHERE id = (SELECT id FROM jobs ORDER BY ord DESC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id, text`;
      return job;
    },
    increment: (id) =>
      repeated(() =>
        client.$transaction(
          async (tx) => {
            const { n } = await tx.counter.findUnique({ where: { id } });
            await tx.counter.update({ where: { id }, data: { n: n + 1 } });
          },
          { isolationLevel: 'Serializable' },
        ),
      ),
    close: () => client.$disconnect(),
  };
}

const kontract = (prepares) => async (urls, connections) => {
  const connected = new pg.Pool({ connectionString: urls.kontract, max: connections });
  const pool = prepares ? prepared(connected) : connected;
  const manifest = JSON.parse(readFileSync(join(dist, 'manifest.json'), 'utf8'));
  const { __kontract_rows: rows } = await import(join(dist, 'server/__kontract_rows.js'));
  const context = { key: urls.key, tables: describeTables(manifest, rows) };
  const [notes, jobs] = ['notes', 'jobs'].map((name) => new TableProxy(pool, name, context));
  return {
    get: (id) => notes.get(id),
    set: ({ id, ...note }) => notes.set(id, note),
    update: (id, text) => notes.update(id, { text }),
    async query(author) {
      const found = [];
      for await (const note of notes.query({ author }, { limit: 50, orderBy: 'id' })) found.push(note);
      return found;
    },
    push: (text) => jobs.push({ text }),
    pop: () => jobs.pop(),
    increment: (id) =>
      transaction(pool, context, async (begun) => {
        counted.runs += 1;
        const counters = new TableProxy(pool, 'counters', begun);
        const { n } = await counters.get(id);
        await counters.update(id, { n: n + 1 });
      }),
    close: () => connected.end(),
  };
};

/** How often transactions ran, again or for the first time. */
export const counted = { runs: 0 };

async function repeated(run) {
  for (;;) {
    counted.runs += 1;
    try {
      return await run();
    } catch (error) {
      const code = error.code ?? error.cause?.code;
      if (!RETRIED.has(code) && !RETRIED.has(error.cause?.originalCode)) throw error;
    }
  }
}

export const CONTENDERS = {
  'pg, prepared': nodePostgres(true),
  pg: nodePostgres(false),
  Drizzle: withDrizzle,
  'Prisma 7': withPrisma,
  kontract: kontract(false),
  'kontract, prepared': kontract(true),
};
