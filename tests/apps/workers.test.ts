// Generated clients in workerd, which runs Cloudflare's Workers: encrypted calls to a gateway.
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build as bundle } from 'esbuild';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WORKER_BUNDLE, workerOptions } from '../support/workerd.mjs';
import { staticKey, wireSettings } from './support/raystream.ts';
import { register, type Server, start } from './support/server.ts';
import { build, copyProject } from './support/workspace.ts';

let server: Server;
let token: string;
let script: string;

beforeAll(async () => {
  const app = await copyProject('streams');
  await appendFile(join(app.root, 'kontract.toml'), wireSettings(staticKey));
  await build(app);
  server = await start(app, { raystream: true });
  ({ token } = await register(server, 'ada'));
  const { outputFiles } = await bundle({ stdin: { contents: WORKER, resolveDir: app.dist }, ...WORKER_BUNDLE });
  script = outputFiles[0]!.text;
});

const WORKER = `
  import { configure } from 'kontract/client';
  import * as client from './client/index.js';

  async function all(items) {
    const taken = [];
    for await (const item of items) taken.push(item);
    return taken;
  }

  const WORK = {
    length: (text) => client.Feed.length(text),
    write: (ids) => all(client.write(ids, false)),
    first: async () => {
      for await (const { n } of client.ticks(1_000_000)) return n;
    },
    ticks: (count) => all(client.ticks(count)),
    failing: (after) => all(client.failing(after)),
    wrong: () => client.Feed.length(5),
  };

  export default {
    async fetch(request) {
      const { settings, work, args } = await request.json();
      configure(settings);
      try {
        return Response.json({ value: await WORK[work](...args) });
      } catch (error) {
        return Response.json({ code: error.code, message: error.message });
      }
    },
  };
`;

describe.each([
  ['workerd', []],
  ['workerd with nodejs_compat', ['nodejs_compat']],
])('in %s', (_, compatibilityFlags) => {
  let miniflare: Miniflare;
  beforeAll(async () => {
    miniflare = new Miniflare(workerOptions(script, compatibilityFlags));
    await miniflare.ready;
  });
  afterAll(() => miniflare.dispose());

  /** A request of the worker's own, in which it makes a call. */
  async function ask(transport: string, work: string, ...args: unknown[]): Promise<unknown> {
    const settings = { baseUrl: server.url, token, transport };
    const response = await miniflare.dispatchFetch('http://worker/', { method: 'POST', body: JSON.stringify({ settings, work, args }) });
    expect(response.status).toBe(200);
    return await response.json();
  }

  test.each(['post', 'stream'])('calls are answered over %s', async (transport) => {
    expect(await ask(transport, 'length', 'abc')).toEqual({ value: 3 });
    const many = Array.from({ length: 8 }, (_, index) => ask(transport, 'length', 'x'.repeat(index)));
    expect(await Promise.all(many)).toEqual(many.map((_, index) => ({ value: index })));
    expect(await ask(transport, 'wrong')).toMatchObject({ code: 'INVALID_REQUEST' });
  });

  test('results are streamed', async () => {
    expect(await ask('stream', 'ticks', 3)).toMatchObject({ value: [{ n: 0 }, { n: 1, tag: 'odd' }, { n: 2 }] });
    expect(await ask('stream', 'write', ['a', 'b'])).toEqual({ value: ['a', 'b'] });
    expect(await ask('stream', 'first')).toEqual({ value: 0 });
    expect(await ask('stream', 'failing', 2)).toMatchObject({ code: 'NOT_FOUND', message: 'No more' });
  });
});
