// Damaged and malicious bytes: a decoder ends soon, refuses with a CodecError or answers a value of
// the type, and never makes much of little.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { accepts, decoded, refusal } from './model/accepts.ts';
import type { Route } from './model/application.ts';
import { Random } from './model/random.ts';
import { difference, show } from './model/same.ts';
import { sample, type Size } from './model/samples.ts';
import type { Type } from './model/types.ts';
import { isCodecError, subject } from './support/codecs.ts';
import { cpuTime } from './support/cpu.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';
import { inspect } from './support/inspect.ts';
import { mutated } from './support/mutate.ts';
import { rebuild } from './support/rebuild.ts';
import { parseSchema } from './support/schema.ts';

const { app, codec, wire, schemaPath } = await subject();
const total = count(50_000, 1_200_000);
const small: Size = { depth: 4, length: 3 };

interface Target {
  route: Route;
  type: Type;
  decode(bytes: Uint8Array): unknown;
}

test(`${total} mutated buffers`, () => {
  const failures = new Failures(app);
  const random = new Random(`${app.seed} hostile`);
  const tally = { refused: 0, taken: 0, slowest: 0, heaviest: 0 };
  const each = Math.ceil(total / (2 * app.routes.length));
  const pool: Uint8Array[] = [];
  for (const route of app.routes) {
    const { encodeRequest, decodeRequest, encodeResponse, decodeResponse } = codec(route);
    const directions: [Target, (value: never) => Uint8Array][] = [
      [{ route, type: route.request, decode: decodeRequest }, encodeRequest],
      [{ route, type: route.response, decode: decodeResponse }, encodeResponse],
    ];
    for (const [target, encode] of directions) {
      const originals: Uint8Array[] = [];
      failures.try(route, 'samples', () => {
        for (let i = 0; i < 12; i++) originals.push(encode(sample(target.type, random, small) as never));
        // As another writer lays them out.
        const schema = parseSchema(readFileSync(schemaPath(route), 'utf8'));
        const { request, response } = wire.routes[route.name]!;
        const root = wire.objects[target.type === route.request ? request : response]!.name;
        originals.push(...originals.slice(0, 6).map((bytes) => rebuild(schema, inspect(schema, root, bytes))));
        return undefined;
      });
      if (originals.length === 0) continue;
      pool.push(...originals.slice(0, 2));
      const others = [...originals, ...random.some(pool, 4)];
      for (let i = 0; i < each; i++) attack(target, mutated(random.pick(originals), others, random), failures, tally);
    }
  }
  console.log(`mutated buffers: ${tally.refused} refused, ${tally.taken} taken, slowest ${tally.slowest.toFixed(1)} ms, heaviest ${tally.heaviest.toFixed(2)} of the budget`);
  failures.report();
  expect(tally.refused).toBeGreaterThan(total / 4);
  expect(tally.taken).toBeGreaterThan(0);
});

test('every byte of a small buffer set to every value, every word pointed everywhere', () => {
  const failures = new Failures(app);
  const random = new Random(`${app.seed} exhaustive`);
  const tally = { refused: 0, taken: 0, slowest: 0, heaviest: 0 };
  for (const route of random.some(app.routes, count(8, 120))) {
    const { decodeRequest, encodeRequest } = codec(route);
    const target = { route, type: route.request, decode: decodeRequest };
    failures.try(route, 'a sample', () => {
      const buffers = Array.from({ length: 20 }, () => encodeRequest(sample(route.request, random, small) as unknown[]));
      const original = buffers.sort((left, right) => left.length - right.length).findLast(({ length }) => length <= 160);
      if (original === undefined) return undefined;
      for (let at = 0; at < original.length; at++) {
        for (let value = 0; value < 256; value++) attack(target, original.with(at, value), failures, tally);
      }
      for (let at = 0; at + 4 <= original.length; at += 4) {
        for (let to = 0; to <= original.length; to += 2) {
          const bytes = original.slice();
          new DataView(bytes.buffer).setUint32(at, (to - at) >>> 0, true);
          attack(target, bytes, failures, tally);
        }
      }
      for (let length = 0; length < original.length; length++) attack(target, original.slice(0, length), failures, tally);
      return undefined;
    });
  }
  console.log(`exhausted buffers: ${tally.refused} refused, ${tally.taken} taken, slowest ${tally.slowest.toFixed(1)} ms`);
  failures.report();
  expect(tally.refused).toBeGreaterThan(1000);
});

test('bytes at any place of a larger buffer', () => {
  const failures = new Failures(app);
  const random = new Random(`${app.seed} placed`);
  for (const route of app.routes) {
    const { encodeRequest, decodeRequest } = codec(route);
    const args = sample(route.request, random, small) as unknown[];
    failures.try(route, args, () => {
      const bytes = encodeRequest(args);
      for (const offset of [1, 3, 4, 8]) {
        // What lies around must not be read: were it, the value would differ.
        const larger = new Uint8Array(bytes.length + 24).fill(0xa5);
        larger.set(bytes, offset);
        const found = difference(args, decodeRequest(larger.subarray(offset, offset + bytes.length)), `args at ${offset}`);
        if (found !== undefined) return found;
      }
      return difference(args, decodeRequest(Buffer.from(bytes)), 'args of a Buffer');
    });
  }
  failures.report();
});

test('nothing, and things that are no bytes, are refused', () => {
  for (const route of app.routes.slice(0, 50)) {
    const { decodeRequest } = codec(route);
    for (let length = 0; length < 12; length++) {
      for (const fill of [0, 1, 4, 0xff]) {
        try {
          const value = decodeRequest(new Uint8Array(length).fill(fill));
          expect(accepts(route.request, value, decoded), `${route.name} of ${length} × ${fill}: ${show(value)}`).toBe(true);
        } catch (error) {
          expect(isCodecError(error), `${route.name} of ${length} × ${fill}: ${String(error)}`).toBe(true);
        }
      }
    }
  }
});

interface Tally {
  refused: number;
  taken: number;
  slowest: number;
  heaviest: number;
}

function attack({ route, type, decode }: Target, bytes: Uint8Array, failures: Failures, tally: Tally): void {
  const before = bytes.slice();
  const started = cpuTime();
  let value: unknown;
  try {
    value = decode(bytes);
    tally.taken++;
  } catch (error) {
    tally.refused++;
    if (!isCodecError(error)) {
      failures.add(route, before, `threw ${error instanceof Error ? error.stack!.slice(0, 500) : String(error)}`);
    }
    return finish();
  }
  finish();
  const problem = refusal(type, value, decoded);
  if (problem !== undefined) failures.add(route, before, `taken as ${show(value)}: ${problem}`);
  const share = weight(value) / (4 * bytes.length + 1024);
  tally.heaviest = Math.max(tally.heaviest, share);
  if (share > 4) failures.add(route, before, `${bytes.length} bytes became ${weight(value)} of value`);

  function finish(): void {
    let time = cpuTime() - started;
    // A pause of the machine is no slowness of the decoder: the best of some tries counts.
    for (let again = 0; time > 20 && again < 3; again++) time = Math.min(time, timeOf(decode, bytes));
    tally.slowest = Math.max(tally.slowest, time);
    if (time > 20) failures.add(route, before, `took ${time.toFixed(1)} ms`);
    if (Buffer.compare(bytes, before) !== 0) failures.add(route, before, 'the decoder changed its bytes');
  }
}

function timeOf(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): number {
  const started = cpuTime();
  try {
    decode(bytes);
  } catch {
    // Refused before, too.
  }
  return cpuTime() - started;
}

/** Roughly what a value takes: one for each part, and its text and bytes. */
function weight(value: unknown): number {
  if (typeof value === 'string') return 1 + value.length;
  if (typeof value !== 'object' || value === null || value instanceof Date) return 1;
  if (value instanceof Uint8Array) return 1 + value.length;
  let sum = 1;
  if (value instanceof Map) for (const [key, item] of value) sum += weight(key) + weight(item);
  else if (value instanceof Set) for (const item of value) sum += weight(item);
  else if (Array.isArray(value)) for (const item of value) sum += weight(item);
  else for (const key of Object.keys(value)) sum += key.length + weight((value as Record<string, unknown>)[key]);
  return sum;
}
