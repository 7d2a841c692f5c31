// Chains as the compiler inlines and optimizes them do what middlewares do that call each other.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { transform } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { middlewares } from './support/middlewares.ts';
import { temporaryFolder } from './support/temporary.ts';
import { Random } from './support/types.ts';
import { kontract, linkPackages } from './support/workspace.ts';

const run = promisify(execFile);
const here = resolve(import.meta.dirname, 'chains');

const LISTS = process.env.KONTRACT_PROVE ? 20 : 2;
const MIDDLEWARES = 150;
const ROUTES = 300;

interface Report {
  compared: number;
  ways: Record<string, number>;
  differences: { expected: string; found: string }[];
}

async function project(seed: number): Promise<{ root: string; source: string }> {
  const root = await temporaryFolder();
  const { source, sets } = middlewares(new Random(seed), MIDDLEWARES, ROUTES);
  const used = new Set(sets.flat());
  const routes = sets.map((_, route) => `@backend() export async function route${route}(how: string): Promise<string> { return handle('route${route}', how); }\n`);
  if (used.size < MIDDLEWARES) routes.push('@backend() export async function none(): Promise<void> {}\n');
  await mkdir(join(root, 'src'));
  await writeFile(join(root, 'package.json'), '{ "type": "module" }');
  await writeFile(join(root, 'sets.json'), JSON.stringify(sets));
  await writeFile(join(root, 'src/middleware.ts'), source);
  await writeFile(join(root, 'src/routes.ts'), `import { handle } from './support';\n${routes.join('')}`);
  await cp(join(here, 'support.ts'), join(root, 'src/support.ts'));
  await linkPackages(root);
  const script = async (text: string) => (await transform(text, { loader: 'ts' })).code;
  await writeFile(join(root, 'support.mjs'), await script(await readFile(join(here, 'support.ts'), 'utf8')));
  await writeFile(join(root, 'reference.mjs'), (await script(source)).replace('"./support"', '"./support.mjs"'));
  return { root, source };
}

describe.each(Array.from({ length: LISTS }, (_, seed) => seed))('list %i', (seed) => {
  test('every chain does what its middlewares do', async () => {
    const { root } = await project(seed);
    await kontract({ root }, ['build']);
    await kontract({ root }, ['build', '--no-optimize', '--out', 'plain']);
    const { stdout } = await run(process.execPath, [join(here, 'compare.mjs'), root, 'dist', 'plain'], { maxBuffer: 1 << 26 });
    const report = JSON.parse(stdout) as Report;
    const first = report.differences[0];
    expect(first?.found, `${root}: ${JSON.stringify({ ...first, expected: '', found: '' })}`).toBe(first?.expected);
    expect(report.compared).toBe(ROUTES * 6);
    for (const way of ['result', 'error']) expect(report.ways[way]).toBeGreaterThan(ROUTES / 2);

    const { middleware } = JSON.parse(await readFile(join(root, 'dist/manifest.json'), 'utf8')) as { middleware: { inline: boolean }[] };
    const inlined = middleware.filter(({ inline }) => inline).length;
    expect(inlined).toBeGreaterThan(MIDDLEWARES / 3);
    expect(inlined).toBeLessThan(MIDDLEWARES);
  }, 120_000);
});
