// Calls the application through its generated client, with storage in memory.
import { auth, configure, ForbiddenError, PermissionError } from 'kontract/client';
import { serve, type Server } from 'kontract/node';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { entries, remove, sign } from '@/client';

let server: Server;

beforeAll(async () => {
  server = await serve({ dist: './dist', port: 0 });
  // This server has no keys, even where the build pins some: `kontract keys`.
  configure({ baseUrl: server.url, transport: 'http' });
});

afterAll(() => server.close());

test('guests may read, but not write', async () => {
  expect(await entries()).toEqual([]);
  await expect(sign('Eve', 'Hello')).rejects.toThrow(PermissionError);
});

test('who has an account writes, and removes what is his own', async () => {
  const ada = await auth.register({ email: 'ada@example.com', password: 'correct horse battery' });
  const entry = await sign('Ada', 'What a nice place');
  expect(entry).toMatchObject({ name: 'Ada', writer: ada.owner, writtenAt: expect.any(Date) });
  expect(await entries()).toEqual([entry]);

  await auth.register({ email: 'bob@example.com', password: 'battery horse correct' });
  await expect(remove(entry.id)).rejects.toThrow(ForbiddenError);

  configure({ token: ada.token });
  expect(await remove(entry.id)).toBe(true);
  expect(await entries()).toEqual([]);
});

test('arguments are checked before they are sent', async () => {
  await expect(sign('Ada', 42 as never)).rejects.toThrow('args[1]: expected string');
});
