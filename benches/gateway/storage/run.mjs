// What operations on tables cost from Node: `TableProxy` beside statements, Drizzle and Prisma, on the
// same PostgreSQL, in one run.
//
//   KONTRACT_BIN=target/release/kontract node benches/gateway/storage/run.mjs [--rounds 3]
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres, withClient } from '../postgres.mjs';
import { counted, CONTENDERS, SCHEMA } from './contenders.mjs';
import { migrations } from './migrations.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '3' } } });
const ROUNDS = Number(values.rounds);
const MILLISECONDS = 600;
const CONNECTIONS = [1, 4, 16];
const ROWS = 1000;
const AUTHORS = 20;
const JOBS = 1500;
const INCREMENTS = 400;
const TICKS_PER_SECOND = 100;

const TEXT = 'A text of a length that is usual in a list of notes.';
const note = (i) => ({ id: `note-${i}`, title: `Note ${i}`, text: TEXT, author: `author-${i % AUTHORS}`, stars: i % 5 });
const any = () => Math.floor(Math.random() * ROWS);
const OPERATIONS = {
  get: async (tables) => expect((await tables.get(`note-${any()}`)).title.startsWith('Note ')),
  'query of 50': async (tables) => expect((await tables.query(`author-${any() % AUTHORS}`)).length === 50),
  set: (tables) => tables.set(note(any())),
  update: (tables) => tables.update(`note-${any()}`, `Another text, ${any()}, of about as many characters as before.`),
  push: (tables) => tables.push(TEXT),
  pop: async (tables) => expect((await tables.pop()).text === TEXT),
};

const postgres = await startPostgres();
try {
  const urls = { peers: postgres.url('postgres'), kontract: postgres.url('kontract'), key: randomBytes(32) };
  await prepare(urls);
  const figures = {};
  const contention = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, open] of Object.entries(CONTENDERS)) {
      console.error(`round ${round + 1} of ${ROUNDS}: ${name}`);
      for (const connections of CONNECTIONS) {
        const tables = await open(urls, connections);
        for (const [operation, run] of Object.entries(OPERATIONS)) {
          const count = operation === 'push' || operation === 'pop' ? JOBS : Infinity;
          ((figures[operation] ??= {})[`${name}/${connections}`] ??= []).push(await measure(() => run(tables), connections, count));
        }
        if (connections === 16) (contention[name] ??= []).push(await contend(tables, connections));
        await tables.close();
      }
    }
  }
  print(figures, contention);
  await migrations(postgres, process.env.KONTRACT_BIN);
} finally {
  await postgres.stop();
}

async function prepare({ key }) {
  const app = join(import.meta.dirname, 'app');
  const kontract = (args, env = {}) => execFileSync(process.env.KONTRACT_BIN, args, { cwd: app, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  kontract(['build', '--no-locked']);
  kontract(['migrate', 'up'], { KONTRACT_MIGRATE_URL: postgres.url('postgres'), DATABASE_URL: postgres.url('kontract') });
  await withClient(postgres.url('postgres'), async (client) => {
    await client.query(SCHEMA);
    await client.query(
      `INSERT INTO kontract.trxs (sid, owner, user_id, perm, is_anonymous, expires_at) VALUES (sha256($1), 'main', 'ada', 7, false, now() + interval '1 day')`,
      [key],
    );
  });
  for (const open of [CONTENDERS.pg, CONTENDERS.kontract]) {
    const tables = await open({ peers: postgres.url('postgres'), kontract: postgres.url('kontract'), key }, 4);
    for (let i = 0; i < ROWS; i++) await tables.set(note(i));
    await tables.close();
  }
  await withClient(postgres.url('postgres'), async (client) => {
    await client.query("INSERT INTO counters VALUES ('hot', 0)");
    const writes = JSON.stringify([{ t: 'counters', op: 'set', id: 'hot', data: { n: 0 } }]);
    await client.query("SELECT kontract.commit($1, 'begin', $2, '[]', '[]')", [key, writes]);
    await client.query('VACUUM ANALYZE');
  });
}

/** So many callers, each with one operation under way, for a while or until `count` have been done. */
async function measure(run, callers, count) {
  for (let i = 0; i < (count === Infinity ? 50 : 0); i++) await run();
  const latencies = [];
  const [own, server, start] = [process.cpuUsage(), backends(), performance.now()];
  let begun = 0;
  const caller = async () => {
    while (begun < count && performance.now() - start < (count === Infinity ? MILLISECONDS : 60_000)) {
      begun++;
      const before = performance.now();
      await run();
      latencies.push(performance.now() - before);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const seconds = (performance.now() - start) / 1000;
  const used = process.cpuUsage(own);
  latencies.sort((a, b) => a - b);
  return {
    perSecond: latencies.length / seconds,
    p50: latencies[latencies.length >> 1] * 1000,
    client: (used.user + used.system) / latencies.length,
    server: ((backends() - server) * 1e6) / latencies.length,
  };
}

/** All callers add one to the same row. */
async function contend(tables, callers) {
  counted.runs = 0;
  let begun = 0;
  const start = performance.now();
  const caller = async () => {
    while (begun++ < INCREMENTS) await tables.increment('hot');
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: (INCREMENTS * 1000) / (performance.now() - start), runs: counted.runs / INCREMENTS };
}

/** Seconds of processor time that PostgreSQL's processes have used. */
function backends() {
  let ticks = 0;
  for (const pid of readdirSync('/proc')) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
      if (Number(pid) === postgres.pid || Number(fields[1]) === postgres.pid) ticks += Number(fields[11]) + Number(fields[12]);
    } catch {
      // No process, or one that has just ended.
    }
  }
  return ticks / TICKS_PER_SECOND;
}

function expect(holds) {
  if (!holds) throw new Error('a wrong answer');
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}

function print(figures, contention) {
  for (const [operation, of] of Object.entries(figures)) {
    console.log(`\n### ${operation}\n\n| | µs at 1 | CPU µs of Node, of PostgreSQL | a second at 1 | at 4 | at 16 |\n|---|--:|--:|--:|--:|--:|`);
    for (const name of Object.keys(CONTENDERS)) {
      const figure = (connections, key) => median(of[`${name}/${connections}`].map((run) => run[key])).toFixed(0);
      console.log(`| ${name} | ${figure(1, 'p50')} | ${figure(4, 'client')}, ${figure(4, 'server')} | ${CONNECTIONS.map((n) => figure(n, 'perSecond')).join(' | ')} |`);
    }
  }
  console.log('\n### 16 callers add to one row\n\n| | a second | runs for each |\n|---|--:|--:|');
  for (const [name, runs] of Object.entries(contention)) {
    console.log(`| ${name} | ${median(runs.map((run) => run.perSecond)).toFixed(0)} | ${median(runs.map((run) => run.runs)).toFixed(1)} |`);
  }
}
