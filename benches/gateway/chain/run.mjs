// What five middlewares cost: inlined, as closures, through Hono's compose; in Node and in the
// gateway's engine. And what the optimizer takes from server code.
//
//   KONTRACT_BIN=target/release/kontract node benches/gateway/chain/run.mjs [--rounds 7]
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { spawnTied } from '../../../tests/support/tied.mjs';
import { startPostgres } from '../postgres.mjs';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const ROUNDS = Number(values.rounds);
const CALLS = { node: 200_000, gateway: 10_000 };
const app = join(import.meta.dirname, 'app');
const kontract = (args, cwd, env = {}) => execFileSync(process.env.KONTRACT_BIN, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });

// The package does not export it.
cpSync(join(import.meta.dirname, '../node_modules/hono/dist/compose.js'), join(app, 'src/compose.js'));
kontract(['build', '--no-locked'], app);
const { contenders, time } = await import(pathToFileURL(join(app, 'dist/server/contenders.js')).href);
const figures = Object.fromEntries(Object.keys(contenders).map((name) => [name, { node: [], gateway: [] }]));
for (const name of Object.keys(contenders)) await time(name, CALLS.node / 4);
for (let round = 0; round < ROUNDS; round++) {
  for (const name of Object.keys(contenders)) figures[name].node.push(await time(name, CALLS.node));
}
await inTheGateway();
print();
bytes();

async function inTheGateway() {
  const postgres = await startPostgres();
  const port = await freePort();
  const env = { DATABASE_URL: postgres.url('kontract'), KONTRACT_MIGRATE_URL: postgres.url('postgres'), KONTRACT_SECRET: 'a-secret-of-this-benchmark-4ac1e7b09d52' };
  let server;
  try {
    kontract(['migrate', 'up'], app, env);
    server = spawnTied('INT', process.env.KONTRACT_BIN, ['serve', '--port', String(port)], { cwd: app, env: { ...process.env, ...env }, stdio: ['ignore', 'ignore', 'pipe'] });
    await until(() => fetch(`http://127.0.0.1:${port}/ready`).then(({ ok }) => ok || Promise.reject(new Error('not ready'))));
    for (let round = 0; round < ROUNDS; round++) {
      for (const name of Object.keys(contenders)) {
        const body = JSON.stringify([name, CALLS.gateway]);
        const answer = await fetch(`http://127.0.0.1:${port}/rpc/measure`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
        const { result, error } = await answer.json();
        if (error !== undefined) throw new Error(`${name}: ${error.message}`);
        figures[name].gateway.push(result);
      }
    }
  } finally {
    server?.kill('SIGINT');
    await postgres.stop();
  }
}

function print() {
  console.log(`${process.version}, ${ROUNDS} rounds; nanoseconds a call, medians, less what a call without middlewares takes\n`);
  console.log('| | Node.js | to inlined | gateway | to inlined |');
  console.log('|---|--:|--:|--:|--:|');
  const bare = figures['no middleware'];
  const over = (name, engine) => median(figures[name][engine]) - median(bare[engine]);
  for (const name of Object.keys(figures).slice(1)) {
    const cell = (engine) => `${over(name, engine).toFixed(0)} | ${(over(name, engine) / over('inlined', engine)).toFixed(1)}`;
    console.log(`| ${name} | ${cell('node')} | ${cell('gateway')} |`);
  }
  console.log(`\nWithout middlewares: ${median(bare.node).toFixed(0)} and ${median(bare.gateway).toFixed(0)}.`);
}

/** Of `dist/server`, without source maps. */
function bytes() {
  console.log('\n| server code of | bytes | optimized | of it |');
  console.log('|---|--:|--:|--:|');
  for (const name of ['plain', 'tasks', 'conduit']) {
    const folder = mkdtempSync(join(tmpdir(), 'kontract-bench-'));
    const source = join(import.meta.dirname, '../../../fixtures/apps', name);
    // What somebody built there names the folder `dist`.
    cpSync(source, folder, { recursive: true, filter: (path) => path !== join(source, 'dist') });
    kontract(['build', '--no-locked', '--no-optimize', '--out', 'plain'], folder);
    kontract(['build', '--no-locked'], folder);
    const [plain, optimized] = ['plain', 'dist'].map((out) => size(join(folder, out, 'server')));
    console.log(`| ${name} | ${plain} | ${optimized} | ${((100 * optimized) / plain).toFixed(0)} % |`);
    rmSync(folder, { recursive: true, force: true });
  }
}

function size(folder) {
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js'));
  return files.reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function until(ready) {
  for (let tries = 0; ; tries++) {
    try {
      return await ready();
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

function freePort() {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
