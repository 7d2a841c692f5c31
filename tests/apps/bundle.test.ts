// What bundlers take of a client into a page: what is called, and nothing of the server's.
import { join } from 'node:path';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { buildApp } from './support/workspace.ts';

test.each(['tasks', 'conduit'] as const)('a page that calls one route of %s holds no part of a codec that is for servers', async (application) => {
  const app = await buildApp(application);
  const index = (await import(join(app.dist, 'client/index.js'))) as Record<string, unknown>;
  const stubs = Object.keys(index).filter((stub) => typeof index[stub] === 'function');
  expect(stubs).not.toEqual([]);
  for (const stub of stubs) {
    const contents = `import { ${stub} } from './client/index.js'; globalThis.page = ${stub};`;
    const { outputFiles } = await build({
      stdin: { contents, resolveDir: app.dist },
      bundle: true,
      format: 'esm',
      write: false,
    });
    const text = outputFiles[0]!.text;
    const names = [...text.matchAll(/^(?:async )?(?:function|var|const) ([\w$]+)/gm)].map((match) => match[1]!);
    expect(names.filter((name) => /_(decodeRequest|readRequest|encodeResponse|writeResponse|codec|read|write|isJson)$/.test(name))).toEqual([]);
    expect(names.filter((name) => /_(encodeRequest|decodeResponse)$/.test(name))).toHaveLength(2);
  }
});
