// Generated clients in a page: with KONTRACT_CALLER=page the tests' calls are made in Chromium, by what a
// bundler makes of the client, to hosts of another origin.
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { build } from 'esbuild';
import * as library from 'kontract/client';
import { chromium, type Page } from 'playwright-core';
import { chromiumOptions } from '../../../support/chromium.mjs';
import type { Workspace } from '../workspace.ts';
import type { Inside, Shape } from './shape.ts';

export const fromPage = callerOf(process.env.KONTRACT_CALLER) === 'page';

function callerOf(text = ''): string {
  if (text !== '' && text !== 'page') throw new Error('KONTRACT_CALLER is page');
  return text;
}

/** The origin of pages with clients; servers must list it. */
export async function pageOrigin(): Promise<string> {
  if (!files.listening) await once(files.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
}

const scripts = new Map<string, Uint8Array>();
const files = createServer((request, response) => {
  const script = scripts.get(request.url!);
  response.setHeader('content-type', script === undefined ? 'text/html' : 'text/javascript');
  response.end(script ?? '<!doctype html><script type="module" src="/inside.js"></script>');
});

/** What the calls that follow are made with. */
export function configurePage(config: library.ClientConfig): void {
  settings = config;
}

let settings: library.ClientConfig = {};

/** The page with an application's client, whose modules it can import: `/index.js`. */
export async function pageOf({ client }: Workspace): Promise<Page> {
  opened ??= { client, page: open(client) };
  if (opened.client !== client) throw new Error('The page has the client of another application');
  return await opened.page;
}

/** A module of an application's client as it is in a page, where its functions are called. */
export async function moduleInPage(app: Workspace, path: string): Promise<unknown> {
  const page = await pageOf(app);
  return reveal(page, await page.evaluate((path) => (globalThis as unknown as Inside).load(path), `/${path}`));
}

let opened: { client: string; page: Promise<Page> } | undefined;

async function open(client: string): Promise<Page> {
  const modules = (await readdir(client, { recursive: true })).filter((path) => path.endsWith('.js'));
  const entryPoints = [{ in: join(import.meta.dirname, 'inside.ts'), out: 'inside' }];
  for (const path of modules) entryPoints.push({ in: join(client, path), out: path.slice(0, -'.js'.length) });
  const { outputFiles } = await build({ entryPoints, outdir: '/', bundle: true, splitting: true, format: 'esm', target: 'es2022', write: false });
  for (const { path, contents } of outputFiles) scripts.set(path, contents);
  const browser = await chromium.launch(chromiumOptions());
  const page = await browser.newPage();
  const origin = await pageOrigin();
  const note = (url: URL): unknown => url.origin !== origin && called.add(`${url.protocol}${url.pathname}`);
  page.on('request', (request) => note(new URL(request.url())));
  page.on('websocket', (socket) => note(new URL(socket.url())));
  await page.goto(origin);
  await page.waitForFunction('globalThis.load !== undefined');
  return page;
}

/** Where calls went: `http:/rpc/ping`, `ws:/raystream`. */
const called = new Set<string>();

/** What is in the page, with functions that call there. */
function reveal(page: Page, shape: Shape): unknown {
  if ('value' in shape) return shape.value;
  const { thing, isFunction, members = [] } = shape;
  const known = things.get(thing);
  if (known !== undefined) return known;
  const made = isFunction ? (...args: unknown[]) => call(page, thing, args) : {};
  things.set(thing, made);
  return Object.assign(made, Object.fromEntries(members.map(([name, member]) => [name, reveal(page, member)])));
}

const things = new Map<number, object>();

async function call(page: Page, thing: number, args: unknown[]): Promise<unknown> {
  const outcome = await page.evaluate((asked) => (globalThis as unknown as Inside).call(asked), { thing, args, settings });
  if ('value' in outcome) return outcome.value;
  const known = (library as Record<string, unknown>)[outcome.type] as typeof Error | undefined;
  throw Object.assign(Object.create((known ?? Error).prototype), outcome.fields);
}

/** Closes the page, where there is one, and answers where its calls went. */
export async function closePage(): Promise<string[]> {
  const page = await opened?.page;
  await page?.evaluate(() => (globalThis as unknown as Inside).disconnect());
  await page?.context().browser()?.close();
  files.close();
  return [...called];
}
