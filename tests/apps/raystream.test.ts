// Encrypted calls of a built application: several gateways, and what is in a page.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build as bundle } from 'esbuild';
import { configure, disconnect } from 'kontract/client';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Gateway, startGateway, stopSharedPostgres } from './support/gateway.ts';
import { makeKey, wireSettings, webSocket } from './support/raystream.ts';
import { type RoundRobin, roundRobin } from './support/round-robin.ts';
import { type Account, type Client, clientOf, failure, register } from './support/server.ts';
import { build, copyApp, type Workspace } from './support/workspace.ts';

const [current, next] = [makeKey(), makeKey()];
let app: Workspace;
let client: Client;

beforeAll(async () => {
  app = await copyApp('conduit');
  await appendFile(join(app.root, 'kontract.toml'), `\n${wireSettings(current, next)}`);
  await build(app);
  client = await clientOf(app);
});
afterAll(async () => {
  await disconnect();
  await stopSharedPostgres();
});

test('a build pins the current and the next key, and no private one', async () => {
  const wire = await readFile(join(app.client, '__kontract.js'), 'utf8');
  expect(wire).toContain(current.pin);
  expect(wire).toContain(next.pin);
  for (const { secret } of [current, next]) expect(wire).not.toContain(secret);
});

/** What esbuild makes of a page that calls one route: in one file, or in chunks, those that are loaded first. */
async function pageOf(workspace: Workspace, splitting: boolean): Promise<string> {
  const { metafile, outputFiles } = await bundle({
    stdin: { contents: "import { getArticle } from './client/index.js'; globalThis.page = getArticle;", resolveDir: workspace.dist },
    bundle: true,
    splitting,
    format: 'esm',
    absWorkingDir: '/',
    outdir: '/out',
    write: false,
    metafile: true,
  });
  const first = new Set<string>();
  const take = (path: string): void => {
    if (first.has(`/${path}`)) return;
    first.add(`/${path}`);
    for (const { kind, path: imported } of metafile.outputs[path]!.imports) if (kind === 'import-statement') take(imported);
  };
  take(Object.keys(metafile.outputs).find((path) => metafile.outputs[path]!.entryPoint !== undefined)!);
  return outputFiles.filter(({ path }) => first.has(path)).map(({ text }) => text).join('\n');
}

test('the protocol is part of a page only where a key is pinned, and comes behind what the page begins with', async () => {
  const plain = await copyApp('conduit');
  await build(plain);
  const holds = async (workspace: Workspace, splitting: boolean): Promise<boolean> => (await pageOf(workspace, splitting)).includes('raystream-v1');
  expect(await holds(plain, false)).toBe(false);
  expect(await holds(app, false)).toBe(true);
  expect(await holds(plain, true)).toBe(false);
  expect(await holds(app, true)).toBe(false);
});

const running: Gateway[] = [];
let proxy: RoundRobin;
let jake: Account;

/** Two gateways of one database, behind a proxy. */
beforeAll(async () => {
  const env = { KONTRACT_SECRET: randomBytes(48).toString('base64'), KONTRACT_STATIC_KEY: `${current.secret},${next.secret}` };
  const config = "[server]\nenv = ['CONDUIT_RATE_LIMIT']\n";
  const first = await startGateway(app, { env, config });
  const second = await startGateway(app, { env, config, migrate: false, postgres: first.postgres, database: first.database });
  running.push(first, second);
  proxy = await roundRobin(running.map(({ url }) => url));
  jake = await register({ url: proxy.url } as never, 'jake');
  configure({ baseUrl: proxy.url, token: jake.token, webSocket });
}, 240_000);
afterAll(async () => {
  proxy?.close();
  await Promise.all(running.map((gateway) => gateway.close()));
});
beforeEach(() => {
  proxy.requests.fill(0);
  proxy.sockets.fill(0);
});

const draft = (title: string) => ({ title, description: 'About it', body: 'Text.', tagList: [] });

test("any gateway answers a client's POSTs", async () => {
  configure({ transport: 'post' });
  await client.createProfile!('jake');
  for (const title of ['One', 'Two', 'Three', 'Four']) await client.createArticle!(draft(title));
  expect(proxy.requests[0]).toBeGreaterThanOrEqual(2);
  expect(proxy.requests[1]).toBeGreaterThanOrEqual(2);
  expect((await client.listArticles!()).total).toBe(4);
});

test('a stream is resumed by the other gateway when its own is killed, and its calls go on', async () => {
  /** First bytes of what the client has sent, by socket. */
  const sockets: Uint8Array[][] = [];
  const Spy = class extends webSocket {
    readonly sent: Uint8Array[] = [];
    constructor(url: string) {
      super(url);
      sockets.push(this.sent);
    }
    override send(data: Uint8Array<ArrayBuffer>): void {
      this.sent.push(data.slice(0, 4));
      super.send(data);
    }
  };
  configure({ transport: 'stream', webSocket: Spy });
  expect((await client.currentUser!()).username).toBe('jake');
  const own = proxy.sockets[0] === 1 ? 0 : 1;
  const other = 1 - own;

  const titles = ['Five', 'Six', 'Seven'];
  // One that was cut off after it was claimed is not made again under its id.
  const make = (title: string): Promise<unknown> =>
    client.createArticle!(draft(title)).catch((error: { code?: string }) => (error.code === 'CONFLICT' ? client.createArticle!(draft(title)) : Promise.reject(error)));
  const made = Promise.all(titles.map(make));
  process.kill(running[own]!.pid, 'SIGKILL');
  await made;
  expect((await client.listArticles!()).total).toBe(7);
  expect(proxy.sockets[other]).toBeGreaterThan(0);
  // INIT with the flag RESUME, and no second one: the other gateway has taken the ticket.
  expect(sockets.length).toBeGreaterThan(1);
  const inits = sockets.at(-1)!.filter(([, type]) => type === 1);
  expect(inits).toEqual([Uint8Array.of(1, 1, 0, 1)]);
});

test('a program ends when its calls have been answered, and its stream closed', async () => {
  const program = join(app.root, 'program.mjs');
  const calls = `
    import { createRequire } from 'node:module';
    import { configure, disconnect } from 'kontract/client';
    import { ping } from './dist/client/index.js';
    const webSocket = createRequire(createRequire(import.meta.url).resolve('kontract/package.json'))('ws');
    configure({ baseUrl: process.argv[2], transport: process.argv[3], webSocket });
    await ping();
    if (process.argv[3] === 'stream') await disconnect();
    console.log('called');
  `;
  await writeFile(program, calls);
  for (const way of ['post', 'stream']) {
    const { stdout } = await promisify(execFile)(process.execPath, [program, proxy.url, way], { timeout: 30_000 });
    expect(stdout).toBe('called\n');
  }
});

test('errors are the same as in the clear', async () => {
  configure({ transport: 'stream', webSocket });
  const encrypted = await failure(client.getArticle!('nowhere'));
  configure({ transport: 'http' });
  const plain = await failure(client.getArticle!('nowhere'));
  expect({ ...encrypted, message: encrypted.message }).toEqual({ ...plain, message: plain.message });
});
