import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { beforeAll, describe, expect, test } from 'vitest';
import { buildApp, contentsOf, type Workspace } from './support/workspace.ts';

const run = promisify(execFile);

/** A place in a file; lines and columns from 1, as in a stack trace. */
interface Place {
  file: string;
  line: number;
  column: number;
}

let app: Workspace;

beforeAll(async () => {
  app = await buildApp('conduit', { overlay: 'throws', crlf: ['src/probe/windows.ts'] });
});

/** The stack of the error that an expression on a server module throws, in a Node of its own. */
async function stackOf(module: string, expression: string, flags: string[] = []): Promise<string> {
  const url = pathToFileURL(join(app.server, module)).href;
  const script = `
    const module = await import(${JSON.stringify(url)});
    try { await (${expression}); console.log('nothing was thrown'); } catch (error) { console.log(error.stack); }
  `;
  const { stdout } = await run(process.execPath, [...flags, '--input-type=module', '-e', script], { timeout: 30_000 });
  return stdout;
}

/** The frames of a stack that lie in the build. */
function frames(stack: string): Place[] {
  return [...stack.matchAll(/(file:\/\/\S+?|\/\S+?):(\d+):(\d+)\)?$/gm)]
    .map(([, url, line, column]) => ({
      file: url!.startsWith('file:') ? fileURLToPath(url!) : url!,
      line: Number(line),
      column: Number(column),
    }))
    .filter(({ file }) => file.startsWith(app.root));
}

/** Where a place of a generated file comes from, by the map beside it. */
async function originOf({ file, line, column }: Place): Promise<Place> {
  const map = new TraceMap(await readFile(`${file}.map`, 'utf8'));
  const origin = originalPositionFor(map, { line, column: column - 1 });
  if (origin.source === null) throw new Error(`${file}:${line}:${column} is not mapped`);
  return { file: resolve(dirname(file), origin.source), line: origin.line, column: origin.column + 1 };
}

/** Where a text stands in a source for the first time; columns in UTF-16 units. */
async function placeOf(file: string, text: string): Promise<Place> {
  const path = join(app.root, file);
  const source = await readFile(path, 'utf8');
  const index = source.indexOf(text);
  if (index === -1) throw new Error(`${file} does not hold ${text}`);
  const before = source.slice(0, index).split(/\r\n|\n/);
  return { file: path, line: before.length, column: before.at(-1)!.length + 1 };
}

describe('a stack trace of the server', () => {
  const cases: [string, { module: string; expression: string; message: string; places: [string, string][] }][] = [
    [
      'with emoji before the place',
      {
        module: 'probe/emoji.js',
        expression: 'module.popBalloon()',
        message: 'Error: emoji',
        places: [['src/probe/emoji.ts', "new Error('emoji')"]],
      },
    ],
    [
      'in a file with CRLF, two calls deep',
      {
        module: 'probe/windows.js',
        expression: "module.openWindow('x')",
        message: 'TypeError: windows: 2 lines',
        places: [
          ['src/probe/windows.ts', 'new TypeError('],
          ['src/probe/windows.ts', 'deeper(line)'],
        ],
      },
    ],
    [
      'in a decorated method',
      {
        module: 'probe/decorated.js',
        expression: "new module.Workshop().use('saw')",
        message: 'RangeError: saw is blunt',
        places: [['src/probe/decorated.ts', 'new RangeError(']],
      },
    ],
    [
      'in a decorated method on one line',
      {
        module: 'probe/decorated.js',
        expression: "module.Workshop.complain('spam')",
        message: 'Error: spam',
        places: [['src/probe/decorated.ts', 'new Error(reason']],
      },
    ],
    [
      'out of an arrow function of the plain spelling',
      {
        module: 'probe/plain.js',
        expression: 'module.burst(1)',
        message: 'Error: burst 💥',
        places: [
          ['src/probe/plain.ts', 'new Error(message)'],
          ['src/probe/plain.ts', "fail<number>('burst"],
          ['src/probe/plain.ts', 'burst(left - 1)'],
        ],
      },
    ],
    [
      'out of a middleware that stands in another',
      {
        module: 'middleware.js',
        expression: "module.__chain_0_1({ path: 'before' }, () => 1)",
        message: 'RangeError: before',
        places: [['src/middleware.ts', "new RangeError('before')"]],
      },
    ],
    [
      'out of a middleware behind its next()',
      {
        module: 'middleware.js',
        expression: "module.__chain_0_1({ path: 'after' }, () => 1)",
        message: 'Error: after 💥',
        places: [['src/middleware.ts', "new Error('after"]],
      },
    ],
    [
      'through the next() of a middleware',
      {
        module: 'middleware.js',
        expression: "module.__chain_0_1({ path: '' }, async () => { await 0; throw new Error('inside'); })",
        message: 'Error: inside',
        places: [['src/middleware.ts', 'return next()']],
      },
    ],
  ];

  test.each(cases)('leads to the source, %s', async (_, { module, expression, message, places }) => {
    const stack = await stackOf(module, expression);
    expect(stack.split('\n')[0]).toBe(message);
    const origins = await Promise.all(frames(stack).slice(0, places.length).map(originOf));
    expect(origins).toEqual(await Promise.all(places.map(([file, text]) => placeOf(file, text))));
  });

  test.each(cases)('is shown by Node itself with --enable-source-maps, %s', async (_, { module, expression, places }) => {
    const stack = await stackOf(module, expression, ['--enable-source-maps']);
    const { file, line, column } = await placeOf(...places[0]!);
    expect(frames(stack)[0]).toEqual({ file, line, column });
  });
});

describe('the maps', () => {
  test('of the server name sources that exist', async () => {
    for (const [path, bytes] of await contentsOf(app.server)) {
      if (!path.endsWith('.js.map')) continue;
      const { sources, version } = JSON.parse(bytes.toString('utf8'));
      expect(version).toBe(3);
      for (const source of sources) expect(existsSync(resolve(app.server, dirname(path), source)), `${path}: ${source}`).toBe(true);
    }
  });

  test('stand beside every server module with sources, which names them', async () => {
    const files = await contentsOf(app.server);
    for (const module of ['api/articles', 'api/tags', 'middleware', 'server/slug', 'probe/windows']) {
      expect(files.has(`${module}.js.map`), module).toBe(true);
      expect(files.get(`${module}.js`)!.toString('utf8')).toMatch(/\/\/# sourceMappingURL=[\w-]+\.js\.map\s*$/);
    }
  });

  const stubs: [string, string, RegExp, string, string][] = [
    ['a function', 'api/articles.js', /\bcreateArticle\b/, 'src/api/articles.ts', 'createArticle(draft'],
    ['a function with keyword arguments', 'api/profiles.js', /\bgetProfile\b/, 'src/api/profiles.ts', 'getProfile(username'],
    ['a default export', 'api/stats.js', /\bsiteStats\b/, 'src/api/stats.ts', 'siteStats()'],
    ['a constant of the plain spelling', 'api/tags.js', /\bpopularTags\b/, 'src/api/tags.ts', 'popularTags = backend'],
    ['a static method', 'api/admin.js', /\btakeDown\b/, 'src/api/admin.ts', 'takeDown(slug'],
    ['an instance method', 'api/moderation.js', /\btake\b/, 'src/api/moderation.ts', 'take()'],
    ['a function after emoji', 'probe/emoji.js', /\bpopBalloon\b/, 'src/probe/emoji.ts', 'popBalloon('],
    ['a function in a file with CRLF', 'probe/windows.js', /\bopenWindow\b/, 'src/probe/windows.ts', 'openWindow(path'],
  ];

  test.each(stubs)('of the client lead from the stub of %s to its declaration', async (_, module, name, source, text) => {
    const file = join(app.client, module);
    const generated = await readFile(file, 'utf8');
    const lines = generated.split('\n');
    const line = lines.findIndex((content) => name.test(content) && !/^(import|export) [{*]/.test(content));
    const column = lines[line]!.search(name);
    const origin = await originOf({ file, line: line + 1, column: column + 1 });
    const declaration = await placeOf(source, text);
    expect({ file: origin.file, line: origin.line }).toEqual({ file: declaration.file, line: declaration.line });
  });

  test('of the client hold no source text', async () => {
    const maps = [...(await contentsOf(app.client))].filter(([path]) => path.endsWith('.map'));
    expect(maps.length).toBeGreaterThan(8);
    for (const [path, bytes] of maps) {
      const map = JSON.parse(bytes.toString('utf8'));
      expect(map, path).not.toHaveProperty('sourcesContent');
      for (const source of map.sources) expect(existsSync(resolve(app.client, dirname(path), source)), `${path}: ${source}`).toBe(true);
    }
  });
});
