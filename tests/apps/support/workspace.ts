// A copy of a fixture application in a temporary folder, built there with the compiler.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, cp, mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { promisify } from 'node:util';
import { staticKey, transport, wireSettings } from './raystream.ts';
import { temporaryFolder } from './temporary.ts';

const run = promisify(execFile);
const here = resolve(import.meta.dirname, '..');
const fixtures = resolve(here, '../../fixtures/apps');
/** What applications are built with: `KONTRACT_BUILD_FLAGS=--no-optimize`. */
const flags = (process.env.KONTRACT_BUILD_FLAGS ?? '').split(' ').filter((flag) => flag !== '');

export type AppName = 'tasks' | 'conduit' | 'plain';

export interface Workspace {
  /** The copy's folder. */
  root: string;
  dist: string;
  client: string;
  server: string;
}

export interface CopyOptions {
  /** A folder below `overlays`, laid over the copy. */
  overlay?: string;
  /** Files of the copy that get CRLF line ends. */
  crlf?: string[];
  /** Folders between the temporary folder and the copy. */
  below?: string;
}

/** Copies an application; nothing is built yet. The copy is removed after the test file. */
export async function copyApp(name: AppName, { overlay, crlf = [], below = '' }: CopyOptions = {}): Promise<Workspace> {
  const folder = await temporaryFolder();
  const root = join(folder, below, name);
  await cp(join(fixtures, name), root, {
    recursive: true,
    filter: (source) => !/^(node_modules|dist|\.kontract)$/.test(source.split(sep).at(-1)!),
  });
  if (overlay !== undefined) await cp(join(here, 'overlays', overlay), root, { recursive: true });
  for (const file of crlf) {
    const path = join(root, file);
    await writeFile(path, (await readFile(path, 'utf8')).replace(/\r?\n/g, '\r\n'));
  }
  if (transport !== undefined) await appendFile(join(root, 'kontract.toml'), `\n${wireSettings(staticKey)}`);
  await linkPackages(root);
  return workspaceAt(root);
}

/** Copies an application and builds it. */
export async function buildApp(name: AppName, options?: CopyOptions): Promise<Workspace> {
  const workspace = await copyApp(name, options);
  await build(workspace);
  return workspace;
}

/** Copies a project that lies beside the tests, and builds it. */
export async function buildProject(name: string): Promise<Workspace> {
  const workspace = await copyProject(name);
  await build(workspace);
  return workspace;
}

/** Copies a project that lies beside the tests. */
export async function copyProject(name: string): Promise<Workspace> {
  const folder = await temporaryFolder();
  const root = join(folder, name);
  await cp(join(here, name), root, { recursive: true });
  await linkPackages(root);
  return workspaceAt(root);
}

function workspaceAt(root: string): Workspace {
  return { root, dist: join(root, 'dist'), client: join(root, 'dist/client'), server: join(root, 'dist/server') };
}

/** Runs a command in a copy and answers its standard output; fails with everything it printed. */
export async function kontract({ root }: Pick<Workspace, 'root'>, args: string[]): Promise<string> {
  const env = { ...process.env, CI: '', DATABASE_URL: '', KONTRACT_MIGRATE_URL: '' };
  try {
    return (await run(compiler(), args, { cwd: root, env, timeout: 60_000 })).stdout;
  } catch (error) {
    throw new Error(`kontract ${args[0]} failed\n${outputOf(error)}`);
  }
}

/** Runs `kontract build` in a copy; fails with everything it printed. */
export async function build({ root }: Pick<Workspace, 'root'>, env: Record<string, string> = {}): Promise<void> {
  try {
    await run(compiler(), ['build', ...flags], { cwd: root, env: { ...process.env, CI: '', ...env }, timeout: 60_000 });
  } catch (error) {
    throw new Error(`kontract build failed in a copy of ${relative(dirname(root), root)}\n${outputOf(error)}`);
  }
}

/** Runs the TypeScript compiler in a copy and answers what it printed: nothing when all is well. */
export function tsc({ root }: Pick<Workspace, 'root'>, project: string): Promise<string> {
  return compileWith(['--noEmit', '-p', project], root);
}

/** The same with any arguments, and any of the versions that are installed. */
export async function compileWith(args: string[], cwd: string, version = 'typescript'): Promise<string> {
  const program = join(dirname(createRequire(import.meta.url).resolve(`${version}/package.json`)), 'bin/tsc');
  try {
    await run(process.execPath, [program, ...args], { cwd, timeout: 60_000 });
    return '';
  } catch (error) {
    return outputOf(error);
  }
}

/** All files below a folder with their contents, by their paths with `/`. */
export async function contentsOf(folder: string): Promise<Map<string, Buffer>> {
  const contents = new Map<string, Buffer>();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of paths.sort()) {
    contents.set(relative(folder, path).split(sep).join('/'), await readFile(path));
  }
  return contents;
}

/** The compiler that is tested: KONTRACT_BIN, or the debug build of this checkout. */
export function compiler(): string {
  const path = resolve(here, process.env.KONTRACT_BIN ?? '../../target/debug/kontract');
  if (!existsSync(path)) {
    throw new Error(`No compiler at ${path}: run \`cargo build\`, or set KONTRACT_BIN to the binary`);
  }
  return path;
}

/** What `npm install` would bring. */
export async function linkPackages(root: string): Promise<void> {
  const modules = join(here, 'node_modules');
  await mkdir(join(root, 'node_modules/@types'), { recursive: true });
  for (const name of ['kontract', '@types/node', 'undici-types']) {
    await symlink(await realpath(join(modules, name)), join(root, 'node_modules', name), 'junction');
  }
}

/** The same of a version of TypeScript. */
export async function linkTypeScript(root: string, version = 'typescript'): Promise<void> {
  await symlink(await realpath(join(here, 'node_modules', version)), join(root, 'node_modules/typescript'), 'junction');
}

function outputOf(error: unknown): string {
  const { stdout = '', stderr = '', message = '' } = error as { stdout?: string; stderr?: string; message?: string };
  return `${stdout}${stderr}` || message;
}
