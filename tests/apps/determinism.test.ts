import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { type AppName, build, contentsOf, type CopyOptions, copyApp, type Workspace } from './support/workspace.ts';

/** A digest of every file that was built. */
async function digests({ dist }: Workspace): Promise<Record<string, string>> {
  const files = [...(await contentsOf(dist))];
  return Object.fromEntries(files.map(([path, bytes]) => [path, createHash('sha256').update(bytes).digest('hex')]));
}

async function built(name: AppName, options: CopyOptions, env: Record<string, string>): Promise<Record<string, string>> {
  const workspace = await copyApp(name, options);
  await build(workspace, env);
  return await digests(workspace);
}

describe.each(['conduit', 'tasks', 'plain'] as const)('a build of %s', (name) => {
  test('has the same bytes with one thread, with two, and in another folder', async () => {
    const one = await built(name, {}, { RAYON_NUM_THREADS: '1' });
    expect(Object.keys(one)).toEqual(
      expect.arrayContaining(['client/index.d.ts', 'client/index.js', 'manifest.json', 'server/index.js']),
    );
    expect(await built(name, {}, { RAYON_NUM_THREADS: '2' })).toEqual(one);
    expect(await built(name, { below: 'a/long way/down-ünder' }, { RAYON_NUM_THREADS: '2' })).toEqual(one);
  });

  test('has the same bytes when it is built again, with and without the first output', async () => {
    const workspace = await copyApp(name);
    await build(workspace);
    const first = await digests(workspace);
    await build(workspace);
    expect(await digests(workspace)).toEqual(first);
  });
});

describe('the output', () => {
  test('follows the sources: a route that is gone leaves nothing behind', async () => {
    const workspace = await copyApp('conduit', { overlay: 'behaviour' });
    await build(workspace);
    expect(Object.keys(await digests(workspace))).toContain('client/probe/behaviour.js');
    await rm(`${workspace.root}/src/probe`, { recursive: true });
    await build(workspace);
    expect(await digests(workspace)).toEqual(await built('conduit', {}, {}));
  });
});
