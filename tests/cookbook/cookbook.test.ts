// The cookbooks of applications as VitePress builds them and Chromium shows them.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumOptions } from '../support/chromium.mjs';

const run = promisify(execFile);
const here = import.meta.dirname;
const compiler = resolve(here, process.env.KONTRACT_BIN ?? '../../target/debug/kontract');
const site = join(here, 'site');
const dist = join(site, '.vitepress/dist');
const apps = ['conduit', 'tasks', 'hostile'];

let said = '';
let server: Server;
let url: string;
let browser: Browser;
let page: Page;
const problems: string[] = [];

beforeAll(async () => {
  await rm(site, { recursive: true, force: true });
  await mkdir(join(site, '.vitepress'), { recursive: true });
  for (const app of apps) await document(app);
  await writeFile(join(site, 'index.md'), apps.map((app) => `- [${app}](./${app}/index.md)\n`).join(''));
  await writeFile(join(site, '.vitepress/config.mjs'), config());
  const { stdout, stderr } = await run(process.execPath, [join(here, 'node_modules/vitepress/bin/vitepress.js'), 'build', site], {
    env: { ...process.env, NO_COLOR: '1' },
  });
  said = stdout + stderr;
  server = createServer(async (request, response) => {
    const path = decodeURI(new URL(request.url!, 'http://x').pathname);
    const file = await readFile(join(dist, path.endsWith('/') ? `${path}index.html` : path)).catch(() => undefined);
    const types: Record<string, string> = { html: 'text/html', js: 'text/javascript', css: 'text/css', json: 'application/json' };
    const type = types[path.split('.').at(-1)!] ?? (path.endsWith('/') ? 'text/html' : 'application/octet-stream');
    // Nobody has given the site one.
    if (path === '/favicon.ico') return void response.writeHead(204).end();
    response.writeHead(file === undefined ? 404 : 200, { 'content-type': `${type}; charset=utf-8` }).end(file);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch(chromiumOptions());
  page = await browser.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
  page.on('pageerror', (error) => problems.push(String(error)));
});
afterAll(async () => {
  await browser?.close();
  server?.close();
  await rm(site, { recursive: true, force: true });
});

/** Writes an application's cookbook into the site. */
async function document(app: string): Promise<void> {
  const root = join(site, '.apps', app);
  const source = app === 'hostile' ? join(here, app) : resolve(here, '../../fixtures/apps', app);
  await cp(source, root, { recursive: true, filter: (path) => !/[/\\](node_modules|dist|\.kontract)$/.test(path) });
  const settings = await readFile(join(root, 'kontract.toml'), 'utf8').catch(() => '');
  await writeFile(join(root, 'kontract.toml'), `${settings}\n[cookbook]\nout = "docs"\n`);
  await run(compiler, ['build', root], { env: { ...process.env, CI: '' } });
  await cp(join(root, 'docs'), join(site, app), { recursive: true });
}

function config(): string {
  const sidebars = apps.map((app) => `'/${app}/': { base: '/${app}/', items: ${app} }`);
  return `${apps.map((app) => `import ${app} from '../${app}/sidebar.json' with { type: 'json' };\n`).join('')}
export default { title: 'Cookbooks', srcExclude: ['.apps/**'], themeConfig: { sidebar: { ${sidebars.join(', ')} } } };
`;
}

async function pages(folder = dist): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  return entries.filter((path) => path.endsWith('.html') && path !== '404.html');
}

test('VitePress builds them without a warning', async () => {
  expect(said).toContain('build complete');
  expect(said).not.toMatch(/warn|error|fail|dead|falling back|\(!\)/i);
  expect((await pages()).length).toBeGreaterThan(60);
});

test('every link leads to a page', async () => {
  const all = new Set((await pages()).map((path) => `/${path.replaceAll('\\', '/')}`));
  const dead: string[] = [];
  let links = 0;
  for (const path of all) {
    const html = await readFile(join(dist, path), 'utf8');
    for (const [, href] of html.matchAll(/<a [^>]*href="([^"]+)"/g)) {
      if (/^(https?:|mailto:|#)/.test(href!)) continue;
      links += 1;
      const target = decodeURI(new URL(href!, `http://x${path}`).pathname);
      if (!all.has(target.endsWith('/') ? `${target}index.html` : target)) dead.push(`${path}: ${href}`);
    }
  }
  expect(dead).toEqual([]);
  expect(links).toBeGreaterThan(500);
});

test('a page shows the parameters, and links to the types', async () => {
  await page.goto(`${url}/conduit/updateArticle.html`);
  await page.getByRole('heading', { name: 'Parameters' }).waitFor();
  const table = page.locator('h2#parameters + table');
  expect(await table.locator('th').allInnerTexts()).toEqual(['Name', 'Type', 'Description']);
  expect(await table.locator('tbody tr').allInnerTexts()).toEqual([
    'slug\tstring\twhich one',
    'changes\tPartial<ArticleDraft>\tthe fields to change; the others stay',
  ]);
  await table.getByRole('link', { name: 'ArticleDraft' }).click();
  await page.waitForURL('**/conduit/types/ArticleDraft.html');
  await page.getByRole('heading', { name: 'ArticleDraft' }).waitFor();
  await page.locator('.vp-doc').getByRole('link', { name: 'updateArticle' }).click();
  await page.waitForURL('**/conduit/updateArticle.html');
  const sidebar = page.locator('.VPSidebar');
  await sidebar.locator('.is-active').getByText('updateArticle', { exact: true }).waitFor();
  await sidebar.getByRole('link', { name: 'createArticle' }).click();
  await page.waitForURL('**/conduit/createArticle.html');
  await page.getByRole('heading', { name: 'createArticle' }).waitFor();
  expect(problems).toEqual([]);
});

test('hostile comments come out as text', async () => {
  await page.goto(`${url}/hostile/hostile.html`);
  await page.getByRole('heading', { name: 'Returns' }).waitFor();
  // What keeps VitePress from including a file into code is not seen.
  const text = (await page.locator('.vp-doc').innerText()).replaceAll('\u2060', '');
  for (const shown of [
    'Braces {{ 6 * 7 }} and {{ window.hacked = true }} and {.red #id} stay.',
    '<script>window.hacked = true</script>',
    "<script setup>import x from './none'</script>",
    '</div></template></script> and <Unknown prop="x">, <img src=x onerror="window.hacked = true">',
    'b {{ 2 }}',
    '<i>2</i> | 3',
    'Backticks: ` and ``, code {{ 3 }} <b>, :tada: and 🎉, a < b, 10:20:30.',
    '::: danger',
    '[[toc]] <<< ./secret.txt',
    '<!--@include: ./secret.md-->',
    '[dead](./nowhere.md) and ![dead](./nowhere.png) and [[dead]] at http://localhost:1/x',
    '[dead]: ./nowhere.md',
    '@ home, @ alone',
    '<b>{{ 4 }}</b>',
    '| {{ 5 }} <script>window.hacked = true</script>',
    'Error<T> | {{ 6 }}',
    'const a = `{{ 7 }}`; // ``` </code>',
    'e {{ 8 }} <b>',
    '"{{ 9 }}" | "</code>" | "|"',
    'Row and no <b>thing</b> javascript:alert(1)',
    'internal',
  ]) {
    expect(text).toContain(shown);
  }
  await page.goto(`${url}/hostile/types/Row.html`);
  await page.getByRole('heading', { name: 'Fields' }).waitFor();
  const row = await page.locator('.vp-doc').innerText();
  for (const shown of ['{{ braces }} and <b>tags</b>, | pipes |, and a | b', '</td></table> | x | y | {{ 1 + 1 }} 🎉 <Unknown/>']) {
    expect(row).toContain(shown);
  }
  expect(await page.locator('h2#fields + table tbody tr').count()).toBe(3);

  await page.goto(`${url}/hostile/unclosed.html`);
  await page.getByRole('heading', { name: 'Returns' }).waitFor();
  await page.goto(`${url}/hostile/markdown.html`);
  expect(await page.locator('.vp-doc li strong').innerText()).toBe('Markdown');
  expect(await page.locator('.vp-doc h1').allInnerTexts()).toEqual([expect.stringContaining('markdown'), expect.stringContaining('A heading {{ 11 }}')]);
  expect(await page.evaluate('window.hacked')).toBe(undefined);
  expect(problems).toEqual([]);
});
