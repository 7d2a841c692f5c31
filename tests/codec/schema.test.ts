// Schemas and bytes before witnesses that nobody here wrote: flatc, and the npm package flatbuffers.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { Route } from './model/application.ts';
import { Random } from './model/random.ts';
import { difference } from './model/same.ts';
import { sample, type Size } from './model/samples.ts';
import { subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';
import { compile, disagreement, fromJson, hasFlatc, parseJson, survivesJson, toJson } from './support/flatc.ts';
import { inspect } from './support/inspect.ts';
import { rebuild } from './support/rebuild.ts';
import { parseSchema, type Schema } from './support/schema.ts';
import { valueOf } from './support/tree.ts';

const { app, codec, wire, schemaPath } = await subject();
const folder = mkdtempSync(join(tmpdir(), 'kontract-flatc-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const schemas = new Map<string, Schema>();

interface Direction {
  name: string;
  key: string;
  root: string;
  sample(random: Random, size?: Size): unknown;
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

test('every schema compiles, with ids that are explicit and consecutive', async () => {
  expect(hasFlatc(), 'flatc of Debian’s flatbuffers-compiler').toBe(true);
  for (const path of new Set(app.routes.map(schemaPath))) await compile(path, folder);
});

test('bytes are what the format demands, and hold the value by the schema and the manifest', () => {
  const failures = new Failures(app);
  const values = count(20, 200);
  for (const [route, direction] of directions()) {
    const random = new Random(`${app.seed} inspected ${route.name}`);
    const schema = schemaOf(route);
    for (let i = 0; i < values; i++) {
      const value = direction.sample(random);
      failures.try(route, value, () => {
        const table = inspect(schema, direction.root, direction.encode(value));
        return difference(value, valueOf(wire, schema, direction.key, table), direction.name);
      });
    }
  }
  failures.report();
});

test('what the npm package flatbuffers writes is read', () => {
  const failures = new Failures(app);
  const values = count(20, 200);
  for (const [route, direction] of directions()) {
    const random = new Random(`${app.seed} rebuilt ${route.name}`);
    const schema = schemaOf(route);
    for (let i = 0; i < values; i++) {
      const value = direction.sample(random);
      failures.try(route, value, () => {
        const bytes = rebuild(schema, inspect(schema, direction.root, direction.encode(value)));
        return difference(value, direction.decode(bytes), direction.name);
      });
    }
  }
  failures.report();
});

test('flatc reads our bytes as we do, and we read what flatc writes', async () => {
  const failures = new Failures(app);
  const tame: Size = { depth: 4, length: 3, tame: true };
  const values = count(6, 60);
  // The same type in both directions is the same twice.
  const work = [...directions()].filter((_, index) => process.env.KONTRACT_PROVE || (index + (index >> 1)) % 2 === 0);
  const one = async ([route, direction]: [Route, Direction]) => {
    const random = new Random(`${app.seed} flatc ${route.name}`);
    const schema = schemaOf(route);
    // Half of them with numbers that flatc's JSON keeps exactly, which can make the way back.
    const samples = Array.from({ length: values }, (_, index) => direction.sample(random, index % 2 === 0 ? tame : undefined));
    const buffers: Uint8Array[] = [];
    failures.try(route, samples, () => void buffers.push(...samples.map((value) => direction.encode(value))));
    if (buffers.length < samples.length) return;
    const root = schema.namespace === '' ? direction.root : `${schema.namespace}.${direction.root}`;
    try {
      const place = join(folder, `${route.name}-${direction.name}`);
      const texts = await toJson(schemaPath(route), root, buffers, place);
      const back: number[] = [];
      for (const [index, text] of texts.entries()) {
        failures.try(route, samples[index], () => {
          const table = inspect(schema, direction.root, buffers[index]!);
          if (index % 2 === 0 && survivesJson(table)) back.push(index);
          return disagreement(parseJson(text), table);
        });
      }
      const foreign = await fromJson(schemaPath(route), root, back.map((index) => texts[index]!), place);
      for (const [at, bytes] of foreign.entries()) {
        const value = samples[back[at]!];
        failures.try(route, value, () => difference(value, direction.decode(bytes), `${direction.name} of flatc`));
      }
    } catch (error) {
      failures.add(route, samples, String(error).slice(0, 1000));
    }
  };
  // Two at a time: each is a process.
  await Promise.all([0, 1].map(async () => {
    for (let next = work.pop(); next !== undefined; next = work.pop()) await one(next);
  }));
  failures.report();
});

function* directions(): Generator<[Route, Direction]> {
  for (const route of app.routes) {
    const { request, response } = wire.routes[route.name]!;
    const { encodeRequest, decodeRequest, encodeResponse, decodeResponse } = codec(route);
    yield [route, {
      name: 'args', key: request, root: wire.objects[request]!.name,
      sample: (random, size) => sample(route.request, random, size),
      encode: (value) => encodeRequest(value as unknown[]), decode: decodeRequest,
    }];
    yield [route, {
      name: 'result', key: response, root: wire.objects[response]!.name,
      sample: (random, size) => sample(route.response, random, size),
      encode: encodeResponse, decode: decodeResponse,
    }];
  }
}

function schemaOf(route: Route): Schema {
  const path = schemaPath(route);
  const known = schemas.get(path) ?? parseSchema(readFileSync(path, 'utf8'));
  schemas.set(path, known);
  return known;
}
