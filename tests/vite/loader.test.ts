// `node --import kontract/register`: programs that import the functions of a server.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './support/site.ts';

const PROGRAM = `import { strict as assert } from 'node:assert';
import { api, NotFoundError } from 'kontract';
import { configure } from 'kontract/client';
import { api as same, listTags } from '@/client';
import { popularTags } from './src/api/tags.ts';
configure({ baseUrl: process.env.URL });
assert.equal(api, same);
assert.equal(api.popularTags, popularTags);
await assert.rejects(api.getArticle('none'), NotFoundError);
console.log('tags', JSON.stringify([await listTags(), await popularTags(1)]));
`;

let site: Site;
let url: string;

beforeAll(async () => {
  site = await Site.make('loader');
  await site.write('conduit/program.mjs', PROGRAM);
  // The server's own modules go on importing the package.
  url = await site.serve(['--import', 'kontract/register']);
});
afterAll(() => site?.remove());

function run(program = 'program.mjs') {
  return site.node('conduit', ['--import', 'kontract/register', program], { URL: url });
}

test('the package holds the compiled client, and sources are calls', async () => {
  const program = run();
  expect(await program.ended, program.output).toBe(0);
  expect(program.output).toBe('tags [["introduction","welcome"],[{"tag":"introduction","articles":1}]]\n');
});

test('a source that has changed is compiled before it is imported', async () => {
  await site.edit('conduit/src/api/tags.ts', 'export const popularTags', 'export const tagsInUse');
  const old = run();
  expect(await old.ended).toBe(1);
  expect(old.output).toContain("does not provide an export named 'popularTags'");
  await site.edit('conduit/src/api/tags.ts', 'export const tagsInUse', 'export const popularTags');
  expect(await run().ended).toBe(0);
});

test('errors of the sources are one error that can be read', async () => {
  await site.edit('conduit/src/api/tags.ts', 'limit: number = 10', 'limit: () => void');
  const program = run();
  expect(await program.ended).toBe(1);
  expect(program.output).toContain('src/api/tags.ts:16:64 - K058: a function cannot travel between client and server\n  help: ');
  expect(program.output).not.toMatch(/\n {4}at |K260/);
  await site.edit('conduit/src/api/tags.ts', 'limit: () => void', 'limit: number = 10');
});

test('the hooks compile where nobody has registered them', async () => {
  const program = site.node('conduit', ['--no-warnings', '--loader', 'kontract/loader.mjs', 'program.mjs'], { URL: url });
  expect(await program.ended, program.output).toBe(0);
});
