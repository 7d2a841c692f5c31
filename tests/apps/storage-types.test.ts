// `.kontract/types.d.ts`: what it lets an application write, and what editors show of it.
import { cp, mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type TypeScript from 'typescript-5.9';
import { register, rpc, start } from './support/server.ts';
import { temporaryFolder } from './support/temporary.ts';
import { build, compileWith, contentsOf } from './support/workspace.ts';

const VERSIONS = { '5.0': 'typescript-5.0', 5.9: 'typescript-5.9', 6: 'typescript-6', 7: 'typescript' } as const;
const require = createRequire(import.meta.url);

let root: string;

beforeAll(async () => {
  root = await temporaryFolder();
  await cp(resolve(import.meta.dirname, 'storage-types'), root, { recursive: true });
  await mkdir(join(root, 'node_modules'));
  const installed = await realpath(join(import.meta.dirname, 'node_modules/kontract'));
  await symlink(installed, join(root, 'node_modules/kontract'), 'junction');
  await build({ root });
});

describe.each(Object.entries(VERSIONS))('with TypeScript %s', (_, name) => {
  test('tables are typed, and wrong uses of them are errors', async () => {
    expect(await compileWith(['-p', '.'], root, name)).toBe('');
  });

  test('a registry by hand goes on working beside it', async () => {
    const beside = { extends: './tsconfig.json', include: ['by-hand', 'src/.kontract/*.d.ts'] };
    await writeFile(join(root, 'tsconfig.by-hand.json'), JSON.stringify(beside));
    expect(await compileWith(['-p', 'tsconfig.by-hand.json'], root, name)).toBe('');
  });
});

/** What is shown of each constant in `checks/hover.ts`. */
const SHOWN = {
  promised: 'Promise<User | null>',
  awaited: 'User | null',
  generic: 'User | null',
  printed: 'Machine | null',
  inferred: '__kontract_generated_todos | null',
  context: 'Context',
};

describe.each(['typescript-5.0', 'typescript-5.9', 'typescript-6'])('an editor with %s', (name) => {
  test('shows rows by their names', async () => {
    const ts = require(name) as typeof TypeScript;
    const config = ts.getParsedCommandLineOfConfigFile(join(root, 'tsconfig.json'), {}, {
      ...ts.sys,
      onUnRecoverableConfigFileDiagnostic: () => {},
    })!;
    const service = ts.createLanguageService({
      getCompilationSettings: () => config.options,
      getScriptFileNames: () => config.fileNames,
      getScriptVersion: () => '1',
      getScriptSnapshot: (file) => {
        const text = ts.sys.readFile(file);
        return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text);
      },
      getCurrentDirectory: () => root,
      getDefaultLibFileName: (options) => ts.getDefaultLibFilePath(options),
      fileExists: ts.sys.fileExists,
      readFile: ts.sys.readFile,
      directoryExists: ts.sys.directoryExists,
      getDirectories: ts.sys.getDirectories,
    });
    const file = join(root, 'checks/hover.ts');
    const text = await readFile(file, 'utf8');
    for (const [constant, shown] of Object.entries(SHOWN)) {
      const info = service.getQuickInfoAtPosition(file, text.indexOf(`const ${constant}`) + 'const '.length);
      expect(ts.displayPartsToString(info?.displayParts)).toBe(`const ${constant}: ${shown}`);
    }
    // The field behind the dot: the table itself, by the names of its row and key.
    const users = service.getQuickInfoAtPosition(file, text.indexOf('users.get'));
    expect(ts.displayPartsToString(users?.displayParts)).toContain('TableProxy<User, "id", ');
  });
});

test('TypeScript 7 names rows likewise', async () => {
  const { API } = await import('typescript/unstable/sync');
  const api = new API({ cwd: root });
  try {
    const config = join(root, 'tsconfig.json');
    const project = api.updateSnapshot({ openProject: config }).getProject(config)!;
    const file = join(root, 'checks/hover.ts');
    const text = await readFile(file, 'utf8');
    for (const [constant, shown] of Object.entries(SHOWN)) {
      const at = text.indexOf(`const ${constant}`) + 'const '.length;
      const type = project.checker.getTypeAtPosition(file, at)!;
      expect(`${constant}: ${project.checker.typeToString(type)}`).toBe(`${constant}: ${shown}`);
    }
  } finally {
    api.close();
  }
});

test('what the types say of rows is what the server answers', async () => {
  const server = await start({ root, dist: join(root, 'dist'), client: '', server: '' });
  const [ada, bob] = [await register(server, 'ada'), await register(server, 'bob')];
  const joined = await rpc(server, 'join', ['ada', ['new']], ada.token);
  expect(joined).toMatchObject({ status: 200, body: { result: expect.any(String) } });
  // A table that no type describes has the key `_id`.
  expect((await rpc(server, 'firstTodo', [], ada.token)).body).toEqual({
    result: { _id: 'first', text: 'ada', done: true, at: '1970-01-01T00:00:00.000Z' },
  });
  expect((await rpc(server, 'drafts', [], ada.token)).body).toEqual({ result: [{ role: 'writer' }] });
  expect((await rpc(server, 'tally', [], ada.token)).body).toEqual({ result: [1, 'ada', true] });
  // `Owned`: nobody sees another's rows; `Unique`: no e-mail twice.
  expect((await rpc(server, 'drafts', [], bob.token)).body).toEqual({ result: [] });
  expect(await rpc(server, 'join', ['ada', []], bob.token)).toMatchObject({
    status: 409, body: { error: { code: 'CONFLICT', path: 'users.email' } },
  });
});

test('the types folder is made by builds alone: unchanged bytes stay, and sources do not count it', async () => {
  const folder = join(root, 'src/.kontract');
  const before = await contentsOf(folder);
  expect([...before.keys()]).toEqual([
    '.kontract-outputs.json', 'api.d.ts', 'modules/model/annotated.d.ts', 'modules/model/user.d.ts', 'types.d.ts',
  ]);
  await build({ root });
  expect(await contentsOf(folder)).toEqual(before);
  const manifest = await readFile(join(root, 'dist/manifest.json'), 'utf8');
  expect(manifest).not.toContain('.kontract');
  expect(dirname(folder)).toBe(join(root, 'src'));
});
