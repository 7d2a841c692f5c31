// The gateway's codec in Rust does what the generated ones do: the same bytes, the same JSON, the
// same values, the same words of refusal.
import { afterAll, expect, test } from 'vitest';
import { Random } from './model/random.ts';
import { toJson, fitsJson } from './model/json.ts';
import { sample, type Size } from './model/samples.ts';
import type { Route } from './model/application.ts';
import { spoiledJson } from './model/wrong-json.ts';
import { spoiled } from './model/wrong.ts';
import { isCodecError, subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';
import { mutated } from './support/mutate.ts';
import { described, Peer, sorted, type Answer, type Question } from './support/peer.ts';

const { app, codec, folder } = await subject();
const peer = new Peer(folder);
afterAll(() => peer.close());
const values = count(20, 200);
const small: Size = { depth: 4, length: 3 };

test('values of all types come to the same, in both directions and both forms', async () => {
  const { failures, compare } = comparison();
  for (const route of app.routes) {
    const random = new Random(`${app.seed} rust ${route.name}`);
    const { encodeRequest, decodeRequest, readRequest, encodeResponse, writeResponse } = codec(route);
    await each(values, async () => {
      const args = sample(route.request, random) as unknown[];
      const result = sample(route.response, random);
      const bytes = encodeRequest(args);
      await compare(route, 'decode', args, bytes, () => valueOf(decodeRequest(bytes)));
      const given = described(result);
      if (given !== undefined) {
        await compare(route, 'encode', result, given, () => Buffer.from(encodeResponse(result)).toString('hex'));
        await compare(route, 'write', result, given, () => JSON.stringify({ result: writeResponse(result) }));
      }
      if (fitsJson(args)) {
        const json = JSON.stringify(toJson(route.request, args));
        await compare(route, 'read', args, json, () => valueOf(readRequest(JSON.parse(json))));
      }
    });
  }
  failures.report();
});

test('wrong values are refused in the same words', async () => {
  const { failures, compare, tally } = comparison();
  for (const route of app.routes) {
    const random = new Random(`${app.seed} rust wrong ${route.name}`);
    const { readRequest, encodeResponse, writeResponse } = codec(route);
    await each(values, async () => {
      const wrong = spoiled(route.response, sample(route.response, random), random);
      const given = wrong && described(wrong.value);
      let json = toJson(route.request, sample(route.request, random, { ...small, tame: true }));
      for (let times = random.between(1, 3); times > 0; times--) json = spoiledJson(json, random);
      const text = JSON.stringify(json) as string | undefined;
      if (given !== undefined) {
        await compare(route, 'encode', wrong!.value, given, () => Buffer.from(encodeResponse(wrong!.value)).toString('hex'));
        await compare(route, 'write', wrong!.value, given, () => JSON.stringify({ result: writeResponse(wrong!.value) }));
      }
      if (text === undefined || !Array.isArray(json)) return;
      await compare(route, 'read', json, text, () => valueOf(readRequest(JSON.parse(text))));
    });
  }
  failures.report();
  expect(tally.refused).toBeGreaterThan(tally.taken);
});

test('damaged bytes are taken or refused alike', async () => {
  const { failures, compare, tally } = comparison();
  for (const route of app.routes) {
    const random = new Random(`${app.seed} rust hostile ${route.name}`);
    const { encodeRequest, decodeRequest } = codec(route);
    const originals = Array.from({ length: 8 }, () => encodeRequest(sample(route.request, random, small) as unknown[]));
    await each(3 * values, async () => {
      const bytes = mutated(random.pick(originals), originals, random);
      await compare(route, 'decode', bytes, bytes, () => valueOf(decodeRequest(bytes)));
    });
  }
  failures.report();
  expect(tally.refused).toBeGreaterThan(0);
  expect(tally.taken).toBeGreaterThan(0);
});

test('depth, hidden fields, defaults, names that objects inherit, parameters', async () => {
  const { failures, compare, tally } = comparison();
  const nested = (levels: number, wrap: (inner: unknown) => unknown, value: unknown): unknown => (levels === 0 ? value : wrap(nested(levels - 1, wrap, value)));
  const chain = (levels: number) => nested(levels, (next) => ({ next }), {});
  const list = (levels: number) => nested(levels, (inner) => [inner], 1);
  const cases: [name: string, ...args: unknown[]][] = [
    ...[62, 63, 64, 65].flatMap((levels): [string, unknown][] => [
      ['chain', chain(levels)], ['nest', list(levels)], ['anything', list(levels)], ['anything', chain(levels)],
      ['tree', nested(Math.floor(levels / 2), (inner) => ({ name: 'x', children: [inner] }), { name: 'y', children: [] })],
    ]),
    ...[10, 30].map((levels): [string, unknown] => ['nest', list(levels)]),
    ['inherited', {}], ['inherited', { constructor: 'a', toString: 1, valueOf: true, hasOwnProperty: null, isPrototypeOf: ['x'], __defineGetter__: 1n }],
    ['account', { id: 'a', password: 'p', owner: { name: 'n', token: 't' } }], ['account', { id: 'a' }], ['account', { id: 'a', owner: { name: 1 } }],
    ['settings', {}], ['settings', { name: 'n' }], ['settings', { name: 'n', theme: 'dark', size: 0, on: false }], ['settings', { name: 'n', theme: null }],
    ['several', 'a'], ['several', 'a', 1], ['several', 'a', undefined, null], ['several', 'a', 1, 'c', true, false], ['several', 'a', 1, 'c', 1], ['several'], ['several', 'a', null],
    ['nothing'], ['nothing', 1],
    ['record', { a: 1, '': 2, ' ': 3, '007': 4, ...JSON.parse('{"__proto__": 1}') }], ['record', { a: 1, b: undefined }], ['record', { 'a\0': 1 }],
    ['map', new Map([['a', 1], ['', 2]])], ['set', new Set(['a', 'b'])], ['set', new Set()],
    ['numbers', [0, -0, 1e21, 1e-7, 123456789012345680000, 5e-324, 1.7976931348623157e308, 0.1, 2 ** 53, -1e-6, 1e300]], ['numbers', [NaN, Infinity, -Infinity]],
    ['bigints', [0n, -(2n ** 63n), 2n ** 63n - 1n]], ['bigints', [2n ** 63n]],
    ['bytes', new Uint8Array([0, 255, 1])], ['flags', [true, false]], ['nullable', [null, 1]], ['strings', ['\u2028\u2029\u0001\u001f"\\/\b\f\n\r\t\u007f😀']],
    ['anything', { constructor: { prototype: 1 } }], ['anything', JSON.parse('{"a": {"__proto__": 1}}')], ['anything', [undefined]], ['anything', { a: undefined, b: new Date(0) }],
    ['anything', [1, 2.5, -0]], ['anything', [1, 2]], ['anything', [1, 'x', null, true, { a: [[]] }]], ['anything', { b: 1, a: 2, '\ue000': 3, '😀': 4 }],
  ];
  for (const [name, ...args] of cases) {
    const route = { name, module: 'limits' } as Route;
    const { encodeRequest, decodeRequest, readRequest, encodeResponse, writeResponse } = codec(route);
    const given = described(args[0]);
    if (given !== undefined) {
      await compare(route, 'encode', args[0], given, () => Buffer.from(encodeResponse(args[0])).toString('hex'));
      await compare(route, 'write', args[0], given, () => JSON.stringify({ result: writeResponse(args[0]) }));
    }
    const json = JSON.stringify(args, (_, part: unknown) => (typeof part === 'bigint' ? String(part) : part instanceof Map || part instanceof Set ? [...part] : part));
    await compare(route, 'read', args, json, () => valueOf(readRequest(JSON.parse(json))));
    let bytes: Uint8Array;
    try {
      bytes = encodeRequest(args);
    } catch {
      continue;
    }
    await compare(route, 'decode', args, bytes, () => valueOf(decodeRequest(bytes)));
  }
  failures.report();
  expect(tally.taken).toBeGreaterThan(cases.length);
});

test('JSON is read as JSON.parse reads it', async () => {
  const { failures, compare } = comparison();
  const texts = [
    '["a","b"]', ' [\t"a" ,\n"b"\r] ', '[]', '["\\u0041\\n\\ud83d\\ude00"]', '["\\ud800"]', '["\\udc00x"]', '["\\ud800\\ud83d\\ude00"]', '["\\u0000"]', '["\u0001"]',
    '["a",]', '[,]', '["a"', '["a"]]', '{}', '{"0":"a"}', '"a"', '1', 'null', '', ' ', '[tru]', '[truee]', '[nul', '["\\x"]', '["\\u12"]', '["a\nb"]', "['a']", '[NaN]', '[Infinity]',
    '\ufeff["a"]', '["a"]\u00a0', '[01]', '[1.]', '[.5]', '[1e]', '[+1]', '[-]', '[--1]', '[0x1]', '[1e5]',
  ];
  const read = (route: Route, text: string) => {
    if (text === '') return codec(route).readRequest([]);
    let json: unknown;
    try {
      // The host's decoder takes a mark at the beginning away.
      json = JSON.parse(text.replace(/^\ufeff/, ''));
    } catch {
      throw refused('expected JSON');
    }
    if (!Array.isArray(json)) throw refused('expected an array of arguments');
    return codec(route).readRequest(json);
  };
  for (const name of ['strings', 'numbers', 'anything', 'record']) {
    const route = { name, module: 'limits' } as Route;
    const numbers = ['0', '-0', '1e400', '-1e400', '1e-400', '9007199254740993', '123456789012345678901234567890', '0.1', '1E+2', '2.2250738585072011e-308', '1.7976931348623159e308', '-1.5e-7', '1234567890123456', '0.30000000000000004'];
    for (const text of [...texts.flatMap((text) => [text, `[${text}]`]), ...numbers.flatMap((number) => [`[${number}]`, `[[${number}]]`, `[{"a":${number}}]`]), '[{"a":1,"a":2}]', '[{"a":1,"b":3,"a":2}]', '[{"__proto__":1}]', `[{${Array.from({ length: 40 }, (_, i) => `"k${i % 25}":${i}`).join()}}]`]) {
      await compare(route, 'read', text, text, () => valueOf(read(route, text)));
    }
  }
  failures.report();
});

test('dates are read and written as JavaScript does', async () => {
  const { failures, compare } = comparison();
  const route = app.routes.find(({ response }) => response.kind === 'date')!;
  const random = new Random(`${app.seed} dates`);
  const { readRequest, writeResponse } = codec(route);
  const parts = ['2024', '0000', '1970', '9999', '+012345', '-000001', '-000000', '+275760', '+275761', '-271821', '-271822', '2023', '1900', '2000', '24', '-2024'];
  for (let i = 0; i < 40 * values; i++) {
    const time = Math.trunc((random.fraction() - 0.5) * 10 ** random.between(1, 17));
    await compare(route, 'write', time, described(new Date(time))!, () => JSON.stringify({ result: writeResponse(new Date(time)) }));
    const two = (most: number) => String(random.below(most)).padStart(random.chance(0.98) ? 2 : 1, '0');
    const zone = random.pick(['Z', 'z', '+00:00', '-00:00', `+${two(25)}:${two(61)}`, `-${two(25)}:${two(61)}`, '', '+0100']);
    const fraction = random.pick(['', '', '.0', '.1', '.12', '.123', '.1239', '.999999999999', '.', ',1']);
    const text = `${random.pick(parts)}-${two(14)}-${two(33)}${random.pick(['T', 'T', 'T', 't', ' '])}${two(25)}:${two(61)}:${two(61)}${fraction}${zone}`;
    const json = JSON.stringify([text]);
    await compare(route, 'read', text, json, () => valueOf(readRequest([text])));
  }
  failures.report();
});

function refused(fault: string): Error {
  return Object.assign(new Error(`body: ${fault}`), { name: 'CodecError', path: '' });
}

/** Many questions at a time, since each is a way to another process. */
async function each(times: number, run: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: times }, run));
}

function comparison() {
  const failures = new Failures(app);
  const tally = { taken: 0, refused: 0 };
  /** Of what JavaScript makes of something with what Rust makes of it. */
  async function compare(route: Route, question: Question, value: unknown, message: Uint8Array | string, ours: () => string): Promise<void> {
    let expected: string;
    try {
      expected = ours();
      tally.taken++;
    } catch (error) {
      if (!isCodecError(error)) throw error;
      expected = `refused at ${error.path}: ${error.message}`;
      tally.refused++;
    }
    const found = textOf(question, await peer.ask(question, route.name, message));
    if (!same(question, found, expected)) failures.add(route, value, `${question}: ${found}\n    instead of ${expected}`);
  }
  return { failures, compare, tally };
}

function textOf(question: Question, { bytes, error }: Answer): string {
  if (error !== undefined) return `refused at ${error.path}: ${error.message}`;
  return bytes!.toString(question === 'encode' ? 'hex' : 'utf8');
}

function same(question: Question, found: string, expected: string): boolean {
  if (found === expected) return true;
  // Rust tells the table as well, where it is one around an element.
  if (expected.endsWith(': a field that is not known here')) return found.endsWith(': a field that is not known here');
  // JavaScript gives keys that are digits before all others.
  return question === 'write' && found.length === expected.length && found.startsWith('{') && JSON.stringify(JSON.parse(found)) === expected;
}

function valueOf(value: unknown): string {
  return sorted(described(value, 200)!);
}
