// What the compiler makes of its own fixtures: the declarations checked with plain tsc, the modules of both sides run.
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tsc } from './support/workspace.ts';

/** Written by `cargo test --test snapshots`: one built project for each fixture without errors. */
const root = resolve(import.meta.dirname, process.env.KONTRACT_FIXTURES ?? '../../target/fixture-outputs');
if (!existsSync(root)) {
  throw new Error(`No outputs at ${root}: run \`cargo test --test snapshots\` first, or set KONTRACT_FIXTURES`);
}

async function projects(): Promise<string[]> {
  const found: string[] = [];
  for (const stage of await readdir(root, { withFileTypes: true })) {
    if (!stage.isDirectory() || stage.name === 'node_modules') continue;
    for (const name of await readdir(join(root, stage.name))) {
      if (existsSync(join(root, stage.name, name, 'dist/client/index.js'))) found.push(`${stage.name}/${name}`);
    }
  }
  return found.sort();
}

/** Server code that needs what is not installed here. */
const NOT_RUN = new Set(['lower/jsx', 'lower/jsx_import_source']);

interface Manifest {
  routes: Record<string, { params: { rest: boolean }[]; meta: { streams?: true } }>;
}

async function manifestOf(dist: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')) as Manifest;
}

async function load<Module>(path: string): Promise<Module> {
  return await import(pathToFileURL(path).href) as Module;
}

const names = await projects();

/** What stubs have sent. */
const calls: { route: string; args: readonly unknown[] }[] = [];

beforeAll(async () => {
  // The package and the types as an application has them, beside the projects.
  const packages = join(root, 'node_modules');
  await rm(packages, { recursive: true, force: true });
  await mkdir(join(packages, '@types'), { recursive: true });
  const installed = resolve(import.meta.dirname, 'node_modules');
  const kontract = await realpath(join(installed, 'kontract'));
  await symlink(kontract, join(packages, 'kontract'), 'junction');
  await symlink(await realpath(join(installed, '@types/node')), join(packages, '@types/node'), 'junction');
  await writeFile(join(root, 'package.json'), JSON.stringify({ type: 'module' }));

  const { configure } = await load<typeof import('kontract/client')>(join(kontract, 'dist/client/index.js'));
  configure({
    transport: {
      call: async ({ route, args }) => {
        calls.push({ route, args });
        return null;
      },
    },
  });
});

afterAll(async () => {
  await rm(join(root, 'node_modules'), { recursive: true, force: true });
});

test('there are fixtures to look at', () => {
  expect(names.length).toBeGreaterThan(50);
});

test('the declarations of all fixtures are right', async () => {
  const config = {
    compilerOptions: {
      strict: true,
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'esnext',
      lib: ['esnext', 'dom'],
      types: ['node'],
    },
    include: ['*/*/dist/client/**/*.d.ts'],
  };
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify(config));
  expect(await tsc({ root }, 'tsconfig.json')).toBe('');
}, 120_000);

test('the types of storage of all fixtures are right', async () => {
  // Each declares the same globals, so each is a program of its own.
  const listed = names.filter((name) => existsSync(join(root, name, 'src/.kontract/types.d.ts')));
  expect(listed.length).toBeGreaterThan(10);
  for (const name of listed) {
    const config = { extends: './tsconfig.json', include: [`${name}/src/.kontract/**/*.d.ts`] };
    await writeFile(join(root, 'tsconfig.storage.json'), JSON.stringify(config));
    const printed = await tsc({ root }, 'tsconfig.storage.json');
    // The sources may hold what only Kontract reads.
    expect(printed.split('\n').filter((line) => line.includes('.kontract/'))).toEqual([]);
  }
}, 120_000);

describe.each(names)('%s', (name) => {
  const dist = join(root, name, 'dist');

  test('the client’s index loads, and each of its stubs makes its call', async () => {
    const { api } = await load<{ api: object }>(join(dist, 'client/index.js'));
    const { routes } = await manifestOf(dist);
    for (const [route, { params, meta }] of Object.entries(routes)) {
      const stub = route.split('.').reduce<unknown>((node, part) => (node as Record<string, unknown>)[part], api);
      expect(stub, route).toBeTypeOf('function');
      const args = params.map((_, index) => `argument ${index}`);
      calls.length = 0;
      if (meta.streams) {
        // Its call is made when somebody asks for an item, and by raystream only.
        const items = await (stub as (...args: unknown[]) => AsyncIterable<unknown> | Promise<AsyncIterable<unknown>>)(...args);
        await expect(items[Symbol.asyncIterator]().next()).rejects.toThrow(/raystream|keys/);
        continue;
      }
      await (stub as (...args: unknown[]) => Promise<unknown>)(...args);
      expect(calls).toEqual([{ route, args }]);
    }
  });

  test.skipIf(NOT_RUN.has(name))('the server’s index loads, and registers what the manifest lists', async () => {
    const index = join(dist, 'server/index.js');
    const { __kontract_routes: registered } = await load<{ __kontract_routes: Map<string, unknown> }>(index);
    const { routes } = await manifestOf(dist);
    expect([...registered.keys()].sort()).toEqual(Object.keys(routes).sort());
  });
});
