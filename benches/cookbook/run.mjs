// Pages per second: 1000 routes and 100 types in 50 files, documented, written into an empty folder.
//
//   KONTRACT_BIN=target/release/kontract node benches/cookbook/run.mjs [--rounds 7]
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '7' } } });
const rounds = Number(values.rounds);
const compiler = resolve(process.env.KONTRACT_BIN ?? 'target/release/kontract');
const folder = mkdtempSync(join(tmpdir(), 'kontract-cookbook-'));
const FILES = 50;
const ROUTES = 20;

mkdirSync(join(folder, 'src'));
for (let file = 0; file < FILES; file += 1) writeFileSync(join(folder, 'src', `things${file}.ts`), source(file));

const milliseconds = [];
let pages = 0;
for (let round = 0; round <= rounds; round += 1) {
  rmSync(join(folder, 'docs'), { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(compiler, ['cookbook', '--json'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr || stdout);
  const { summary } = JSON.parse(stdout.trim().split('\n').at(-1));
  pages = summary.written;
  // The first round only warms the caches.
  if (round > 0) milliseconds.push(summary.milliseconds);
}
const { summary: again } = JSON.parse(spawnSync(compiler, ['cookbook', '--json'], { cwd: folder, encoding: 'utf8' }).stdout);
rmSync(folder, { recursive: true });
milliseconds.sort((a, b) => a - b);
const median = milliseconds[milliseconds.length >> 1];
console.log(`${FILES * ROUTES} routes: ${pages} pages in ${median} ms (${milliseconds[0]} … ${milliseconds.at(-1)}), ${Math.round((pages / median) * 1000)} pages per second`);
console.log(`nothing changed: ${again.written} written in ${again.milliseconds} ms`);

function source(file) {
  const types = [0, 1].map(
    (type) => `/** A thing of ${file}, with **text** and \`code\`. See {@link get${file}x0}. */
export interface Thing${file}x${type} {
  /** The key. */
  id: string;
  name: string;
  tags: string[];
}
`,
  );
  const routes = Array.from(
    { length: ROUTES },
    (_, route) => `/**
 * Finds thing ${route} of ${file}. It may take a *while*; see {@link Thing${file}x0} and <b>bold</b>.
 *
 * @param id - which one, \`abc\` or {{ x }}
 * @param limit - how many
 * @returns the thing, or null
 * @throws {NotFoundError} where there is none
 * @example
 * await get${file}x${route}('a');
 */
export const get${file}x${route} = backend({ egroup: 'g${file % 10}' }, async (id: string, limit?: number): Promise<Thing${file}x${route % 2} | null> => env.storage.thing${file}x${route % 2}s.get(id));
`,
  );
  return `import { backend } from 'kontract';\nimport { env } from 'kontract/runtime';\n${types.join('')}${routes.join('')}`;
}
