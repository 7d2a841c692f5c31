// `kontract check` with each version of TypeScript that a project may have: what it says of annotated
// sources, and where.
import { execFile, spawn } from 'node:child_process';
import { cp, mkdir, readdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/temporary.ts';
import { compiler, contentsOf, copyApp, kontract, linkPackages, linkTypeScript } from './support/workspace.ts';

const here = import.meta.dirname;
const versions = ['typescript-5.9', 'typescript-6', 'typescript-7'];

interface Found {
  severity: string;
  code: string;
  message: string;
  file: string;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

/** A copy of a project beside this test, with a version of TypeScript or without any. */
async function project(name: string, typescript: string | undefined): Promise<string> {
  const folder = await temporaryFolder('typecheck');
  await cp(join(here, 'typecheck', name), folder, { recursive: true });
  await linkPackages(folder);
  if (typescript !== undefined) await linkTypeScript(folder, typescript);
  return folder;
}

function run(cwd: string, ...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { ...process.env, CI: '', GITHUB_ACTIONS: '', TMPDIR: cwd };
  return new Promise((resolve) => {
    execFile(compiler(), ['check', ...args], { cwd, env, timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function check(folder: string): Promise<Found[]> {
  const { code, stdout } = await run(folder, '--json');
  const found = stdout.trimEnd().split('\n').map((line) => JSON.parse(line));
  const { summary } = found.pop();
  expect(code).toBe(summary.errors > 0 ? 1 : 0);
  return found;
}

const place = ({ file, line, column, endColumn, code }: Found) => `${file}:${line}:${column}-${endColumn} ${code}`;

/** The errors that a project's sources announce: `//    ^^^ TS2322` below the line. */
async function announced(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const [path, bytes] of await contentsOf(join(folder, 'src'))) {
    let line = 0;
    for (const [index, text] of bytes.toString().split(/\r?\n/).entries()) {
      const mark = /^\s*\/\/\s*(\^+) (TS\d+)$/.exec(text);
      if (mark === null) {
        line = index + 1;
        continue;
      }
      const column = text.indexOf('^') + 1;
      found.push(`src/${path}:${line}:${column}-${column + mark[1]!.length} ${mark[2]}`);
    }
  }
  return found.sort();
}

/** TypeScript 7 under another number: nothing is known of its interface. */
async function later(folder: string): Promise<void> {
  const modules = join(here, 'node_modules');
  const installed = join(folder, 'node_modules/typescript');
  await cp(await realpath(join(modules, 'typescript-7')), installed, { recursive: true });
  const manifest = await readFile(join(installed, 'package.json'), 'utf8');
  await writeFile(join(installed, 'package.json'), manifest.replace(/"version": "7[^"]*"/, '"version": "7.99.0"'));
  await symlink(await realpath(join(modules, '@typescript')), join(folder, 'node_modules/@typescript'), 'junction');
}

test.concurrent.each(['forms', 'references'])('of a later version, `tsc` is asked: %s', async (name) => {
  const folder = await project(name, undefined);
  await later(folder);
  // Where an error ends, it does not say.
  const start = (place: string) => place.replace(/-\d+/, '');
  const found = await check(folder);
  expect(found.map((found) => start(place(found))).sort()).toEqual((await announced(folder)).map(start));
  expect((await readdir(folder)).filter((name) => name.startsWith('kontract-'))).toEqual([]);
});

describe.each(versions)('with %s', (version) => {
  test.concurrent('errors stand where they are, whatever is before and behind them', async () => {
    const folder = await project('forms', version);
    const expected = await announced(folder);
    expect(expected.length).toBeGreaterThan(20);
    const lines = { crlf: ['api.ts', 'page.tsx'], marked: ['api.ts', 'middleware.ts', 'client.ts'] };
    for (const [kind, files] of Object.entries(lines)) {
      for (const file of files.map((file) => join(folder, 'src', file))) {
        const text = await readFile(file, 'utf8');
        await writeFile(file, kind === 'crlf' ? text.replaceAll('\n', '\r\n') : `\uFEFF${text}`);
      }
    }
    const found = await check(folder);
    expect(found.map(place).sort()).toEqual(expected);
    expect(found.every(({ line, endLine }) => line === endLine)).toBe(true);
    expect(found.find(({ code }) => code === 'TS2345')?.message).toBe(
      "Argument of type 'number' is not assignable to parameter of type 'string'.",
    );
  });

  test.concurrent('projects that refer to each other are checked, each by its own settings', async () => {
    const folder = await project('references', version);
    expect((await check(folder)).map(place).sort()).toEqual(await announced(folder));
  });

  test.concurrent('what is wrong in no place of a source is told too', async () => {
    const folder = await project('forms', version);
    const settings = join(folder, 'tsconfig.json');
    const { compilerOptions, ...others } = JSON.parse(await readFile(settings, 'utf8'));
    await writeFile(settings, JSON.stringify({ ...others, compilerOptions: { ...compilerOptions, types: ['nowhere'] } }));
    const found = (await check(folder)).filter(({ code }) => code === 'TS2688');
    expect(found.map(({ message }) => message.split('\n')[0])).toEqual(["Cannot find type definition file for 'nowhere'."]);
  });
});

test.concurrent.each(['tasks', 'conduit'] as const)('an application is right before it is built: %s', async (name) => {
  const workspace = await copyApp(name);
  await linkTypeScript(workspace.root);
  expect(await kontract(workspace, ['check', '--no-locked'])).toBe('No errors\n');
});

test.concurrent('what was found is remembered until anything changes that it came from', async () => {
  const folder = await project('references', 'typescript-7');
  const expected = await announced(folder);
  const again = async () => (await check(folder)).map(place).sort();
  expect(await again()).toEqual(expected);
  const kept = join(folder, 'node_modules/.kontract/check.json');
  // What is remembered is what is told: without the last error it is not found anew.
  const [entry] = JSON.parse(await readFile(kept, 'utf8')).entries;
  const response = JSON.parse(entry.response);
  response.problems = response.problems.filter(({ code }: { code: number }) => code !== 2366);
  await writeFile(kept, JSON.stringify({ entries: [{ ...entry, response: JSON.stringify(response) }] }));
  expect(await again()).toEqual(expected.filter((place) => !place.endsWith('TS2366')));
  const page = join(folder, 'src/web/page.ts');
  await writeFile(page, (await readFile(page, 'utf8')).replace('load(1)', 'load("1")'));
  expect(await again()).toEqual(expected.filter((place) => !place.startsWith('src/web/page.ts:4')));
  // A file that only TypeScript looks at, and one that only it misses.
  await writeFile(join(folder, 'src/web/document.ts'), 'export const wrong: number = document.title;\n');
  expect(await again()).toContain('src/web/document.ts:1:14-19 TS2322');
  await writeFile(kept, '{');
  expect(await again()).toHaveLength(expected.length);
});

test.concurrent('with --watch it checks again when something has changed', async ({ expect, onTestFinished }) => {
  const folder = await project('references', 'typescript-7');
  const child = spawn(compiler(), ['check', '--watch', '--json'], { cwd: folder, env: { ...process.env, CI: '' }, stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const next = async () => {
    const codes: string[] = [];
    for (;;) {
      const object = JSON.parse((await lines.next()).value);
      if (object.event === 'checked') return { codes: codes.sort(), errors: object.errors };
      codes.push(object.code);
    }
  };
  const codes = (await announced(folder)).map((place) => place.split(' ')[1]!).sort();
  expect(await next()).toEqual({ codes, errors: codes.length });
  const users = join(folder, 'src/server/users.ts');
  const text = await readFile(users, 'utf8');
  await writeFile(users, '@backend() export async function load(id) {}');
  expect((await next()).codes).toEqual([expect.stringMatching(/^K/)]);
  await writeFile(users, text.replace('return true;', 'return true; return false;'));
  expect((await next()).codes).toEqual(codes.filter((code) => code !== 'TS2366'));
  await mkdir(join(folder, 'src/web/new'));
  await writeFile(join(folder, 'src/web/new/page.ts'), 'export const wrong: number = document.title;\n');
  // The folder may be noticed before its file.
  while ((await next()).errors !== codes.length);
});
