// The examples of the package's README, as they stand there.
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site } from './support/site.ts';

let site: Site;

beforeAll(async () => {
  site = await Site.empty('readme');
  const readme = await readFile(new URL('../../npm/kontract/README.md', import.meta.url), 'utf8');
  for (const [, name, text] of readme.matchAll(/^```[jt]s\n\/\/ (\S+)\n(.*?)^```$/gms)) await site.write(name!, text!);
  const [, server] = /^## On the server\n+```ts\n(.*?)^```$/ms.exec(readme)!;
  // Guests may write, so that the example needs no login.
  await site.write('src/auth.ts', "export default { perm: { anonymous: 'RW_' } };\n");
  await site.write('src/notes.ts', server!);
  await site.write('kontract.toml', '[build]\nclient = ["src/web/**"]\n');
  await site.write('index.html', '<script type="module" src="/src/web/page.ts"></script>');
  await site.write('serve.mjs', "import { serve } from 'kontract/node';\nconsole.log('listening on', (await serve({ dist: './dist', port: 0 })).url);\n");
});
afterAll(() => site?.remove());

test('the page is built, and the program calls the server', async () => {
  const build = site.vite(['build'], {}, '.');
  expect(await build.ended, build.output).toBe(0);
  expect(await site.read('dist/web/index.html')).toContain('/assets/index');
  const server = await site.node('.', ['serve.mjs']).says(/listening on (\S+)/);
  const program = site.node('.', ['--import', 'kontract/register', 'program.mjs'], { SERVER: server });
  expect(await program.ended, program.output).toBe(0);
  expect(program.output).toMatch(/^\{\s+id: '\S+',\s+text: 'hello',\s+author: 'anonymous'\s+\}\n$/);
});
