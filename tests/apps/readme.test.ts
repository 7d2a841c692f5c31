// The examples of the README that say which file they are: built, type-checked and called.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { serve, type Server } from 'kontract/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { build, copyProject, tsc, type Workspace } from './support/workspace.ts';

let app: Workspace;
let server: Server;

beforeAll(async () => {
  app = await copyProject('readme');
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  for (const [, name, text] of readme.matchAll(/^```ts\n\/\/ (src\/\S+)\n(.*?)^```$/gms)) {
    await mkdir(dirname(join(app.root, name!)), { recursive: true });
    await writeFile(join(app.root, name!), text!);
  }
  await build(app);
  server = await serve({ dist: app.dist, port: 0 });
}, 120_000);
afterAll(() => server.close());

async function post(path: string, body: unknown, token?: string): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { 'content-type': 'application/json', ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) };
  const response = await fetch(server.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, json: (await response.json()) as Record<string, unknown> };
}

test('they are right for TypeScript', async () => {
  expect(await tsc(app, '.')).toBe('');
});

test('src/auth.ts decides, a group opens, env.shared holds and counts', async () => {
  const credentials = { email: 'ada@example.com', password: 'correct horse' };
  const { token: early } = (await post('/auth/register', credentials)).json as { token: string };
  const me = await fetch(`${server.url}/auth/me`, { headers: { authorization: `Bearer ${early}` } });
  expect(await me.json()).toMatchObject({ perm: 6, isAnonymous: false });
  expect(await post('/rpc/announce', ['hello'], early)).toMatchObject({ status: 403, json: { error: { code: 'FORBIDDEN' } } });
  await server.auth.grant('ada@example.com', 'staff');
  const { token } = (await post('/auth/login', credentials)).json as { token: string };
  expect((await post('/rpc/announcement', [])).json).toEqual({ result: null });
  expect((await post('/rpc/announce', ['hello'], token)).status).toBe(200);
  expect((await post('/rpc/announcement', [])).json).toEqual({ result: 'hello' });
  expect((await post('/rpc/knock', [], token)).json).toEqual({ result: 'a user, in 1 groups' });
  for (let times = 0; times < 10; times += 1) expect((await post('/rpc/knock', [])).json).toEqual({ result: 'a guest' });
  expect((await post('/rpc/knock', [])).status).toBe(429);
  expect((await post('/rpc/knock', [], token)).status).toBe(200);
});
