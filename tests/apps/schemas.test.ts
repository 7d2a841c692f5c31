// The JSON Schemas in the package describe what builds write, completely.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { beforeAll, describe, expect, test } from 'vitest';
import { type AppName, build, compiler, contentsOf, copyApp, type Workspace } from './support/workspace.ts';

const schemas = resolve(import.meta.dirname, 'node_modules/kontract/schema');
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true });
formats.default(ajv);

beforeAll(async () => {
  for (const name of ['manifest.schema.json', 'lock.schema.json']) {
    ajv.addSchema(await json(join(schemas, name)), name);
  }
});

/** What is wrong with a value; nothing when all is well. */
function errors(schema: 'manifest' | 'lock', value: unknown): string {
  const validate = ajv.getSchema(`${schema}.schema.json`)!;
  return validate(value) ? '' : ajv.errorsText(validate.errors, { separator: '\n' });
}

describe.each(['tasks', 'conduit', 'plain'] as AppName[])('%s', (name) => {
  let workspace: Workspace;
  let manifest: Json;
  let lock: Json;

  beforeAll(async () => {
    workspace = await copyApp(name);
    // The lock beside the sources is theirs.
    await build(workspace, { CI: 'true' });
    const released = join(workspace.dist, 'manifest.json');
    const env = { ...process.env, CI: '' };
    await promisify(execFile)(compiler(), ['check', '--against', released, '--release'], { cwd: workspace.root, env });
    manifest = await json(released);
    lock = await json(join(workspace.root, 'kontract.lock.json'));
  });

  test('has a manifest that its schema describes', () => {
    expect(errors('manifest', manifest)).toBe('');
    expect(Object.keys(manifest.wire.routes)).toEqual(Object.keys(manifest.routes));
  });

  test('has a lock that its schema describes', () => {
    expect(errors('lock', lock)).toBe('');
    expect(Object.keys(lock.released)).toEqual(Object.keys(manifest.routes));
  });

  test('cannot have what the schemas do not know', () => {
    const spoilt: ['manifest' | 'lock', (value: Json) => void][] = [
      ['manifest', (value) => (value.more = 1)],
      ['manifest', (value) => delete value.wire],
      ['manifest', (value) => (value.version = 2)],
      ['manifest', (value) => (first(value.routes).abi = 'sha256:1')],
      ['manifest', (value) => (first(value.routes).accepts = [])],
      ['manifest', (value) => (first(value.wire.objects).fields = [{ name: 'x', id: { value: 0 }, shape: 'text' }])],
      ['manifest', (value) => (first(value.wire.objects).kind = 'table')],
      ['lock', (value) => (value.more = 1)],
      ['lock', (value) => (value.lockVersion = 2)],
      ['lock', (value) => (first(value.types).fields = { x: { id: -1, type: 'string' } })],
      ['lock', (value) => (first(value.types).removed = [1, 1])],
      ['lock', (value) => (first(first(value.released)).objects = { 'a#b': {} })],
      ['lock', (value) => (first(value.shapes.objects).kind = 'table')],
    ];
    for (const [schema, spoil] of spoilt) {
      const value: Json = structuredClone(schema === 'manifest' ? manifest : lock);
      spoil(value);
      expect(errors(schema, value), spoil.toString()).not.toBe('');
    }
  });
});

test('every manifest of a fixture is described', async () => {
  const folder = resolve(import.meta.dirname, process.env.KONTRACT_FIXTURES ?? '../../target/fixture-outputs');
  const manifests = [...(await contentsOf(folder))].filter(([path]) => path.endsWith('dist/manifest.json'));
  expect(manifests.length).toBeGreaterThan(50);
  for (const [path, bytes] of manifests) {
    expect(errors('manifest', JSON.parse(bytes.toString())), path).toBe('');
  }
});

// Spoiling them is all that is done.
type Json = any;

async function json(path: string): Promise<Json> {
  return JSON.parse(await readFile(path, 'utf8'));
}

function first(object: Json): Json {
  return Object.values(object)[0];
}
