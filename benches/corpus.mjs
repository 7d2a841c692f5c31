// Makes a project of the TypeScript that npm packages ship: `tests/corpus`, installed.
//
//   node benches/corpus.mjs <folder> <kontract>
//
// All files are server code to the compiler, so that it prints each of them. What one of the tools
// refuses is left out for all of them, and counted by tool.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

const [folder, compiler] = process.argv.slice(2);
const here = import.meta.dirname;
const packages = resolve(here, '../tests/corpus/node_modules');
if (!folder || !compiler || !existsSync(packages)) {
  console.error('usage: node benches/corpus.mjs <folder> <kontract>, after npm ci in tests/corpus');
  process.exit(2);
}

const typescript = /(?<!\.d)\.m?tsx?$/;
const tests = /\.(test|spec)\.|(^|\/)(tests?|__tests__|ai-docs)\//;
// Two sources of one output, such as `a.ts` beside `a.tsx`, are one too many.
const outputs = new Set();
let files = readdirSync(packages, { recursive: true })
  .map((name) => name.replaceAll('\\', '/'))
  .sort()
  // What npm itself is given twice, and files of names that mean something to the compiler.
  .filter((name) => typescript.test(name) && !tests.test(name) && !name.includes('/node_modules/'))
  .filter((name) => statSync(join(packages, name)).isFile())
  .filter((name) => {
    const output = name.replace(typescript, '').toLowerCase();
    return !outputs.has(output) && outputs.add(output);
  });

rmSync(folder, { recursive: true, force: true });
for (const name of files) {
  const target = join(folder, 'src', name);
  mkdirSync(dirname(target), { recursive: true });
  copyFileSync(join(packages, name), target);
}
const put = (name, text) => writeFileSync(join(folder, name), text);
put('package.json', '{ "private": true, "type": "module" }\n');
put('kontract.toml', '[build]\ninclude = ["src/**/*.{ts,tsx,mts}"]\nout = "dist"\nserver = ["**"]\n');
put('tsconfig.json', `${JSON.stringify({ compilerOptions: { target: 'ES2022', module: 'ESNext', moduleResolution: 'bundler', jsx: 'react-jsx', experimentalDecorators: true, strict: true, noEmit: true }, include: ['src'] }, null, 2)}\n`);
files = files.map((name) => `src/${name}`);

const run = (command, parameters) => spawnSync(command, parameters, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 30 });
const list = () => put('files.txt', files.map((name) => `${name}\n`).join(''));
const refused = {};
function leaveOut(tool, names) {
  const gone = new Set(names);
  refused[tool] = (refused[tool] ?? 0) + gone.size;
  files = files.filter((name) => !gone.has(name));
  for (const name of gone) rmSync(join(folder, name), { force: true });
  return gone.size;
}

const esbuild = join(here, 'peers/node_modules/esbuild/bin/esbuild');
// esbuild reports at most so many errors, but it reports on all files.
const result = run(esbuild, [...files, '--outdir=out', '--outbase=.', '--log-limit=0', '--color=false']);
leaveOut('esbuild', [...result.stderr.matchAll(/^ {4}(src\/[^:\n]+):\d+:\d+:$/gm)].map(([, name]) => name));
for (const tool of ['babel', 'oxc', 'swc']) {
  list();
  const { stdout } = run('node', [join(here, 'peers/transpile.mjs'), tool, '.', 'files.txt', 'out', '--keep-going', '--legacy-decorators']);
  leaveOut(tool, stdout.split('\n').filter(Boolean));
}
// Leaving a file out may break the imports of another.
for (let again = true; again; ) {
  const { stdout } = run(resolve(compiler), ['build', '--json']);
  const errors = stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)).filter(({ severity }) => severity === 'error');
  again = leaveOut('kontract', errors.map(({ file }) => file).filter((file) => files.includes(file))) > 0;
  if (process.env.DEBUG) console.log(errors.slice(0, 40).map((e) => `${e.code} ${e.file}: ${e.message}`).join('\n'));
}
list();
rmSync(join(folder, 'out'), { recursive: true, force: true });
rmSync(join(folder, 'dist'), { recursive: true, force: true });
const bytes = files.reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
const left = Object.entries(refused).map(([tool, count]) => `${count} by ${tool}`).join(', ');
console.log(`${files.length} files, ${bytes} bytes; left out, since they were refused: ${left}`);
