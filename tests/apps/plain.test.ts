import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HttpError, NotFoundError, PermissionError } from 'kontract/client';
import { beforeAll, describe, expect, test } from 'vitest';
import { logLines } from './support/log.ts';
import { type Account, act, type Client, clientOf, failure, register, rpc, type Server, start } from './support/server.ts';
import { build, buildApp, copyApp, kontract, linkTypeScript, tsc, type Workspace } from './support/workspace.ts';

describe('the plain spelling', () => {
  test('is TypeScript: tsc takes it, with the types of storage that a build makes', async () => {
    expect(await tsc(await buildApp('plain'), 'tsconfig.json')).toBe('');
  });

  test('is checked: tsc sees a wrong row and a wrong option', async () => {
    const workspace = await buildApp('plain');
    await cp(join(import.meta.dirname, 'overlays/plain-wrong'), workspace.root, { recursive: true });
    const printed = await tsc(workspace, 'tsconfig.json');
    expect(printed.match(/wrong\.ts\(\d+/g)).toEqual(['wrong.ts(6', 'wrong.ts(10', 'wrong.ts(13']);
  });

  test('is checked by `kontract check` as by tsc, and without a build before', async () => {
    const workspace = await copyApp('plain');
    await linkTypeScript(workspace.root);
    expect(await kontract(workspace, ['check'])).toBe('No errors\n');
    await cp(join(import.meta.dirname, 'overlays/plain-wrong'), workspace.root, { recursive: true });
    await expect(kontract(workspace, ['check'])).rejects.toThrow(/wrong\.ts:10:.*1 error,/s);
    // Then what only TypeScript sees.
    const wrong = join(workspace.root, 'src/api/wrong.ts');
    await writeFile(wrong, (await readFile(wrong, 'utf8')).replace('permission', 'perm'));
    await expect(kontract(workspace, ['check'])).rejects.toThrow(/wrong\.ts:6:.*wrong\.ts:13:.*2 errors,/s);
  });
});

describe('the plain application', () => {
  let app: Workspace;
  let client: Client;
  let server: Server;
  let ada: Account;

  beforeAll(async () => {
    app = await copyApp('plain');
    await build(app);
    client = await clientOf(app);
    server = await start(app);
    ada = await register(server, 'ada');
  });

  test('has a browser’s half that tsc takes with the generated client', async () => {
    expect(await tsc(app, 'tsconfig.web.json')).toBe('');
  });

  test('writes, reads, rewrites and removes notes', async () => {
    act(server, ada);
    const note = await client.writeNote('Read the manual', 2, 'work', 'today');
    expect(note).toEqual({
      id: expect.any(String),
      text: 'Read the manual',
      shade: 2,
      labels: ['work', 'today'],
      writer: ada.owner,
    });
    expect(await client.writeNote('Sleep')).toMatchObject({ shade: 1, labels: [] });
    expect((await client.myNotes('work')).map(({ text }: { text: string }) => text)).toEqual(['Read the manual']);
    expect(await client.myNotes()).toHaveLength(2);
    expect(await client.rewriteNote(note.id, 'Read it again')).toBeUndefined();
    expect(await client.readNote(note.id)).toEqual({ ...note, text: 'Read it again' });
    expect(await failure(client.rewriteNote('nothing', 'x'))).toBeInstanceOf(NotFoundError);

    act(server, await register(server, 'bob'));
    expect(await client.removeNote(note.id)).toBe(false);
    act(server, ada);
    expect(await client.removeNote(note.id)).toBe(true);
    expect(await failure(client.readNote(note.id))).toMatchObject({ status: 404, message: 'Note not found' });
    expect(await failure(client.writeNote(' '))).toBeInstanceOf(HttpError);
  });

  test('changes a result for those without a login', async () => {
    const eve = await register(server, 'eve');
    act(server, eve);
    await client.writeNote('One', 1, 'red', 'blue');
    await client.writeNote('Two', 1, 'red');
    expect((await client.labels()).filter(([label]: [string]) => /red|blue/.test(label))).toEqual([
      ['red', 2],
      ['blue', 1],
    ]);
    const { body } = await rpc(server, 'labels');
    expect((body as { result: [string, number][] }).result).toContainEqual(['RED', 2]);
    act(server, null);
    expect(await failure(client.writeNote('Mine'))).toBeInstanceOf(PermissionError);
    expect(await client.echo('echo')).toBe('echo');
  });

  test('logs paths, also for a middleware that is named elsewhere in the file', async () => {
    const lines = logLines('plain');
    act(server, ada);
    await client.echo('x');
    await client.myNotes();
    await expect.poll(() => lines).toEqual(['[plain] /rpc/echo', '[plain] /rpc/myNotes']);
  });
});
