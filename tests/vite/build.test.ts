// `vite build`: what is in the bundle, and that it works.
import { appendFile, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, open, publish } from './support/page.ts';
import { eventually, Site } from './support/site.ts';

let site: Site;
let browser: Browser;
const planted: string[] = [];

beforeAll(async () => {
  [site, browser] = await Promise.all([Site.make('build'), launch()]);
  const server = ['src/middleware.ts', ...(await sources('src/api')), ...(await sources('src/server'))];
  for (const path of server) {
    const name = `planted_${planted.length}`;
    planted.push(path);
    await appendFile(site.path(`conduit/${path}`), `\n// comment ${name}\nexport const ${name}: string = 'text ' + '${name}' + Math.random();\n`);
  }
});
afterAll(async () => {
  await browser?.close();
  await site?.remove();
});

async function sources(folder: string): Promise<string[]> {
  return (await readdir(site.path(`conduit/${folder}`))).map((name) => `${folder}/${name}`);
}

async function bundle(): Promise<string> {
  const folder = site.path('conduit-web/dist');
  const paths = (await readdir(folder, { recursive: true })).filter((path) => /\.(js|map|html)$/.test(path));
  expect(paths.length).toBeGreaterThanOrEqual(3);
  return (await Promise.all(paths.map((path) => readFile(join(folder, path), 'utf8')))).join('\n');
}

test('nothing of the server is in it, nor in its map, and the page works', async () => {
  const build = site.vite(['build', '--sourcemap']);
  expect(await build.ended, build.output).toBe(0);
  const text = await bundle();
  expect(planted.length).toBeGreaterThan(15);
  expect(text).not.toContain('planted');
  expect(text).not.toContain('env.storage');
  // What it was searched for would be found: texts of the page, and those it shares with the server.
  expect(text).toContain('What it is about');
  expect(text).toContain("can't be blank");

  const preview = site.vite(['preview', '--port', '0', '--host', '127.0.0.1'], { KONTRACT_URL: await site.serve() });
  const { page, problems } = await open(browser, await preview.says(/(http:\/\/127\S+)/));
  await publish(page, 'ada', 'On engines');
  await page.getByRole('button', { name: 'Popular tags' }).click();
  await page.getByText('introduction (1), welcome (1)').waitFor();
  expect(problems).toEqual([]);
});

test('its types are right, those of `api` too', async () => {
  expect(await typeErrors()).toEqual([]);
  await site.edit('conduit-web/src/Editor.tsx', 'api.createArticle(draft)', 'api.createArticle(1)');
  expect(await typeErrors()).toEqual([
    "src/Editor.tsx(14,43): error TS2345: Argument of type 'number' is not assignable to parameter of type 'ArticleDraft'.",
  ]);
  await site.edit('conduit-web/src/Editor.tsx', 'api.createArticle(1)', 'api.createArticle(draft)');
});

/** Those of the page: the types that the server's sources need are not part of its program. */
async function typeErrors(): Promise<string[]> {
  const check = site.node('conduit-web', [join(import.meta.dirname, 'node_modules/typescript/bin/tsc')]);
  await check.ended;
  return check.output.split('\n').filter((line) => line.includes('error') && !line.startsWith('../'));
}

test('code that renders on a server calls the functions as well', async () => {
  const url = await site.serve();
  const entry = `import { configure } from 'kontract/client';
import { popularTags } from '~/api/tags';
configure({ baseUrl: '${url}' });
console.log('tags', JSON.stringify(await popularTags()));\n`;
  await site.write('conduit-web/src/render.ts', entry);
  const build = site.vite(['build', '--ssr', 'src/render.ts', '--outDir', 'rendering']);
  expect(await build.ended, build.output).toBe(0);
  expect(await site.read('conduit-web/rendering/render.js')).not.toContain('planted');
  const program = site.node('conduit-web', ['rendering/render.js']);
  expect(JSON.parse(await program.says(/tags (.*)/))).toEqual([
    { tag: 'introduction', articles: 1 },
    { tag: 'welcome', articles: 1 },
  ]);
});

test('`--watch` builds again when errors are mended or a stub changes, tells errors between, and ends with its compiler', async () => {
  const tags = 'conduit/src/api/tags.ts';
  await site.edit(tags, 'limit: number = 10', 'limit: () => void');
  const watching = site.vite(['build', '--watch']);
  await watching.says(/(K058)/);
  const after = async (from: string, to: string, said: RegExp) => {
    const before = watching.output.length;
    await site.edit(tags, from, to);
    await watching.says(said, before);
  };
  await after('limit: () => void', 'limit: number = 10', /(built in)/);
  await after('limit: number = 10', 'limit: () => void', /(K058)/);
  // It is built again where Vite saw the file before it was mended.
  await after('limit: () => void', 'limit: number = 10', /(no errors any more|built in)/);
  await after('limit: number = 10', 'limit: number = 10, least: number = 0', /(built in)/);
  await watching.stop('SIGTERM');
  await eventually(
    () => (site.compilers().length === 0 ? true : undefined),
    () => site.compilers().join('\n'),
  );
  await site.edit('conduit/src/api/tags.ts', ', least: number = 0', '');
});

test('it fails with the errors of the sources, and where the page would hold code of the server', async () => {
  await site.edit('conduit-web/src/Tags.tsx', '~/api/tags', '~/server/slug');
  const refused = site.vite(['build']);
  expect(await refused.ended).not.toBe(0);
  expect(refused.output).toMatch(/conduit\/src\/server\/slug\.ts belongs to the server: \S+\/Tags\.tsx cannot import it/);
  await site.edit('conduit-web/src/Tags.tsx', '~/server/slug', '~/api/tags');

  const lost = site.vite(['build', '--outDir', '../conduit/dist']);
  expect(await lost.ended).not.toBe(0);
  expect(lost.output).toContain('name another folder');
  expect(await site.read('conduit/dist/manifest.json')).toContain('popularTags');

  await site.edit('conduit/src/api/tags.ts', 'limit: number = 10', 'limit: () => void');
  const failed = site.vite(['build']);
  expect(await failed.ended).not.toBe(0);
  expect(failed.output).toMatch(/K\d{3}: /);
  expect(failed.output).toMatch(/src\/api\/tags\.ts:16:64/);
  expect(failed.output).toMatch(/help: /);
});
