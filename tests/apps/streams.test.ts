// Results that are streams of items, from functions to generated clients.
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { configure } from 'kontract/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pageOf, pageOrigin } from './support/page/page.ts';
import { staticKey, webSocket, wireSettings } from './support/raystream.ts';
import { failure, register, rpc, type Server, start } from './support/server.ts';
import { build, compileWith, copyProject, linkTypeScript, type Workspace } from './support/workspace.ts';

type Streams = Record<string, (...args: any[]) => AsyncGenerator<any> & PromiseLike<AsyncIterable<any>>>;

let app: Workspace;
let server: Server;
let client: Streams;
let feed: Streams;
/** What functions say that were given up: how many items they made, and whether their signal was aborted. */
const endings: string[] = [];
const witness = createServer((request, response) => {
  endings.push(request.url!);
  response.end();
});
let address: string;
let token: string;

beforeAll(async () => {
  witness.listen(0, '127.0.0.1');
  await once(witness, 'listening');
  address = `http://127.0.0.1:${(witness.address() as AddressInfo).port}`;
  app = await copyProject('streams');
  await appendFile(join(app.root, 'kontract.toml'), wireSettings(staticKey));
  await build(app);
  server = await start(app, { cors: [await pageOrigin()], egress: ['loopback'], raystream: true });
  ({ token } = await register(server, 'ada'));
  configure({ baseUrl: server.url, token, webSocket, transport: 'stream' });
  const module = (await import(join(app.client, 'index.js'))) as Streams & { Feed: Streams };
  [client, feed] = [module, module.Feed];
}, 240_000);
afterAll(() => witness.close());

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const taken: T[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

/** What a function said that was given up. */
async function ending(): Promise<{ made: number; aborted: boolean }> {
  while (endings.length === 0) await once(witness, 'request');
  const [, made, aborted] = endings.shift()!.split('/');
  return { made: Number(made), aborted: aborted === 'true' };
}

test('ten thousand items come in order', async () => {
  const taken = await all(await client.numbers!(10_000));
  expect(taken).toHaveLength(10_000);
  expect(taken.every((item, index) => item === index)).toBe(true);
});

test('items have their types, whichever way the function is declared', async () => {
  expect(await all(client.ticks!(3))).toEqual([
    { n: 0, at: new Date(0) },
    { n: 1, at: new Date(1), tag: 'odd' },
    { n: 2, at: new Date(2) },
  ]);
  expect(await all(await client.numbers!(0))).toEqual([]);
  expect(await all(feed.words!('an item for each word'))).toEqual(['an', 'item', 'for', 'each', 'word']);
  expect(await feed.length!('text')).toBe(4);
});

test('the declarations of a client say so', async () => {
  await linkTypeScript(app.root);
  expect(await compileWith(['-p', 'tsconfig.json'], app.root)).toBe('');
});

test('streams and calls share a connection', async () => {
  const streams = Array.from({ length: 5 }, async (_, index) => (await all(client.ticks!(200 + index))).length);
  const calls = Array.from({ length: 20 }, (_, index) => feed.length!('x'.repeat(index)));
  expect(await Promise.all(streams)).toEqual([200, 201, 202, 203, 204]);
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 20 }, (_, index) => index));
});

test('a middleware may answer with a stream of its own', async () => {
  expect(await all(client.loud!(['a', 'b']))).toEqual(['A', 'B']);
});

test('nothing is called before the first item is asked for', async () => {
  const stream = client.write!(['unasked'], false);
  expect(await all(client.notes!())).toEqual([]);
  await stream.return(undefined);
  await expect(stream.next()).resolves.toMatchObject({ done: true });
});

test('an error comes behind the items before it', async () => {
  for (const [route, args, items, code] of [
    ['failing', [3], [0, 1, 2], 'NOT_FOUND'],
    ['failing', [0], [], 'NOT_FOUND'],
    ['misfit', [], ['fits'], 'INTERNAL_ERROR'],
  ] as const) {
    const taken: unknown[] = [];
    const error = await failure(
      (async () => {
        for await (const item of client[route]!(...args)) taken.push(item);
      })(),
    );
    expect([taken, error.code]).toEqual([items, code]);
  }
  expect(await failure(client.ticks!('three').next())).toMatchObject({ path: 'args[0]' });
});

test('a reader that stops holds the function up, and ends it when it leaves', async () => {
  let taken = 0;
  for await (const item of client.endless!(address, 10_000)) {
    expect(item).toHaveLength(10_000);
    taken += 1;
    // What the server is asked for ahead of its reader comes; no more.
    if (taken === 5) await feed.length!('x');
    if (taken === 6) break;
  }
  const { made, aborted } = await ending();
  expect(aborted).toBe(true);
  expect(made).toBeLessThanOrEqual(6 + 32 + 1);
});

test('a signal ends the stream and its function', async () => {
  const controller = new AbortController();
  const stream = client.endless!(address, 1, { signal: controller.signal });
  await stream.next();
  const gone = new Error('gone');
  controller.abort(gone);
  expect(await failure(all(stream))).toBe(gone);
  expect((await ending()).aborted).toBe(true);
});

test('what a stream writes counts when it has ended, and not when it fails or is given up', async () => {
  expect(await failure(all(client.write!(['failed'], true)))).toMatchObject({ code: 'NOT_FOUND' });
  for await (const id of client.write!(Array.from({ length: 100 }, (_, n) => `left-${n}`), false)) {
    if (id === 'left-1') break;
  }
  expect(await all(client.notes!())).toEqual([]);
  await all(client.write!(['a', 'b'], false));
  expect((await all(client.notes!())).map(({ id }) => id)).toEqual(['a', 'b']);
});

test('where there is room for one answer the call is refused, and says what it needs', async () => {
  const { status, body } = await rpc(server, 'ticks', [1]);
  expect([status, body]).toMatchObject([400, { error: { code: 'INVALID_REQUEST', message: expect.stringContaining('raystream') } }]);
  for (const transport of ['http', 'post'] as const) {
    configure({ transport });
    expect(await failure(client.ticks!(1).next())).toMatchObject({ code: 'INVALID_REQUEST', message: expect.stringContaining('raystream') });
  }
  configure({ transport: 'stream' });
});

test('a page in Chromium takes items, and ends functions by leaving and by a signal', async () => {
  const page = await pageOf(app);
  const settings = { baseUrl: server.url, token };
  const taken = await page.evaluate(`(async () => {
    const { ticks, endless } = await import('/index.js');
    configure(${JSON.stringify(settings)});
    const taken = [];
    for await (const tick of ticks(100)) taken.push(tick);
    for await (const bytes of endless('${address}', 1000)) {
      taken.push(bytes.length);
      break;
    }
    const controller = new AbortController();
    try {
      for await (const bytes of endless('${address}', 10, { signal: controller.signal })) {
        taken.push(bytes.length);
        controller.abort(new Error('enough'));
      }
    } catch (error) {
      taken.push(error.message);
    }
    return taken;
  })()`);
  const ticks = Array.from({ length: 100 }, (_, n) => ({ n, at: new Date(n), ...(n % 2 === 1 && { tag: 'odd' }) }));
  expect(taken).toEqual([...ticks, 1000, 10, 'enough']);
  expect([(await ending()).aborted, (await ending()).aborted]).toEqual([true, true]);
});
