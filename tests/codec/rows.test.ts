// Rows as the gateway stores them: in the JSON form, without their key, and back.
import { afterAll, describe, expect, test } from 'vitest';
import { fitsJson, isPlainInJson, throughJson, toJson } from './model/json.ts';
import { Random } from './model/random.ts';
import { sample } from './model/samples.ts';
import { subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';
import { described, Peer, sorted, type Question } from './support/peer.ts';

const { app, folder } = await subject();
const peer = new Peer(folder);
afterAll(() => peer.close());

test('random rows are stored in the JSON form, and come back', async () => {
  const failures = new Failures(app);
  let stored = 0;
  for (const route of app.routes) {
    const { table, response } = route;
    if (table === undefined) continue;
    const random = new Random(`${app.seed} row ${route.name}`);
    for (let i = 0; i < count(40, 400); i++) {
      const fields = { value: sample(response, random), ...(random.chance(0.3) && { more: sample(response, random) }) };
      const given = described({ ...fields, key: `k${i}` });
      if (given === undefined) continue;
      const answer = await peer.ask('store', table, given);
      if (answer.error !== undefined) {
        const right = fitsJson(fields) && !hasNegativeZero(fields);
        if (right) failures.add(route, fields, answer.error.message);
        continue;
      }
      stored += 1;
      const [key, data] = answer.bytes!.toString('utf8').split('\0') as [string, string];
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
      const loaded = await peer.ask('load', table, `k${i}\0${data}`);
      const back: Record<string, unknown> = { key: `k${i}` };
      for (const [name, value] of Object.entries(fields)) {
        // An optional field that is undefined is absent.
        if (name === 'value' || value !== undefined) back[name] = throughJson(response, value);
      }
      const found = loaded.error?.message ?? loaded.bytes!.toString('utf8');
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
    expect(await load('[]')).toBe('people: expected a JSON object');
    expect(await load('{')).toBe('people: expected a JSON object');
  });

  async function ask(question: Question, row: unknown): Promise<string> {
    const { bytes, error } = await peer.ask(question, 'people', described(row)!);
    return error?.message ?? bytes!.toString('utf8');
  }

  async function load(text: string): Promise<string> {
    const { bytes, error } = await peer.ask('load', 'people', `ada\0${text}`);
    return error?.message ?? bytes!.toString('utf8');
  }
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
