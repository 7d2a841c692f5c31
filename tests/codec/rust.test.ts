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
  return sorted(described(value)!);
}
