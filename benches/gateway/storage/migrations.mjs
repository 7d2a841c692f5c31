// How long tables of 100 000 rows take to follow a change, beside the same change written as SQL.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withClient } from '../postgres.mjs';

const ROWS = 100_000;
const CHANGES = [
  {
    name: 'a required field with a default',
    edit: (source) => source.replace('title: string;', "title: string;\n  /** @default \"en\" */\n  lang: string;"),
    sql: `BEGIN; UPDATE plain SET data = data || '{"lang":"en"}';
          ALTER TABLE plain ADD CONSTRAINT c1 CHECK (jsonb_typeof(data -> 'lang') = 'string' AND data ? 'lang') NOT VALID;
          ALTER TABLE plain VALIDATE CONSTRAINT c1; COMMIT`,
  },
  {
    name: 'an index',
    edit: (source) => source.replace('stars: number;', '@index stars: number;'),
    sql: `CREATE INDEX plain_stars ON plain (((data ->> 'stars')::float8))`,
  },
  {
    name: 'a field renamed',
    edit: (source) => source.replace('text: string;', '/** @renamedFrom text */\n  body: string;'),
    sql: `UPDATE plain SET data = (data - 'text') || jsonb_build_object('body', data -> 'text')`,
  },
];

export async function migrations(postgres, bin) {
  const folder = mkdtempSync(join(tmpdir(), 'kontract-bench-'));
  const database = 'migrations';
  const admin = postgres.url('postgres', database);
  try {
    await withClient(postgres.url('postgres'), (client) => client.query(`CREATE DATABASE ${database}`));
    cpSync(join(import.meta.dirname, 'app'), folder, { recursive: true, filter: (path) => !path.includes('dist') && !path.endsWith('lock.json') });
    const kontract = (...args) =>
      execFileSync(bin, args, { cwd: folder, env: { ...process.env, KONTRACT_MIGRATE_URL: admin, DATABASE_URL: postgres.url('kontract', database) }, stdio: ['ignore', 'ignore', 'inherit'] });
    const source = join(folder, 'src/notes.ts');
    // What is measured is the table's way: nothing reads the fields that change.
    writeFileSync(source, readFileSync(source, 'utf8'));
    kontract('build', '--no-locked');
    kontract('migrate', 'up');
    const row = `jsonb_build_object('title', 'Note ' || i, 'text', 'A text of a length that is usual in a list of notes.', 'author', 'author-' || i % 20, 'stars', i % 5)`;
    await withClient(admin, async (client) => {
      const { rows } = await client.query("SELECT ptr FROM kontract.storage WHERE id = 'notes'");
      await client.query(`INSERT INTO kdata."${rows[0].ptr}" (id, data, _owner) SELECT 'note-' || i, ${row}, 'ada' FROM generate_series(1, ${ROWS}) AS i`);
      await client.query(`CREATE TABLE plain (id text PRIMARY KEY, data jsonb NOT NULL)`);
      await client.query(`INSERT INTO plain SELECT 'note-' || i, ${row} FROM generate_series(1, ${ROWS}) AS i`);
      await client.query('VACUUM ANALYZE');
      await client.query('CHECKPOINT');
    });
    console.log(`\n### ${ROWS} rows follow a change\n\n| | kontract migrate up, ms | the same as SQL, ms |\n|---|--:|--:|`);
    for (const { name, edit, sql } of CHANGES) {
      const before = readFileSync(source, 'utf8');
      const after = edit(before);
      if (after === before) throw new Error(`nothing to edit for ${name}`);
      writeFileSync(source, after);
      kontract('build', '--no-locked');
      const own = await timed(() => kontract('migrate', 'up'));
      const plain = await withClient(admin, (client) => timed(() => client.query(sql)));
      console.log(`| ${name} | ${own.toFixed(0)} | ${plain.toFixed(0)} |`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timed(run) {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
