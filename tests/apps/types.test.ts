// The generated declarations, checked with plain tsc as an application sees them: strictly, and themselves included.
import { cp, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AppName, buildApp, tsc, type Workspace } from './support/workspace.ts';

const COMPILER_OPTIONS = {
  strict: true,
  skipLibCheck: false,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
};

async function project(workspace: Workspace, name: string, include: string[]): Promise<string> {
  const config = { extends: './tsconfig.json', compilerOptions: COMPILER_OPTIONS, include, exclude: [] };
  await writeFile(join(workspace.root, name), JSON.stringify(config));
  return name;
}

describe.each(['tasks', 'conduit', 'plain'] as const)('the declarations of %s', (name: AppName) => {
  let workspace: Workspace;

  beforeAll(async () => {
    workspace = await buildApp(name);
  });

  test('are right, and type what a client may and may not do', async () => {
    const client = resolve(import.meta.dirname, 'client-types', `${name}.ts`);
    await cp(client, join(workspace.root, 'client.ts'));
    const printed = await tsc(workspace, await project(workspace, 'tsconfig.client.json', ['client.ts', 'dist/client/**/*.d.ts']));
    expect(printed).toBe('');
  });

  test('type the browser’s half of the application', async () => {
    expect(await tsc(workspace, await project(workspace, 'tsconfig.browser.json', ['src/web']))).toBe('');
  });
});
