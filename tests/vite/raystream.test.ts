// A page that calls encrypted, in Chromium: over a WebSocket, and by POST where there is none; to
// `kontract/node` and, under Vite, to the gateway of `kontract dev`.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFile } from 'node:fs/promises';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, publish } from './support/page.ts';
import { Site } from './support/site.ts';

let site: Site;
let browser: Browser;
let address: string;

beforeAll(async () => {
  [site, browser] = await Promise.all([Site.make('raystream'), launch()]);
  const { d = '', x = '' } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  const pin = Buffer.from(x, 'base64url').toString('base64');
  await appendFile(site.path('conduit/kontract.toml'), `\n[wire]\npin = [${JSON.stringify(pin)}]\n[server]\nenv = ["CONDUIT_RATE_LIMIT"]\n`);
  const build = site.vite(['build']);
  expect(await build.ended, build.output).toBe(0);
  const server = await site.serve([], { KONTRACT_STATIC_KEY: d, KONTRACT_SECRET: randomBytes(32).toString('base64') });
  const preview = site.vite(['preview', '--port', '0', '--host', '127.0.0.1'], { KONTRACT_URL: server });
  address = await preview.says(/(http:\/\/127\S+)/);
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

interface Visit {
  paths: string[];
  frames: Buffer[];
  bodies: Buffer[];
  problems: string[];
}

/** Uses the application as a visitor does; what was sent, and what the page complained of. */
async function visit(name: string, before = '', at = address, prepare?: (page: Page) => Promise<void>): Promise<Visit> {
  const page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  const [paths, frames, bodies, problems]: [string[], Buffer[], Buffer[], string[]] = [[], [], [], []];
  const take = ({ payload }: { payload: string | Buffer }) => frames.push(Buffer.from(payload));
  page.on('request', (request) => {
    paths.push(new URL(request.url()).pathname);
    if (request.url().endsWith('/raystream')) bodies.push(request.postDataBuffer() ?? Buffer.alloc(0));
  });
  page.on('websocket', (socket) => {
    paths.push(new URL(socket.url()).pathname);
    socket.on('framesent', take).on('framereceived', take);
  });
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
  if (before !== '') await page.addInitScript(before);
  await prepare?.(page);
  await page.goto(at);
  await publish(page, name, `On engines, by ${name}`);
  await page.close();
  return { paths, frames, bodies, problems };
}

/** Something to read, as serve.mjs has it. */
async function welcome(server: string): Promise<void> {
  const post = async (path: string, body: unknown, token = ''): Promise<{ token: string }> => {
    const headers = { 'content-type': 'application/json', ...(token === '' ? {} : { authorization: `Bearer ${token}` }) };
    const answer = await fetch(server + path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer.ok, `${path}: ${await answer.clone().text()}`).toBe(true);
    return (await answer.json()) as { token: string };
  };
  const { token } = await post('/auth/register', { email: 'jake@example.com', password: 'jakejake-jakejake' });
  await post('/rpc/createProfile', ['jake', 'I work here'], token);
  const article = { title: 'Welcome to Conduit', description: 'What this place is', body: 'Write, read.', tagList: [] };
  await post('/rpc/createArticle', [article], token);
}

/** A browser without the exchange of keys and one of the ciphers. */
const POOR = `{
    const { subtle } = crypto;
    for (const name of ['importKey', 'generateKey']) {
      const own = subtle[name].bind(subtle);
      const foreign = (given) => /X25519|ChaCha/i.test(JSON.stringify(given));
      subtle[name] = (...args) => args.some(foreign) ? Promise.reject(new DOMException('Unrecognized name.', 'NotSupportedError')) : own(...args);
    }
  }`;

test('a page makes its calls over one WebSocket before its login and one behind it, and none in the clear', async () => {
  const { paths, frames, problems } = await visit('ada');
  expect(problems).toEqual([]);
  expect(paths.filter((path) => path.startsWith('/rpc'))).toEqual([]);
  expect(paths.filter((path) => path === '/raystream')).toHaveLength(2);
  expect(frames.length).toBeGreaterThan(10);
  const sent = Buffer.concat(frames).toString('latin1');
  for (const word of ['On engines', 'createArticle', 'Bearer', 'ada']) expect(sent).not.toContain(word);
});

test('so it does with the gateway of development, and with cryptography that Vite serves', async () => {
  const dev = site.kontract(['dev', '--port', '0']);
  const gateway = await dev.says(/(http:\/\/127\.0\.0\.1:\d+)/);
  await welcome(gateway);
  const vite = site.vite(['--port', '0', '--host', '127.0.0.1'], { KONTRACT_URL: gateway });
  const { paths, frames, problems } = await visit('alan', POOR, await vite.says(/(http:\/\/127\S+)/));
  expect(problems).toEqual([]);
  expect(paths.filter((path) => path.startsWith('/rpc'))).toEqual([]);
  expect(paths).toContain('/raystream');
  expect(frames.length).toBeGreaterThan(10);
  expect(vite.output).not.toMatch(/optimized|error/i);
}, 120_000);

test('where no WebSocket can be opened, it calls by POST', async () => {
  const closed = `globalThis.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({})); } close() {} send() {} };`;
  const { paths, bodies, problems } = await visit('grace', closed);
  expect(problems).toEqual([]);
  expect(paths.filter((path) => path.startsWith('/rpc'))).toEqual([]);
  expect(bodies.length).toBeGreaterThan(4);
  expect(Buffer.concat(bodies).toString('latin1')).not.toContain('createArticle');
});

test('where Chromium lacks a cipher or the exchange of keys, they come with the page', async () => {
  const { paths, problems } = await visit('edsger', POOR);
  expect(problems).toEqual([]);
  expect(paths).toContain('/raystream');
  expect(paths.some((path) => /noble/.test(path))).toBe(true);
});

test('a page opens its WebSocket while the protocol is loaded, and asks again for what did not come', async () => {
  let asked = 0;
  const { paths, bodies, problems } = await visit('barbara', '', address, async (page) => {
    const opened = page.waitForEvent('websocket');
    await page.route(/sealed-.*\.js$/, async (route) => {
      asked += 1;
      if (asked === 1) return route.abort();
      await opened;
      return route.continue();
    });
  });
  expect(asked).toBe(2);
  expect(problems.filter((problem) => !problem.includes('net::ERR_FAILED'))).toEqual([]);
  expect(problems).toHaveLength(1);
  expect(paths).toContain('/raystream');
  expect(bodies).toEqual([]);
});

test('the server learns whom Vite speaks for', async () => {
  const seen: unknown[] = [];
  const behind = createServer(({ url, headers }, response) => {
    seen.push([url, headers['x-forwarded-for']]);
    response.end();
  });
  behind.on('upgrade', ({ url, headers }, socket) => {
    seen.push([url, headers['x-forwarded-for']]);
    socket.destroy();
  });
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  try {
    const preview = site.vite(['preview', '--port', '0', '--host', '127.0.0.1'], { KONTRACT_URL: `http://127.0.0.1:${(behind.address() as AddressInfo).port}` });
    const at = await preview.says(/(http:\/\/127\S+)/);
    await fetch(`${at}rpc/any`, { method: 'POST' });
    const upgrade = get(`${at}raystream`, {
      headers: { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': randomBytes(16).toString('base64') },
    });
    await once(upgrade, 'error');
    expect(seen).toEqual([['/rpc/any', '127.0.0.1'], ['/raystream', '127.0.0.1']]);
  } finally {
    behind.close();
  }
});
