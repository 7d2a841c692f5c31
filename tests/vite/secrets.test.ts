// Every way in which Vite could bring code of the server to a page.
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import kontract from 'kontract/vite';
import { build, type InlineConfig, mergeConfig, optimizeDeps, resolveConfig } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compiler, Site } from './support/site.ts';

const SECRET = 'the-text-of-the-server';
const FILES = {
  'kontract.toml': '',
  'src/api/notes.ts': `import { backend } from 'kontract';
import { sign } from '../server/keys';
export const note = backend({ perm: 0 }, async (id: string): Promise<string> => sign('${SECRET}' + id));
`,
  'src/server/keys.ts': `import { createHash } from 'node:crypto';
export const sign = (text: string): string => createHash('sha256').update('${SECRET}' + text).digest('hex');
console.log(sign('begin'));
`,
  'index.html': '<script type="module" src="/page/page.ts"></script>',
};

const COMMON: InlineConfig = { configFile: false, logLevel: 'silent', build: { outDir: 'web', minify: false } };

let site: Site;

beforeAll(async () => {
  process.env.KONTRACT_BIN = compiler;
  site = await Site.empty('secrets');
  for (const [path, text] of Object.entries(FILES)) await site.write(path, text);
  await mkdir(site.path('page'));
  await symlink('../src', site.path('page/linked'), 'dir');
  execFileSync(compiler, ['build'], { cwd: site.folder, env: { ...process.env, CI: '' }, stdio: 'ignore' });
});
afterAll(() => site?.remove());

interface Case {
  page?: string;
  files?: Record<string, string>;
  config?: InlineConfig;
}

const NOT_INLINED: InlineConfig = { build: { assetsInlineLimit: 0 } };
const ADDRESS = "console.log(new URL('../src/api/notes.ts', import.meta.url).href);";

const REFUSED: Record<string, Case> = {
  'an import': { page: "import { sign } from '../src/server/keys'; console.log(sign);" },
  'an address, as a file': { page: ADDRESS, config: NOT_INLINED },
  'an address, as `data:`': { page: ADDRESS },
  'an address in a library': { page: ADDRESS, config: { build: { lib: { entry: 'page/page.ts', formats: ['es'], fileName: 'page' } } } },
  'the address of what was compiled': { page: "console.log(new URL('../dist/server/server/keys.js', import.meta.url).href);" },
  'an address in a style': { page: "import './page.css';", files: { 'page/page.css': "body { background: url('../src/server/keys.ts') }" } },
  'an address in HTML': { files: { 'index.html': '<img src="/src/server/keys.ts">' } },
  'what a link leads to': {
    page: "import { sign } from './linked/server/keys'; console.log(sign);",
    config: { resolve: { preserveSymlinks: true } },
  },
  'a text': { page: "import text from '../src/server/keys.ts?raw'; console.log(text);" },
  'a worker': { page: "console.log(new Worker(new URL('../src/server/keys.ts', import.meta.url)));" },
  'an import in a worker': {
    page: "import Thread from './thread?worker'; console.log(new Thread());",
    files: { 'page/thread.ts': "import { sign } from '../src/server/keys'; postMessage(sign('a'));" },
  },
  'all of a folder': { page: "console.log(import.meta.glob('../src/server/*.ts'));" },
  'an entry': { config: { build: { rolldownOptions: { input: 'src/server/keys.ts', preserveEntrySignatures: 'strict' } } } },
  'a public folder': { config: { publicDir: 'src' } },
};

test.each(Object.entries(REFUSED))('%s is refused', async (_, refused) => {
  // Without the plugin the code is there, or its search would find nothing anyway.
  expect(await leaked(refused, { plugins: [], build: { rolldownOptions: { external: [/^kontract/] } } })).toBe(true);
  await expect(leaked(refused)).rejects.toThrow(/belongs to the server|everything in it is public/);
});

test('whatever may be had of a function is its stub', async () => {
  const page = `
import address from '../src/api/notes.ts?url';
import text from '../src/api/notes.ts?raw';
import Thread from './thread?worker';
import Inlined from './thread?worker&inline';
import Stub from '../src/api/notes.ts?sharedworker';
import { note } from 'notes';
const name = location.hash;
console.log(address, text, note, new Thread(), new Inlined(), new Stub());
console.log(new Worker(new URL('./thread.ts', import.meta.url)), new URL(\`../src/api/\${name}.ts\`, import.meta.url));
console.log(import.meta.glob('../src/api/*.ts'), import.meta.glob('../src/api/*.ts', { query: '?raw', eager: true }));
console.log(import(\`../src/api/\${name}.ts\`));
`;
  const files = { 'page/thread.ts': "import { note } from '../src/api/notes'; note('a').then(postMessage);" };
  const config: InlineConfig = { build: { sourcemap: true }, resolve: { alias: { notes: site.path('src/api/notes.ts') } } };
  expect(await leaked({ page, files, config })).toBe(false);
  for (const kind of [/worker|thread/, /index/]) {
    const outputs = (await readdir(site.path('web/assets'))).filter((name) => kind.test(name) && name.endsWith('.js'));
    expect(outputs.length).toBeGreaterThan(0);
    for (const name of outputs) expect(await site.read(`web/assets/${name}`)).toContain('__kontract_rpc("note"');
  }
});

test('a library of functions is one of stubs', async () => {
  const lib = { entry: 'src/api/notes.ts', formats: ['es' as const], fileName: 'notes' };
  expect(await leaked({ config: { build: { lib, sourcemap: 'inline', rolldownOptions: { external: [/^kontract/] } } } })).toBe(false);
  expect(await site.read('web/notes.js')).toContain('__kontract_rpc("note"');
});

test('nothing of the server is prepared as a dependency', async () => {
  await site.write('node_modules/notes/package.json', '{ "name": "notes" }');
  await symlink(site.path('src'), site.path('node_modules/notes/src'), 'dir');
  expect(await prepared([])).toBe(true);
  await expect(prepared([kontract()])).rejects.toThrow('belongs to the server');
});

async function prepared(plugins: InlineConfig['plugins']): Promise<boolean> {
  const optimized = { include: ['notes/src/server/keys.ts'] };
  const cacheDir = site.path('cache');
  const config = await resolveConfig({ ...COMMON, root: site.folder, cacheDir, optimizeDeps: optimized, plugins }, 'serve');
  await optimizeDeps(config, true);
  return holdsSecret(cacheDir);
}

async function leaked(what: Case, config: InlineConfig = { plugins: [kontract()] }): Promise<boolean> {
  const files = { ...FILES, 'page/page.ts': what.page ?? 'console.log(1);', ...what.files };
  for (const [path, text] of Object.entries(files)) await site.write(path, text);
  await build([{ root: site.folder }, what.config ?? {}, config].reduce<InlineConfig>((merged, part) => mergeConfig(merged, part), COMMON));
  return holdsSecret(site.path('web'));
}

async function holdsSecret(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'utf8')));
  return texts.some((text) => {
    const decoded = [...text.matchAll(/base64,([\w+/=]+)/g)].map(([, data]) => Buffer.from(data!, 'base64').toString());
    return [text, ...decoded].some((found) => found.includes(SECRET));
  });
}

test('nobody is served what `kontract dev` keeps', async () => {
  const denied = async (config: InlineConfig): Promise<string[]> => (await resolveConfig(config, 'serve')).server.fs.deny;
  const own = { ...COMMON, plugins: [kontract()] };
  expect(await denied(own)).toEqual([...(await denied(COMMON)), '**/.kontract/dev/**']);
  expect(await denied({ ...own, server: { fs: { deny: ['a'] } } })).toEqual(['a', '**/.kontract/dev/**']);
});
