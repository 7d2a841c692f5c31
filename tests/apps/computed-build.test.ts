// Projects whose types only TypeScript can tell, built with each version of it.
import { chmod, cp, mkdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/temporary.ts';
import { build, compileWith, contentsOf } from './support/workspace.ts';

const here = import.meta.dirname;

/** A copy of the project with a version of TypeScript, or none. */
async function project(version?: string): Promise<string> {
  const root = await temporaryFolder();
  for (const part of ['project', 'build']) await cp(join(here, 'computed', part), root, { recursive: true });
  await mkdir(join(root, 'node_modules'));
  for (const name of ['zod', 'kontract']) await link(root, name, name);
  if (version !== undefined) await link(root, 'typescript', `typescript-${version}`);
  return root;
}

async function link(root: string, name: string, installed: string): Promise<void> {
  await symlink(await realpath(join(here, 'node_modules', installed)), join(root, 'node_modules', name), 'junction');
}

async function failure(root: string, env?: Record<string, string>): Promise<string> {
  const text = await build({ root }, env).then(() => 'the build succeeded', (error: Error) => error.message);
  return text.replaceAll(/[\s│]+/g, ' ');
}

/** A folder for PATH whose `node` runs `script`, and notes that it was started. */
async function fakeNode(script: string): Promise<{ env: Record<string, string>; started: () => boolean }> {
  const folder = await temporaryFolder('node');
  await writeFile(join(folder, 'node'), `#!/bin/sh\n: > '${folder}/started'\n${script}\n`);
  await chmod(join(folder, 'node'), 0o755);
  return { env: { PATH: `${folder}:/usr/bin:/bin` }, started: () => existsSync(join(folder, 'started')) };
}

const outputs = new Map<string, Map<string, string>>();

describe.each(['5.9', '6', '7'])('with TypeScript %s', (version) => {
  test('builds, and what clients get is right', async () => {
    const root = await project(version);
    await build({ root });
    const contents = [...await contentsOf(join(root, 'dist'))].map(([path, bytes]): [string, string] => [path, bytes.toString()]);
    outputs.set(version, new Map(contents));

    await writeFile(join(root, 'tsconfig.client.json'), JSON.stringify({
      compilerOptions: { strict: true, module: 'esnext', moduleResolution: 'bundler', target: 'esnext', noEmit: true, types: [], lib: ['esnext', 'dom'] },
      include: ['dist/client/**/*.d.ts', 'client.ts'],
    }));
    await writeFile(join(root, 'client.ts'), [
      "import { createUser, result, role, tree } from './dist/client/index.js';",
      "role('admin');",
      '// @ts-expect-error: no such role',
      "role('guest');",
      "tree({ value: 'a', sub: [{ value: 'a', sub: [] }] }, { getKind: 'circle', getRadius: 1 });",
      'const pages: number[] = (await result()).pages;',
      'const title: string | undefined = (await createUser(null!)).children[0]?.title;',
      'export { pages, title };',
    ].join('\n'));
    expect(await compileWith(['-p', 'tsconfig.client.json'], root)).toBe('');
  });
});

test('all versions give the same outputs', () => {
  expect(outputs.get('5.9')?.has('manifest.json')).toBe(true);
  expect(outputs.get('6')).toEqual(outputs.get('5.9'));
  expect(outputs.get('7')).toEqual(outputs.get('5.9'));
});

test('fields that a computed type takes over keep their permission and range', async () => {
  const root = await project('7');
  await writeFile(join(root, 'src/routes.ts'), [
    "import { backend } from 'kontract';",
    "import type { Loose } from './api';",
    "import type { User } from './models';",
    'const find = async (user: User) => ({ ...user, found: true as const });',
    'export const spread = backend({}, async (user: User): Promise<Awaited<ReturnType<typeof find>>> => find(user));',
    'export const mapped = backend({}, async (user: User): Promise<Loose<User>> => user);',
  ].join('\n'));
  await build({ root });
  const { wire } = JSON.parse(await readFile(join(root, 'dist/manifest.json'), 'utf8')) as {
    wire: { objects: Record<string, { name: string; fields: { name: string; shape: unknown; hidden?: boolean }[] }> };
  };
  for (const name of ['SpreadResult', 'LooseOfUser']) {
    const object = Object.values(wire.objects).find((o) => o.name === name);
    const field = (wanted: string) => object?.fields.find((f) => f.name === wanted);
    expect(field('passwordHash'), name).toMatchObject({ hidden: true });
    expect(field('age'), name).toMatchObject({ shape: { number: 'int32' } });
    expect(field('address'), name).toMatchObject({ shape: { object: 'src/models.ts#Address' } });
  }
});

describe.skipIf(process.platform === 'win32')('Node', () => {
  test('is not started where all types are known', async () => {
    const root = await project('7');
    for (const file of ['api', 'schemas', 'stored']) await rm(join(root, `src/${file}.ts`));
    await writeFile(join(root, 'src/routes.ts'), [
      "import { backend } from 'kontract';",
      "import type { User } from './models';",
      'export const get = backend({}, async (id: string): Promise<Partial<Pick<User, "id" | "age">> | null> => null);',
    ].join('\n'));
    const node = await fakeNode('exit 1');
    await build({ root }, node.env);
    expect(node.started()).toBe(false);
  });

  test('is started once, and again when something that was read has changed', async () => {
    const root = await project('7');
    const real = process.execPath;
    const node = await fakeNode(`exec '${real}' "$@"`);
    await build({ root }, node.env);
    expect(node.started()).toBe(true);
    const first = await contentsOf(join(root, 'dist'));

    const never = await fakeNode('exit 1');
    await build({ root }, never.env);
    expect(never.started()).toBe(false);
    expect(await contentsOf(join(root, 'dist'))).toEqual(first);

    // An edit that no question's file reads of.
    await writeFile(join(root, 'src/other.ts'), 'export const other = 1;\n');
    const models = join(root, 'src/schemas.ts');
    await writeFile(models, (await readFile(models, 'utf8')).replace("'admin', 'user'", "'admin', 'guest'"));
    const again = await fakeNode(`exec '${real}' "$@"`);
    await build({ root }, again.env);
    expect(again.started()).toBe(true);
    expect(await readFile(join(root, 'dist/client/schemas.d.ts'), 'utf8')).toContain('"admin" | "guest"');
  });

  test('a broken cache is ignored', async () => {
    const root = await project('7');
    await build({ root });
    const cache = join(root, 'node_modules/.kontract/types.json');
    const good = await readFile(cache, 'utf8');
    for (const text of ['', '{"entries":[{}]}', good.slice(0, -20), good.replace(/"response":".*"/s, '"response":"{}"')]) {
      await writeFile(cache, text);
      // Otherwise there is nothing to be built.
      await rm(join(root, 'node_modules/.kontract/state.bin'));
      await build({ root });
      expect(await readFile(cache, 'utf8')).toBe(good);
    }
  });

  test('that is missing, fails or lies is an error', async () => {
    const root = await project('7');
    const empty = await temporaryFolder('empty');
    expect(await failure(root, { PATH: empty })).toContain('Node.js cannot be started');
    const fails = await fakeNode('echo "TypeError: it broke" >&2; exit 1');
    expect(await failure(root, fails.env)).toContain('TypeError: it broke');
    const answers = [
      '{}',
      '[]',
      'null',
      '{"answers":[]}',
      '{"answers":[{"text":"string }; type B = { a: string"},{"text":"number"}]}',
      `{"answers":[${Array(40).fill('{"text":"import(\\"./models\\").User"}').join()}]}`,
      `{"answers":[${Array(40).fill('{"text":"typeof process"}').join()}]}`,
      `{"answers":[${Array(40).fill('{"text":"User extends string ? 1 : 2"}').join()}]}`,
      `{"answers":[${Array(40).fill('{"text":"import(\\"kontract:../secret.ts\\").User"}').join()}]}`,
      `{"answers":[${Array(40).fill(`{"text":"${'['.repeat(20_000)}"}`).join()}]}`,
    ];
    for (const answer of answers) {
      const lies = await fakeNode(`cat > /dev/null; cat <<'EOF'\nkontract types: ${answer}\nEOF`);
      expect(await failure(root, lies.env), answer.slice(0, 100)).toContain('TypeScript was asked what');
    }
    expect(existsSync(join(root, 'node_modules/.kontract/types.json'))).toBe(false);
  });
});

test('without TypeScript the error says what to install', async () => {
  const root = await project();
  const text = await failure(root);
  expect(text).toContain('K170');
  expect(text).toMatch(/only TypeScript can tell what \S+ is, and it is not installed/);
  expect(text).toContain('npm install --save-dev typescript');
});

test('what TypeScript cannot make data of is an error with the reason', async () => {
  const root = await project('7');
  await writeFile(join(root, 'src/routes.ts'), [
    "import { backend } from 'kontract';",
    "import type { z } from 'zod';",
    "import type { Loose, load } from './api';",
    "import type { Account } from './models';",
    "import type { userSchema } from './schemas';",
    'export const a = backend({}, async (value: typeof userSchema): Promise<void> => {});',
    'export const b = backend({}, async (value: ReturnType<typeof lode>): Promise<void> => {});',
    'export const c = backend({}, async (value: `id-${string}`): Promise<void> => {});',
    'export const d = backend({}, async (value: ReturnType<typeof load> extends Promise<infer T> ? { load: T; then: () => T } : never): Promise<void> => {});',
    'export const e = backend({}, async (): Promise<Loose<Account>> => null!);',
  ].join('\n'));
  const text = await failure(root);
  expect(text).toContain('a secret would leave the server as `result.token`');
  expect(text).toContain('`typeof userSchema` comes to a type that cannot travel: it holds a function at `');
  expect(text).toContain("Cannot find name 'lode'");
  expect(text).toContain('comes to a pattern of texts, which nothing would check: `id-${string}`');
  expect(text).toContain('this conditional type comes to a type that cannot travel: it holds a function at `.then`');
});
