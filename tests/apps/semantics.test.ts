// Server code means what TypeScript says it means: each snippet below `semantics/` prints the same
// whether `tsc` or `kontract build` compiled it, optimized and not.
//
// A folder of snippets is a project with one tsconfig. A snippet is a file without `-` in its
// name; `<snippet>-….ts` are modules it imports. To add a case, add a file.
import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from './support/temporary.ts';
import { compileWith, kontract } from './support/workspace.ts';

const run = promisify(execFile);
const snippets = resolve(import.meta.dirname, 'semantics');

/** What a script prints and how it ends. */
async function printed(path: string): Promise<{ stdout: string; failure: string }> {
  try {
    const { stdout } = await run(process.execPath, [path], { timeout: 20_000 });
    return { stdout, failure: '' };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    return { stdout, failure: stderr || String(error) };
  }
}

const folders = (await readdir(snippets)).sort();
const projects = await Promise.all(
  folders.map(async (name) => {
    const files = await readdir(join(snippets, name, 'src'));
    const cases = files.filter((file) => /^[^-]+\.tsx?$/.test(file)).sort();
    return { name, cases: cases.map((file) => file.replace(/\.tsx?$/, '')) };
  }),
);

describe.each(projects)('snippets under $name', ({ name, cases }) => {
  const compiled = (async () => {
    const root = await temporaryFolder();
    await cp(join(snippets, name), root, { recursive: true });
    await writeFile(join(root, 'package.json'), '{ "type": "module" }\n');
    await packages(root);
    await kontract({ root }, ['build']);
    await kontract({ root }, ['build', '--no-optimize', '--out', 'plain']);
    // The snippets are run, not checked; what tsc prints of their types is not looked at.
    await compileWith(['-p', '.'], root);
    for (const file of (await readdir(join(root, 'src'))).filter((file) => file.endsWith('.json'))) {
      await cp(join(root, 'src', file), join(root, 'expected', file));
    }
    return root;
  })();

  test.concurrent.each(cases)('%s', async (snippet) => {
    const root = await compiled;
    const expected = await printed(join(root, 'expected', `${snippet}.js`));
    expect(expected.failure, 'what tsc made of it does not run').toBe('');
    expect(expected.stdout).not.toBe('');
    for (const output of ['dist', 'plain']) {
      expect(await printed(join(root, output, 'server', `${snippet}.js`)), output).toEqual(expected);
    }
  });
});

/** The packages that snippets import: `kontract`, and a JSX runtime that answers plain objects. */
async function packages(root: string): Promise<void> {
  const jsx = join(root, 'node_modules/tiny-jsx');
  await mkdir(jsx, { recursive: true });
  const manifest = { name: 'tiny-jsx', type: 'module', exports: { '.': './index.js', './jsx-runtime': './index.js' } };
  await writeFile(join(jsx, 'package.json'), JSON.stringify(manifest));
  await writeFile(
    join(jsx, 'index.js'),
    `export const Fragment = 'Fragment';
const made = (how) => (type, props, key) => ({ how, type: typeof type === 'function' ? type(props) : type, props, key });
export const jsx = made('one'), jsxs = made('many');
export const createElement = (type, props, ...children) => ({ how: 'classic', type, props, children });
`,
  );
  const kontract = await realpath(join(import.meta.dirname, 'node_modules/kontract'));
  await symlink(kontract, join(root, 'node_modules/kontract'), 'junction');
}
