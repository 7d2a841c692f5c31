// What a call costs: the gateway beside servers in Node, on the same PostgreSQL, in one run.
//
//   KONTRACT_BIN=target/release/kontract node benches/gateway/run.mjs [--rounds 3] [--seconds 5] [name …]
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freePort, startPostgres, withClient } from './postgres.mjs';
import { SERVERS } from './servers.mjs';

// So that 'exit' is told of, and servers go with the benchmark.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

const here = import.meta.dirname;
const { values, positionals: names } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string', default: '3' }, seconds: { type: 'string', default: '5' } },
});
const ROUNDS = Number(values.rounds);
const SECONDS = Number(values.seconds);
const ROWS = 1000;
const CONNECTIONS = 16;
const TICKS_PER_SECOND = 100;

/** About 1 ms of V8's time. */
const WORK_SIZE = 2000;
const SCENARIOS = {
  read: { fields: { id: 'ID' } },
  write: { fields: { id: 'ID', text: 'Another text, of about as many characters as there were before.' } },
  work: { fields: { size: WORK_SIZE } },
};

const note = (i) => ({ id: `note-${i}`, title: `Note ${i}`, text: 'A text of a length that is usual in a list of notes.', author: 'jake', stars: i % 5 });
const scratch = mkdtempSync(join(tmpdir(), 'kontract-bench-'));
const postgres = await startPostgres();
try {
  await prepare();
  const results = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of SERVERS.filter(({ name }) => names.length === 0 || names.some((part) => name.includes(part)))) {
      console.error(`round ${round + 1} of ${ROUNDS}: ${server.name}`);
      (results[server.name] ??= []).push(await measure(server));
    }
  }
  print(results);
} finally {
  await postgres.stop();
  rmSync(scratch, { recursive: true, force: true });
}

async function prepare() {
  await withClient(postgres.url('postgres'), async (client) => {
    await client.query('CREATE SCHEMA peers');
    await client.query('CREATE TABLE peers.notes (id text PRIMARY KEY, data jsonb NOT NULL)');
    await client.query('CREATE TABLE notes_columns (id text PRIMARY KEY, title text NOT NULL, text text NOT NULL, author text NOT NULL, stars int NOT NULL)');
    for (let i = 0; i < ROWS; i++) {
      const { id, title, text, author, stars } = note(i);
      await client.query('INSERT INTO peers.notes VALUES ($1, $2)', [id, note(i)]);
      await client.query('INSERT INTO notes_columns VALUES ($1, $2, $3, $4, $5)', [id, title, text, author, stars]);
    }
  });
  const kontract = (args, env = {}) => execFileSync(process.env.KONTRACT_BIN, args, { cwd: join(here, 'app'), env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  kontract(['build', '--no-locked']);
  kontract(['migrate', 'up'], { KONTRACT_MIGRATE_URL: postgres.url('postgres'), DATABASE_URL: postgres.url('kontract') });
  const server = SERVERS.find(({ name }) => name === 'kontract');
  await running(server, async (base) => {
    for (let i = 0; i < ROWS; i++) await call(base, server, 'add', { note: note(i) });
  });
}

/** Starts a server, lets `use` have it, and stops it. Tells how long the first answer took. */
async function running(server, use) {
  const port = await freePort();
  const { file, args, env } = server.command(postgres.url, port);
  const base = `http://127.0.0.1:${port}`;
  const start = performance.now();
  const child = spawn(file, args, { env: { ...process.env, PORT: String(port), NODE_ENV: 'production', ...env }, stdio: ['ignore', 'ignore', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  // Nothing stands between the server and its first answer, so this is how it goes down with the benchmark.
  const leave = () => child.kill('SIGKILL');
  process.once('exit', leave);
  try {
    const first = await firstAnswer(child, base, server, start);
    await use(base, child.pid, first);
  } finally {
    child.kill('SIGTERM');
    await ended;
    process.off('exit', leave);
  }
}

async function firstAnswer(child, base, server, start) {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${server.name} ended with ${child.exitCode}`);
    if (performance.now() - start > 20_000) throw new Error(`${server.name} does not answer`);
    try {
      await call(base, server, 'read', { id: 'note-1' });
      return performance.now() - start;
    } catch (error) {
      if (error.answered) throw error;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}

async function call(base, server, scenario, fields) {
  const response = await fetch(base + server.path(scenario), { method: 'POST', headers: { 'content-type': 'application/json' }, body: server.body(fields) });
  const text = await response.text();
  if (!response.ok) throw Object.assign(new Error(`${server.name} ${scenario}: ${response.status} ${text}`), { answered: true });
  return text;
}

async function measure(server) {
  const result = {};
  await running(server, async (base, pid, first) => {
    result.first = first;
    await new Promise((resolve) => setTimeout(resolve, 500));
    result.idle = memory(pid, 'VmRSS');
    for (const [name, { fields }] of Object.entries(SCENARIOS)) {
      load(base, server, name, fields, 2);
      const before = cpu(pid);
      const answer = load(base, server, name, fields, SECONDS);
      result[name] = { ...answer, cpu: ((cpu(pid) - before) * 1e6) / answer.calls };
    }
    result.loaded = memory(pid, 'VmHWM');
  });
  return result;
}

/** Runs wrk, which asks for rows at random. */
function load(base, server, scenario, fields, seconds) {
  const script = join(scratch, 'call.lua');
  const body = server.body(fields).replaceAll('\\', '\\\\').replaceAll("'", "\\'");
  writeFileSync(script, `
wrk.method = 'POST'
wrk.headers['Content-Type'] = 'application/json'
local path, body = '${server.path(scenario)}', '${body}'
request = function() return wrk.format(nil, path, nil, (body:gsub('"ID"', function() return '"note-' .. math.random(0, ${ROWS - 1}) .. '"' end))) end
done = function(summary, latency)
  local failed = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout
  io.write(string.format('{"calls":%d,"duration":%d,"failed":%d,"p50":%.1f,"p99":%.1f}\\n', summary.requests, summary.duration, failed, latency:percentile(50), latency:percentile(99)))
end
`);
  const output = execFileSync('wrk', ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '-s', script, base], { encoding: 'utf8' });
  const { calls, duration, failed, p50, p99 } = JSON.parse(output.split('\n').find((line) => line.startsWith('{')));
  if (failed > 0) throw new Error(`${server.name} ${scenario}: ${failed} of ${calls} calls failed`);
  return { calls, perSecond: (calls * 1e6) / duration, p50, p99 };
}

/** Seconds of user and kernel time of a process with all its threads. */
function cpu(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** MB. */
function memory(pid, field) {
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

function print(results) {
  const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
  for (const scenario of Object.keys(SCENARIOS)) {
    console.log(`\n### ${scenario}\n\n| server | calls/s | p50 ms | p99 ms | CPU µs a call | to kontract |\n|---|--:|--:|--:|--:|--:|`);
    const cost = (runs) => median(runs.map((run) => run[scenario].cpu));
    const own = results.kontract === undefined ? undefined : cost(results.kontract);
    for (const [name, runs] of Object.entries(results)) {
      const of = (key) => median(runs.map((run) => run[scenario][key]));
      const ratio = own === undefined ? '' : (cost(runs) / own).toFixed(2);
      console.log(`| ${name} | ${of('perSecond').toFixed(0)} | ${(of('p50') / 1000).toFixed(2)} | ${(of('p99') / 1000).toFixed(2)} | ${cost(runs).toFixed(0)} | ${ratio} |`);
    }
  }
  console.log('\n### the process\n\n| server | first answer ms | idle MB | peak MB |\n|---|--:|--:|--:|');
  for (const [name, runs] of Object.entries(results)) {
    const of = (key) => median(runs.map((run) => run[key])).toFixed(0);
    console.log(`| ${name} | ${of('first')} | ${of('idle')} | ${of('loaded')} |`);
  }
}
