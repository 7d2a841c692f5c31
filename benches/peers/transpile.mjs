// Transpiles a list of files one by one: types and JSX removed, a source map without the source's
// text beside each output.
//
//   node benches/peers/transpile.mjs babel|oxc|swc <project> <list> <out> [--legacy-decorators]
//
// `list` names files relative to the project, one a line. esbuild needs no such script: it is
// started as itself. A file that cannot be read stops the run, unless `--keep-going` is given; then
// the names of such files go to standard output.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { parseArgs } from 'node:util';

const { positionals: [tool, project, list, out], values: flags } = parseArgs({
  allowPositionals: true,
  options: { 'keep-going': { type: 'boolean' }, 'legacy-decorators': { type: 'boolean' } },
});
const legacy = flags['legacy-decorators'] === true;

const TOOLS = {
  async babel() {
    const { transformSync } = await import('@babel/core');
    const decorators = ['@babel/plugin-proposal-decorators', legacy ? { legacy } : { version: '2023-11' }];
    const jsx = ['@babel/plugin-transform-react-jsx', { runtime: 'automatic' }];
    return (path, text, sourceFileName) => {
      const { code, map } = transformSync(text, {
        filename: path,
        sourceFileName,
        cwd: import.meta.dirname,
        configFile: false,
        babelrc: false,
        sourceMaps: true,
        // Larger files would be printed without white space, which nobody else does.
        compact: false,
        presets: [['@babel/preset-typescript', { allowDeclareFields: true }]],
        // Only where it is needed, which is how a project sets it up to be fast.
        plugins: [...(text.includes('@') ? [decorators] : []), ...(path.endsWith('x') ? [jsx] : [])],
      });
      delete map.sourcesContent;
      return { code, map: JSON.stringify(map) };
    };
  },
  async oxc() {
    const { transformSync } = await import('oxc-transform');
    return (path, text, source) => {
      const { code, map, errors } = transformSync(path, text, {
        sourcemap: true,
        target: 'es2022',
        jsx: { runtime: 'automatic' },
        decorator: { legacy },
      });
      const error = errors.find(({ severity }) => severity === 'Error');
      if (error) throw new Error(`${path}: ${error.message}`);
      map.sources = [source];
      delete map.sourcesContent;
      return { code, map: JSON.stringify(map) };
    };
  },
  async swc() {
    const { transformSync } = await import('@swc/core');
    return (path, text, sourceFileName) =>
      transformSync(text, {
        filename: path,
        sourceFileName,
        configFile: false,
        swcrc: false,
        sourceMaps: true,
        inlineSourcesContent: false,
        isModule: true,
        jsc: {
          parser: { syntax: 'typescript', tsx: path.endsWith('x'), decorators: true },
          target: 'es2022',
          transform: {
            react: { runtime: 'automatic' },
            ...(legacy ? { legacyDecorator: true } : { decoratorVersion: '2023-11' }),
          },
        },
      });
  },
};

const transform = await TOOLS[tool]();
const made = new Set();
for (const name of readFileSync(list, 'utf8').split('\n').filter(Boolean)) {
  const path = join(project, name);
  const target = join(out, name.replace(/\.([mc]?)tsx?$/, '.$1js'));
  const folder = dirname(target);
  let result;
  try {
    result = transform(path, readFileSync(path, 'utf8'), relative(folder, path));
  } catch (error) {
    if (!flags['keep-going']) throw error;
    console.log(name);
    continue;
  }
  if (!made.has(folder)) {
    mkdirSync(folder, { recursive: true });
    made.add(folder);
  }
  writeFileSync(target, `${result.code}\n//# sourceMappingURL=${basename(target)}.map\n`);
  writeFileSync(`${target}.map`, result.map);
}
