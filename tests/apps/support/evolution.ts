// One project in two versions: clients of the first call a server of the second, which was built
// with the lock that the first has left.
import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { temporaryFolder } from './temporary.ts';
import { compiler } from './workspace.ts';

/** Paths below `src` with their texts. */
export type Sources = Record<string, string>;
export type Verdict = 'unchanged' | 'compatible' | 'defaults' | 'breaking' | 'new';

export interface Report {
  route: string;
  verdict: Verdict;
  changes: { in: string; path: string; verdict: Verdict; message: string }[];
}

export interface Evolution {
  /** The folder with the outputs of the first version. */
  before: string;
  /** And of the second. */
  after: string;
  /** What `kontract check --against` said of each route. */
  reports: Map<string, Report>;
  /** ABI hashes: the first version's, and those that the second accepts. */
  abi: Record<string, string>;
  accepts: Record<string, string[]>;
}

interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

/** Builds the first version, releases it, and builds the others one after another. The last one is compared with the first. */
export async function evolve(first: Sources, ...others: [...Sources[], Sources]): Promise<Evolution> {
  const root = await temporaryFolder();
  const before = join(root, 'before');
  const after = join(root, 'dist');
  await writeFile(join(root, 'package.json'), '{ "type": "module" }\n');
  await mkdir(join(root, 'node_modules'));
  const kontract = await realpath(join(import.meta.dirname, '../node_modules/kontract'));
  await symlink(kontract, join(root, 'node_modules/kontract'), 'junction');

  await write(root, first);
  succeeded(await run(root, ['build', '--json']));
  await cp(after, before, { recursive: true });
  const manifest = join(before, 'manifest.json');
  succeeded(await run(root, ['check', '--against', manifest, '--release', '--json']));

  for (const [index, next] of others.entries()) {
    await rm(join(root, 'src'), { recursive: true });
    await write(root, next);
    if (index < others.length - 1) succeeded(await run(root, ['build', '--json']));
  }
  const check = await run(root, ['check', '--against', manifest, '--json']);
  const objects = check.stdout.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line));
  const reports: Report[] = objects.filter((object) => 'route' in object);
  if (reports.length === 0) throw new Error(`kontract check says nothing\n${check.stdout}${check.stderr}`);
  const breaks = reports.some((report) => report.verdict === 'breaking');
  if (check.code !== (breaks ? 1 : 0)) throw new Error(`kontract check ended with ${check.code}\n${check.stdout}`);
  succeeded(await run(root, ['build', '--json']));
  // Nothing is left to be written.
  succeeded(await run(root, ['build', '--locked', '--json']));

  const routes = async (folder: string) => Object.entries(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')).routes) as [string, { abi: string; accepts: string[] }][];
  return {
    before,
    after,
    reports: new Map(reports.map((report) => [report.route, report])),
    abi: Object.fromEntries((await routes(before)).map(([name, { abi }]) => [name, abi])),
    accepts: Object.fromEntries((await routes(after)).map(([name, { accepts }]) => [name, accepts])),
  };
}

/** A generated module. */
export async function load<T>(folder: string, path: string): Promise<T> {
  return (await import(pathToFileURL(join(folder, path)).href)) as T;
}

async function write(root: string, sources: Sources): Promise<void> {
  for (const [path, text] of Object.entries(sources)) {
    const file = join(root, 'src', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
}

function run(root: string, args: string[]): Promise<Run> {
  const env = { ...process.env, CI: '' };
  return new Promise((done) => {
    execFile(compiler(), args, { cwd: root, env, timeout: 60_000, maxBuffer: 2 ** 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      done({ code, stdout, stderr });
    });
  });
}

function succeeded({ code, stdout, stderr }: Run): void {
  if (code !== 0) throw new Error(`kontract ended with ${code}\n${stdout}${stderr}`);
}
