// What a page loads for its calls, as Vite bundles it: the calls that conduit-web makes, without React.
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { appendFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch } from './support/page.ts';
import { Site } from './support/site.ts';

/** What Vite's manifest says of a chunk. */
interface Chunk {
  file: string;
  name?: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
}

let site: Site;

beforeAll(async () => {
  site = await Site.make('size');
  await site.write('conduit-web/index.html', '<script type="module" src="/src/calls.ts"></script>');
});
afterAll(() => site?.remove());

/** The sizes of chunks with gzip: of the first ones, of each that is loaded later, by its name. */
async function bundle(calls: string): Promise<{ first: number; later: Record<string, number> }> {
  await site.write('conduit-web/src/calls.ts', calls);
  const build = site.vite(['build', '--manifest']);
  expect(await build.ended, build.output).toBe(0);
  const chunks = JSON.parse(await site.read('conduit-web/dist/.vite/manifest.json')) as Record<string, Chunk>;
  const sizeOf = async ({ file }: Chunk): Promise<number> => gzipSync(await site.read(`conduit-web/dist/${file}`), { level: 9 }).length;
  const first = new Set<Chunk>();
  const take = (chunk: Chunk): void => {
    if (first.has(chunk)) return;
    first.add(chunk);
    for (const key of chunk.imports ?? []) take(chunks[key] as Chunk);
  };
  Object.values(chunks).filter(({ isEntry }) => isEntry).forEach(take);
  let sum = 0;
  for (const chunk of first) sum += await sizeOf(chunk);
  const later: Record<string, number> = {};
  for (const chunk of Object.values(chunks)) if (!first.has(chunk)) later[chunk.name ?? chunk.file] = await sizeOf(chunk);
  return { first: sum, later };
}

test('the client and what codecs need come in 8 KB, with all that Vite adds to load the rest', () => {
  const sizes = execFileSync(process.execPath, ['scripts/size.mjs'], { cwd: resolve(import.meta.dirname, '../../npm/kontract'), encoding: 'utf8' });
  const [, first = Infinity] = /with raystream and the codecs' runtime: (\d+) first/.exec(sizes) ?? [];
  expect(Number(first), sizes).toBeLessThan(8_000);
});

const CALLS = 'createArticle, createProfile, currentUser, listArticles, popularTags';
const PAGE = `import { auth } from 'kontract/client'; import { ${CALLS} } from '@/client'; Object.assign(globalThis, { auth, ${CALLS} });`;

test('a page without a pinned key loads nothing of the protocol', async () => {
  const { first, later } = await bundle(PAGE);
  console.log(`in the clear: ${first} bytes`);
  expect(later).toEqual({});
  expect(first).toBeLessThan(7_900);
});

test('a page with a pinned key begins without the protocol, and its first call needs one chunk of it', async () => {
  const { x = '' } = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
  await appendFile(site.path('conduit/kontract.toml'), `\n[wire]\npin = ["${Buffer.from(x, 'base64url').toString('base64')}"]\n`);
  const { first, later } = await bundle(PAGE);
  const { sealed = Infinity, posts = Infinity, ...others } = later;
  console.log(`with a pinned key: ${first} bytes, ${first + sealed} before the first call, ${first + sealed + posts} with POST`);
  expect(first).toBeLessThan(10_100);
  expect(sealed).toBeLessThan(11_500);
  expect(posts).toBeLessThan(2_700);
  // For what a browser lacks, and for Node.js.
  expect(Object.keys(others).sort()).toEqual(['noble-cipher', 'noble-exchange', 'node']);
});

test('a page that calls by POST loads both chunks side by side', async () => {
  await bundle(`import { configure } from 'kontract/client'; import { listArticles } from '@/client';
    configure({ transport: 'post' }); listArticles().catch(() => {});`);
  const preview = site.vite(['preview', '--port', '0', '--host', '127.0.0.1']);
  const address = await preview.says(/(http:\/\/127\S+)/);
  const browser = await launch();
  try {
    const page = await browser.newPage();
    const asked = (name: string) => page.waitForRequest(new RegExp(`/${name}-`), { timeout: 20_000 });
    const both = Promise.all([asked('sealed'), asked('posts')]);
    // Neither comes before the other has been asked for.
    await page.route(/\/(sealed|posts)-/, async (route) => {
      await both;
      await route.continue();
    });
    const called = page.waitForRequest(/\/raystream$/, { timeout: 20_000 });
    await page.goto(address);
    await Promise.all([both, called]);
  } finally {
    await browser.close();
  }
});
