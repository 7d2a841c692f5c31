// Builds the application of random types once, before the tests.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { application } from '../model/application.ts';

declare module 'vitest' {
  interface ProvidedContext {
    project: string;
    seed: string;
    routes: number;
  }
}

const run = promisify(execFile);
const here = resolve(import.meta.dirname, '..');

/** `KONTRACT_SEED` asks for other types than the usual ones. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const seed = process.env.KONTRACT_SEED ?? '1';
  const routes = Number(process.env.KONTRACT_TYPES ?? (process.env.KONTRACT_PROVE ? 600 : 330));
  const { files } = application(seed, routes);
  files.set('src/limits.ts', await readFile(join(here, 'limits.types.ts'), 'utf8'));
  const folder = await makeProject(files);
  await build(folder);
  project.provide('project', folder);
  project.provide('seed', seed);
  project.provide('routes', routes);
  return () => (process.env.KONTRACT_KEEP ? Promise.resolve() : rm(folder, { recursive: true, force: true }));
}

/** A project in a temporary folder, which whoever makes it removes. */
export async function makeProject(files: ReadonlyMap<string, string>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'kontract-codec-')));
  for (const [path, text] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n');
  await mkdir(join(folder, 'node_modules'));
  await symlink(await realpath(join(here, 'node_modules/kontract')), join(folder, 'node_modules/kontract'), 'junction');
  return folder;
}

/** Runs `kontract build`; fails with what it printed. */
export async function build(folder: string): Promise<void> {
  try {
    await run(compiler(), ['build', '--json'], { cwd: folder, timeout: 120_000, maxBuffer: 1 << 26, env: { ...process.env, CI: '' } });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    // Errors come one a line, with hundreds of warnings among them.
    const errors = (stdout + stderr).split('\n').filter((line) => !line.includes('"severity":"warning"')).join('\n');
    throw new Error(`kontract build failed in ${folder}\n${errors.slice(0, 20_000) || String(error)}`);
  }
}

/** The compiler that is tested: KONTRACT_BIN, or the debug build of this checkout. */
function compiler(): string {
  const path = resolve(here, process.env.KONTRACT_BIN ?? '../../target/debug/kontract');
  if (!existsSync(path)) {
    throw new Error(`No compiler at ${path}: run \`cargo build\`, or set KONTRACT_BIN to the binary`);
  }
  return path;
}
