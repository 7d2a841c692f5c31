// `vite`: a page in Chromium while the sources of both sides change.
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, publish } from './support/page.ts';
import { compiler, eventually, type Program, Site } from './support/site.ts';

const TAGS = 'conduit/src/api/tags.ts';
const STUB = 'conduit/dist/client/api/tags.js';

let site: Site;
let browser: Browser;
let server: string;
let vite: Program;
let url: string;
let page: Page;
let problems: string[];
let updates: string[];

beforeAll(async () => {
  [site, browser] = await Promise.all([Site.make('dev'), launch()]);
  // A source of the page that only Kontract can read.
  const row = '/* ü */ interface Row { @primkey id: string; @index count: number }\n';
  await site.edit('conduit-web/src/Tags.tsx', 'import { useState }', `${row}import { useState }`);
  await site.edit('conduit-web/src/Tags.tsx', '<aside>', '<aside title={({ id: "row", count: 1 } satisfies Row).id}>');
  await site.compile();
  server = await site.serve();
  vite = site.vite(['--port', '0', '--host', '127.0.0.1'], { KONTRACT_URL: server });
  url = await vite.says(/(http:\/\/127\S+)/);
  ({ page, problems, updates } = await open(browser, url));
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

test('the page lists articles, logs in and publishes one', async () => {
  await publish(page, 'ada', 'On engines');
  await page.evaluate('window.mark = true');
  expect(problems).toEqual([]);
  // All dependencies were found before the page was loaded, in sources with annotations too.
  expect(vite.output).not.toMatch(/optimized|error/i);
});

test('what is loaded of a source with annotations has its positions', async () => {
  const source = await site.read('conduit-web/src/Tags.tsx');
  const code = await (await fetch(`${url}src/Tags.tsx`)).text();
  const encoded = /sourceMappingURL=data:application\/json;base64,(\S+)/.exec(code)![1]!;
  const map = new TraceMap(Buffer.from(encoded, 'base64').toString());
  const place = (text: string, token: string) => {
    const before = text.slice(0, text.indexOf(token)).split('\n');
    return { line: before.length, column: before.at(-1)!.length };
  };
  expect(originalPositionFor(map, place(code, 'popularTags(3)'))).toMatchObject(place(source, 'popularTags(3)'));
});

test('the source of a server function is a stub, under any address', async () => {
  for (const query of ['', '?raw', '?import&raw']) {
    const text = await (await fetch(`${url}@fs${site.path(TAGS)}${query}`)).text();
    expect(text).toContain('__kontract_rpc');
    expect(text).not.toContain('countTags');
    expect(Buffer.from(/base64,(\S+)/.exec(text)?.[1] ?? '', 'base64').toString()).not.toContain('countTags');
  }
});

test("an edit of a function's body is none of the page's business", async () => {
  updates.length = 0;
  const output = site.path('conduit/dist/server/api/tags.js');
  await site.edit(TAGS, "'en'", "'de'");
  await eventually(
    async () => (/['"]de['"]/.test(await readFile(output, 'utf8')) ? true : undefined),
    () => `${output} has not changed\n${vite.output}`,
  );
  // What comes after it is the first that the page is told.
  await site.edit('conduit-web/src/Editor.tsx', 'What it is about', 'What it tells');
  await eventually(
    () => (updates.length > 0 ? true : undefined),
    () => `no update\n${vite.output}`,
  );
  expect(new Set(updates)).toEqual(new Set(['update /src/Editor.tsx']));
});

test('a change of a signature replaces its stub, and the page keeps its state', async () => {
  await site.edit(TAGS, 'limit: number = 10', 'limit: number = 10, least: number = 0');
  await site.edit(TAGS, '.slice(0, limit)', '.filter(({ articles }) => articles > least).slice(0, limit)');
  await eventually(
    () => (updates.some((update) => update.includes('/src/Tags.tsx')) ? true : undefined),
    () => `no update\n${vite.output}`,
  );
  for (const update of updates) expect(update).toMatch(/^update .*\/src\/(Tags|Editor)\.tsx/);

  const { routes } = JSON.parse(await site.read('conduit/dist/manifest.json')) as { routes: Record<string, { abi: string }> };
  const sent: (string | undefined)[] = [];
  page.on('request', (request) => request.url().endsWith('/rpc/popularTags') && sent.push(request.headers()['x-kontract-abi']));
  await eventually(
    async () => {
      await page.getByRole('button', { name: 'Popular tags' }).click();
      return sent.includes(routes.popularTags!.abi) ? true : undefined;
    },
    () => `calls are those of the old signature: ${sent.join(', ')}\n${problems.join('\n')}\n${vite.output}`,
  );
  expect(await page.evaluate('window.mark')).toBe(true);
  expect(await page.getByText('Logged in as ada').isVisible()).toBe(true);
});

test('an output that another compiler was the first to write is loaded, too', async () => {
  updates.length = 0;
  const stub = 'conduit/dist/client/api/tags.js';
  await site.write(stub, `${await site.read(stub)}\n// touched`);
  await eventually(
    () => (updates.some((update) => update.includes('/src/Tags.tsx')) ? true : undefined),
    () => `no update\n${vite.output}`,
  );
});

test('an error is shown with its place and its remedy until it is mended', async () => {
  await site.edit(TAGS, 'limit: number = 10', 'limit: () => void');
  const overlay = page.locator('vite-error-overlay .window');
  await overlay.waitFor();
  const shown = (await overlay.innerText()).replace(/\s+/g, ' ');
  expect(shown).toMatch(/K\d{3}: .* help: /);
  expect(shown).toMatch(/conduit\/src\/api\/tags\.ts:16:64/);
  expect(shown).toContain('popularTags = backend');

  // A page that is opened meanwhile shows it, too.
  const other = await open(browser, url);
  await other.page.locator('vite-error-overlay').waitFor();
  await other.page.close();

  await site.edit(TAGS, 'limit: () => void', 'limit: number = 10');
  await overlay.waitFor({ state: 'detached' });
});

test('its compiler ends with it when it is killed; a page that is opened before any build was good loads when one is', async () => {
  await ends('SIGKILL');
  await site.edit(TAGS, 'limit: number = 10', 'limit: () => void');
  vite = site.vite(['--port', '0', '--host', '127.0.0.1'], { KONTRACT_URL: server });
  url = await vite.says(/(http:\/\/127\S+)/);
  const { page } = await open(browser, url);
  await page.locator('vite-error-overlay .window').filter({ hasText: 'K058' }).waitFor();
  await site.edit(TAGS, 'limit: () => void', 'limit: number = 10');
  await page.getByRole('heading', { name: 'Welcome to Conduit' }).waitFor();
});

test('what is for the server only is not given to a page', async () => {
  for (const path of ['src/server/slug.ts', 'src/server/slug.ts?raw', 'src/middleware.ts', 'dist/server/api/tags.js']) {
    const response = await fetch(`${url}@fs${site.path(`conduit/${path}`)}`, { headers: { 'sec-fetch-dest': 'script' } });
    expect(response.status, path).toBe(500);
    expect(await response.text()).not.toContain('export');
  }
});

test('a source that is new is compiled before a page gets it', async () => {
  for (let index = 0; index < 5; index += 1) {
    const path = `conduit/src/api/fresh-${index}.ts`;
    await site.write(path, `export @backend(perm=perms.R__) async function fresh${index}(): Promise<string> {\n  return 'of the server';\n}\n`);
    const response = await fetch(`${url}@fs${site.path(path)}`, { headers: { 'sec-fetch-dest': 'script' } });
    const text = await response.text();
    expect(text).toContain(`__kontract_rpc("fresh${index}"`);
    expect(text).not.toContain('of the server');
    await rm(site.path(path));
  }
});

test("a source that becomes the server's is not given to a page any more", async () => {
  const path = 'conduit/src/api/turning.ts';
  await site.write(path, 'export const turning = 1;\n');
  const ask = async () => (await fetch(`${url}@fs${site.path(path)}`, { headers: { 'sec-fetch-dest': 'script' } })).text();
  expect(await ask()).toContain('turning = 1');
  await site.write(path, `export @backend(perm=perms.R__) async function turning(): Promise<string> {\n  return 'of the server';\n}\n`);
  await eventually(
    async () => ((await ask()).includes('turning = 1') ? undefined : true),
    () => vite.output,
  );
  const text = await ask();
  expect(text).toContain('client/api/turning.js');
  expect(text).not.toContain('of the server');
  await rm(site.path(path));
});

test('settings with an error are told, and end nothing', async () => {
  const settings = await site.read('conduit/kontract.toml');
  const since = vite.output.length;
  await site.write('conduit/kontract.toml', `${settings}\n[nonsense]\n`);
  await vite.says(/(K092)/, since);
  expect(await (await fetch(`${url}@fs${site.path(STUB)}`)).text()).toContain('__kontract_rpc');
  await site.write('conduit/kontract.toml', settings);
  await site.edit(TAGS, 'limit: number = 10', 'most: number = 10');
  await eventually(
    async () => ((await (await fetch(`${url}@fs${site.path(STUB)}`)).text()).includes('most') ? true : undefined),
    () => vite.output,
  );
  await site.edit(TAGS, 'most: number = 10', 'limit: number = 10');
});

test('a compiler that was killed makes way for another one', async () => {
  const before = site.compilerIds();
  expect(before.length).toBeGreaterThan(0);
  for (const id of before) process.kill(id, 'SIGKILL');
  const stub = `${url}@fs${site.path(STUB)}`;
  await site.edit(TAGS, 'limit: number = 10', 'most: number = 10');
  await eventually(
    async () => ((await (await fetch(stub)).text()).includes('most') ? true : undefined),
    () => vite.output,
  );
  await site.edit(TAGS, 'most: number = 10', 'limit: number = 10');
  await eventually(
    async () => ((await (await fetch(stub)).text()).includes('limit') ? true : undefined),
    () => vite.output,
  );
  expect(site.compilerIds().filter((id) => before.includes(id))).toEqual([]);
});

test('its compiler ends with it', async () => {
  await ends('SIGTERM');
});

async function ends(signal: NodeJS.Signals): Promise<void> {
  expect(site.compilers().length).toBeGreaterThan(0);
  await vite.stop(signal);
  await eventually(
    () => (site.compilers().length === 0 ? true : undefined),
    () => site.compilers().join('\n'),
  );
}

test('beside `kontract dev` it asks the compiler that is there', async () => {
  const page = [join(import.meta.dirname, 'node_modules/vite/bin/vite.js'), '../conduit-web', '--port', '0', '--host', '127.0.0.1'];
  const dev = site.run('conduit', compiler, ['dev', '--port', '0', '--', process.execPath, ...page]);
  const stub = `${await dev.says(/Local: +(http:\/\/127\S+)/)}@fs${site.path(TAGS)}`;
  expect(site.compilers()).toEqual([]);
  await site.edit(TAGS, 'least: number', 'fewest: number');
  await eventually(
    async () => ((await (await fetch(stub)).text()).includes('fewest') ? true : undefined),
    () => dev.output,
  );
  expect(site.compilers()).toEqual([]);
  await dev.stop('SIGTERM');
});
