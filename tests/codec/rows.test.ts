// Rows as hosts store them: in the JSON form, without their key, and back. The gateway does it by the
// manifest, hosts in JavaScript by generated code.
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { fitsJson, isPlainInJson, throughJson, toJson } from './model/json.ts';
import { Random } from './model/random.ts';
import { sample } from './model/samples.ts';
import { load as loadModule, subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';
import { described, Peer, type Question, sorted } from './support/peer.ts';

const { app, folder } = await subject();
const peer = new Peer(folder);
afterAll(() => peer.close());

interface RowCodec {
  write(row: object): object;
  patch(part: object): object;
  read(row: object): object;
}

/** Rows come and go as `<key as JSON>\0<fields as JSON>`. */
interface Store {
  /** undefined: the row cannot be told to it. */
  write(how: 'store' | 'patch', table: string, row: unknown): Promise<string> | undefined;
  /** Described. */
  load(table: string, id: string, fields: string): Promise<string>;
}

const gateway: Store = {
  write(how, table, row) {
    const given = described(row);
    return given === undefined ? undefined : asked(how, table, given);
  },
  load: (table, id, fields) => asked('load', table, `${id}\0${fields}`),
};

async function asked(question: Question, table: string, message: string): Promise<string> {
  const { bytes, error } = await peer.ask(question, table, message);
  if (error !== undefined) throw new Error(error.message);
  return bytes!.toString('utf8');
}

const { __kontract_rows: codecs } = (await loadModule(join(folder, 'dist/server/__kontract_rows.js'))) as {
  __kontract_rows: Record<string, RowCodec>;
};

const generated: Store = {
  async write(how, table, row) {
    const { [keyOf(table)]: key = null, ...data } = codecs[table]![how === 'store' ? 'write' : 'patch'](row as object) as Record<string, unknown>;
    return `${JSON.stringify(key)}\0${JSON.stringify(data)}`;
  },
  async load(table, id, fields) {
    const key = keyOf(table);
    const row = { [key]: id, ...(JSON.parse(fields) as object), [key]: id };
    return sorted(described(codecs[table]!.read(row))!);
  },
};

const keyOf = (table: string): string => (table === 'people' ? 'id' : 'key');

/** What came of it, or what was said. */
async function outcome(done: Promise<string> | undefined): Promise<string> {
  try {
    return (await done)!;
  } catch (error) {
    if (done === undefined) throw error;
    return (error as Error).message;
  }
}

describe.each([['the gateway', gateway], ['generated code', generated]] as const)('stored by %s', (_, store) => {
  test('random rows are stored in the JSON form, and come back', async () => {
    const failures = new Failures(app);
    let stored = 0;
    for (const route of app.routes) {
      const { table, response } = route;
      if (table === undefined) continue;
      const random = new Random(`${app.seed} row ${route.name}`);
      for (let i = 0; i < count(40, 400); i++) {
        const fields = { value: sample(response, random), ...(random.chance(0.3) && { more: sample(response, random) }) };
        const written = store.write('store', table, { ...fields, key: `k${i}` });
        if (written === undefined) continue;
        const answer = await outcome(written);
        if (!answer.includes('\0')) {
          const right = fitsJson(fields) && !hasNegativeZero(fields);
          if (right) failures.add(route, fields, answer);
          continue;
        }
        stored += 1;
        const [key, data] = answer.split('\0') as [string, string];
        const json = Object.entries(fields).flatMap(([name, value]) => {
          const part = toJson(response, value);
          return part === undefined ? [] : [[name, part] as const];
        });
        const expected: unknown = JSON.parse(JSON.stringify(Object.fromEntries(json)));
        if (key !== `"k${i}"` || ordered(JSON.parse(data)) !== ordered(expected)) {
          failures.add(route, fields, `stored as ${key} ${data}`);
          continue;
        }
        if (!isPlainInJson(response)) continue;
        const found = await outcome(store.load(table, `k${i}`, data));
        const back: Record<string, unknown> = { key: `k${i}` };
        for (const [name, value] of Object.entries(fields)) {
          // An optional field that is undefined is absent.
          if (name === 'value' || value !== undefined) back[name] = throughJson(response, value);
        }
        if (found !== sorted(described(back)!)) failures.add(route, fields, `came back as ${found}`);
      }
    }
    failures.report();
    expect(stored).toBeGreaterThan(1000);
  });

  describe('a row', () => {
    const person = { id: 'ada', name: 'Ada', born: new Date(0), size: 1.5, big: 2n ** 63n - 1n, tags: new Set(['x']), note: undefined };
    const data = '{"name":"Ada","born":"1970-01-01T00:00:00.000Z","size":1.5,"big":"9223372036854775807","tags":["x"]}';

    test('is stored with its hidden fields, without its key', async () => {
      expect(await ask('store', { ...person, password: 'p' })).toBe(`"ada"\0${data.slice(0, -1)},"password":"p"}`.replace(',"tags":["x"],"password":"p"', ',"password":"p","tags":["x"]'));
      const { id, ...keyless } = person;
      expect(await ask('store', keyless)).toBe(`null\0${data}`);
      expect(id).toBe('ada');
    });

    test('is changed in part', async () => {
      expect(await ask('patch', { name: 'B', tags: undefined })).toBe('null\0{"name":"B"}');
      expect(await ask('patch', { note: null })).toBe('null\0{"note":null}');
      expect(await ask('patch', {})).toBe('null\0{}');
    });

    test.each([
      [{ ...person, name: 1 }, 'people.name: expected string'],
      [{ ...person, name: 'a\0' }, 'people.name: expected string of well-formed Unicode without U+0000'],
      [{ ...person, other: 1 }, 'people.other: unexpected property'],
      [{ ...person, size: -0 }, 'people.size: expected number other than -0'],
      [{ ...person, size: NaN }, 'people.size: expected finite number'],
      [{ ...person, size: Infinity }, 'people.size: expected finite number'],
      [{ ...person, anything: [1, { a: -0 }] }, 'people.anything[1].a: expected number other than -0'],
      [{ ...person, anything: { a: new Date(0) } }, 'people.anything.a: expected JSON data'],
      [{ ...person, big: 2n ** 63n }, 'people.big: expected bigint from -2^63 to 2^63 - 1'],
      [{ ...person, born: new Date(NaN) }, 'people.born: expected valid date'],
      [{ ...person, id: 1 }, 'people.id: expected string'],
      [{ ...person, id: 'a\0' }, 'people.id: expected string of well-formed Unicode without U+0000'],
      [{ id: 'x', name: 'x' }, 'people.born: expected valid date'],
      [[person], 'people: expected an object'],
      [null, 'people: expected an object'],
      [new Date(0), 'people: expected an object'],
    ])('is refused: %o', async (row, message) => {
      expect(await ask('store', row)).toBe(message);
    });

    test('may have been stored by another version', async () => {
      const older = `{"gone":{"a":[1]},${data.slice(1)}`;
      expect(await load(older)).toEqual(sorted(described(person)!));
      expect(await load(data.replace(',"tags":["x"]', ''))).not.toContain('tags');
      // As PostgreSQL prints what it stored.
      expect(await load('{"id": "other", "big": "1", "born": "1970-01-01T00:00:00.000Z", "name": "Ada", "size": 1000000000000000000000}')).toContain('["string","ada"]');
      expect(await load('{"name":"Ada"}')).toBe('people.born: expected date as an RFC 3339 string');
    });

    const ask = (how: 'store' | 'patch', row: unknown): Promise<string> => outcome(store.write(how, 'people', row));
    const load = (text: string): Promise<string> => outcome(store.load('people', 'ada', text));
  });
});

test.each(['[]', '{'])('%s is no row', async (text) => {
  expect(await outcome(gateway.load('people', 'ada', text))).toBe('people: expected a JSON object');
});

/** With properties in an order of their own. */
function ordered(value: unknown): string {
  return sorted(described(value)!);
}

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'number') return Object.is(value, -0);
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) return false;
  if (value instanceof Map) return [...value].some((entry) => entry.some(hasNegativeZero));
  if (value instanceof Set) return [...value].some(hasNegativeZero);
  return Object.values(value).some(hasNegativeZero);
}
