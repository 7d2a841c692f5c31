// The generated codecs beside JSON, zod, typia, msgpackr and the stock FlatBuffers builder.
//
//   node benches/codec/run.mjs [--rounds <n>] [--milliseconds <n>] [<part of a case's name>…]
//
// Needs `npm ci` in this folder, npm/kontract built, the compiler (KONTRACT_BIN, or a build in
// target/), and flatc for the last of them.
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { cases } from './cases.mjs';
import { contenders } from './contenders.mjs';
import { flatbuffersOf } from './flatbuffers.mjs';
import { check, measure } from './measure.mjs';

const here = import.meta.dirname;
const root = resolve(here, '../..');
const work = join(root, 'target/bench/codec');

const { values: options, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, milliseconds: { type: 'string', default: '40' } },
  allowPositionals: true,
});
const settings = { rounds: Number(options.rounds), milliseconds: Number(options.milliseconds) };

const built = await prepare();
const chosen = cases.filter(({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)));
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, Node.js ${process.version}`;
console.log(`${machine}; ${settings.rounds} rounds of ${settings.milliseconds} ms; microseconds of processor time, medians\n`);

// All of them first, so that none is measured with code that has seen one type only.
for (const { type, value } of cases) {
  for (const contender of contenders(type, built)) check(contender, value);
}
const verdicts = [];
for (const one of chosen) verdicts.push(compare(one));
console.log('\n### Against the aim\n');
console.log('Encode to the faster encoding of JSON; encode, decode and validate to JSON + zod.\n');
console.log('| case | request: encode | all | response: encode | all |');
console.log('|---|--:|--:|--:|--:|');
for (const { name, ratios } of verdicts) console.log(`| ${name} | ${ratios.map((ratio) => ratio.toFixed(2)).join(' | ')} |`);

function compare({ name, type, value }) {
  const list = contenders(type, built);
  const bytes = list.map(({ encode }) => encode(value));
  const encoded = measure(list.map(({ encode }) => () => encode(value)), settings);
  const decoded = measure(list.map(({ decode }, index) => () => decode(bytes[index])), settings);
  const at = (wanted) => list.findIndex((contender) => contender.name === wanted);
  const json = at('JSON');
  const zod = at('JSON + zod');
  // The faster of the two ways to encode JSON is the one to beat.
  const jsonEncode = Math.min(encoded[json], encoded[at('JSON through Buffer')]);
  const sum = (index) => encoded[index] + decoded[index];
  console.log(`### ${name}\n`);
  console.log('| | validates | bytes | encode | decode | together | : JSON + zod |');
  console.log('|---|---|--:|--:|--:|--:|--:|');
  for (const [index, contender] of list.entries()) {
    const cells = [
      contender.name, contender.validates ? 'yes' : '', bytes[index].length,
      micro(encoded[index]), micro(decoded[index]), micro(sum(index)), (sum(index) / sum(zod)).toFixed(2),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
  console.log();
  const own = [at('kontract, request'), at('kontract, response')];
  return { name, ratios: own.flatMap((index) => [encoded[index] / jsonEncode, sum(index) / sum(zod)]) };
}

async function prepare() {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  cpSync(join(here, 'project'), work, { recursive: true });
  writeFileSync(join(work, 'package.json'), '{ "type": "module" }\n');
  symlinkSync(join(here, 'node_modules'), join(work, 'node_modules'), 'junction');
  execFileSync(compiler(), ['build'], { cwd: work, stdio: ['ignore', 'ignore', 'inherit'], env: { ...process.env, CI: '' } });
  return {
    kontract: await load(join(work, 'dist/codec/api.js')),
    typia: await typia(),
    flatbuffers: await flatbuffers(),
  };
}

function compiler() {
  const candidates = [process.env.KONTRACT_BIN, 'target/release/kontract', 'target/debug/kontract'];
  const found = candidates.filter(Boolean).map((path) => resolve(root, path)).find(existsSync);
  if (found === undefined) throw new Error('no compiler: run `cargo build`, or set KONTRACT_BIN');
  return found;
}

async function typia() {
  const [input, output] = [join(work, 'typia'), join(work, 'typia-generated')];
  mkdirSync(input);
  mkdirSync(output);
  cpSync(join(here, 'typia.ts'), join(input, 'validators.ts'));
  cpSync(join(here, 'project/src/types.ts'), join(input, 'types.ts'));
  const config = { compilerOptions: { target: 'ES2022', module: 'ESNext', moduleResolution: 'bundler', strict: true, skipLibCheck: true } };
  writeFileSync(join(work, 'tsconfig.json'), JSON.stringify(config));
  // Its CommonJS form: the other one does not start in Node 20.
  const program = join(here, 'node_modules/typia/lib/executable/typia.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, 'generate', '--input', input, '--output', output, '--project', join(work, 'tsconfig.json')],
    { cwd: work, encoding: 'utf8' },
  );
  if (status !== 0) {
    console.error(`typia left out: ${stderr || stdout}`);
    return undefined;
  }
  return load(bundle(join(output, 'validators.ts'), 'typia.mjs'));
}

async function flatbuffers() {
  const output = join(work, 'flatc');
  const { status, error, stderr } = spawnSync('flatc', ['--ts', '-o', output, join(work, 'dist/schema/api.fbs')], { encoding: 'utf8' });
  if (status !== 0) {
    console.error(`flatbuffers left out: ${error?.message ?? stderr}`);
    return undefined;
  }
  const entry = join(output, 'all.ts');
  const files = execFileSync('find', [output, '-name', '*.ts'], { encoding: 'utf8' }).trim().split('\n').sort();
  writeFileSync(entry, files.map((file) => `export * from ${JSON.stringify(file)};`).join('\n'));
  return flatbuffersOf(await load(bundle(entry, 'flatbuffers.mjs')));
}

/** One module of TypeScript that others made. */
function bundle(entry, name) {
  const outfile = join(work, name);
  buildSync({ entryPoints: [entry], outfile, bundle: true, format: 'esm', platform: 'node', packages: 'external', logLevel: 'error' });
  return outfile;
}

function load(path) {
  return import(pathToFileURL(path).href);
}

function micro(value) {
  return value < 10 ? value.toFixed(2) : value.toFixed(value < 1000 ? 1 : 0);
}
