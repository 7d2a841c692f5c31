// `npm start` as a user runs it, and curl.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, test } from 'vitest';
import { type AppName, buildApp } from './support/workspace.ts';

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function npmStart(name: AppName, env: Record<string, string> = {}): Promise<{ url: string; child: ChildProcess }> {
  const { root } = await buildApp(name);
  const child = spawn(process.execPath, ['serve.mjs'], {
    cwd: root,
    env: { ...process.env, ...env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  children.push(child);
  let errors = '';
  child.stderr!.on('data', (chunk) => {
    errors += chunk;
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      const match = line.match(/ is listening on (http:\/\/\S+)$/);
      if (match) resolve(match[1]!);
    });
    child.once('exit', (code) => reject(new Error(`serve.mjs ended with ${code}\n${errors}`)));
  });
  return { url, child };
}

async function stop(child: ChildProcess): Promise<number | null> {
  child.removeAllListeners('exit');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const [code] = await ended;
  return code;
}

async function curl(url: string, body?: string): Promise<unknown> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, body === undefined ? { method: 'POST' } : { method: 'POST', headers, body });
  return await response.json();
}

describe('npm start', () => {
  test('of conduit has an article for curl', async () => {
    const { url, child } = await npmStart('conduit');
    const article = {
      slug: 'welcome-to-conduit',
      title: 'Welcome to Conduit',
      description: 'What this place is',
      body: 'Write, read, follow, comment.',
      tagList: ['introduction', 'welcome'],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      favorited: false,
      favoritesCount: 0,
      author: { username: 'jake', bio: 'I work here', image: null, following: false },
    };
    expect(await curl(`${url}/rpc/getArticle`, '["welcome-to-conduit"]')).toEqual({ result: article });
    expect(await curl(`${url}/rpc/listTags`)).toEqual({ result: ['introduction', 'welcome'] });
    const { body: _, ...summary } = article;
    expect(await curl(`${url}/rpc/listArticles`, '[{"tag":"welcome"},{"limit":2}]')).toEqual({
      result: { items: [summary], total: 1, next: null },
    });
    expect(await stop(child)).toBe(0);
  });

  test('of tasks has an administrator when a password is given', async () => {
    const password = 'correct horse battery';
    const { url, child } = await npmStart('tasks', { TASKS_ADMIN_PASSWORD: password });
    const { token } = (await curl(`${url}/auth/login`, JSON.stringify({ email: 'admin@example.com', password }))) as {
      token: string;
    };
    const response = await fetch(`${url}/rpc/load`, { method: 'POST', headers: { authorization: `Bearer ${token}` } });
    expect(await response.json()).toEqual({ result: { tasks: 0, people: 0, busiest: {} } });
    expect(await stop(child)).toBe(0);
  });

  test('of plain answers', async () => {
    const { url, child } = await npmStart('plain');
    expect(await curl(`${url}/rpc/labels`)).toEqual({ result: [] });
    expect(await curl(`${url}/rpc/echo`, '["hello"]')).toEqual({ result: 'hello' });
    expect(await stop(child)).toBe(0);
  });
});
