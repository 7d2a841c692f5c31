// decode(encode(x)) is x, for random types and random values.
import { expect, test } from 'vitest';
import { disguised } from './model/disguise.ts';
import { Random } from './model/random.ts';
import { difference, show } from './model/same.ts';
import { sample } from './model/samples.ts';
import { subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';

const { app, codec } = await subject();
const values = count(100, 1000);

test(`there are at least 300 types`, () => {
  expect(app.routes.length).toBeGreaterThanOrEqual(300);
});

test(`arguments of every route survive, ${values} of each`, () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} arguments ${route.name}`);
    const { encodeRequest, decodeRequest } = codec(route);
    for (let i = 0; i < values; i++) {
      const args = sample(route.request, random) as unknown[];
      failures.try(route, args, () => difference(args, decodeRequest(encodeRequest(args))));
    }
  }
  failures.report();
});

test(`results of every route survive, ${values} of each`, () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} results ${route.name}`);
    const { encodeResponse, decodeResponse } = codec(route);
    for (let i = 0; i < values; i++) {
      const result = sample(route.response, random);
      failures.try(route, result, () => difference(result, decodeResponse(encodeResponse(result))));
    }
  }
  failures.report();
});

test('rows, instances, getters, frozen objects and undefined for absent are taken; undeclared properties stay behind', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} disguise ${route.name}`);
    const { encodeResponse, decodeResponse, encodeRequest, decodeRequest } = codec(route);
    for (let i = 0; i < values / 4; i++) {
      const result = sample(route.response, random);
      const row = disguised(route.response, result, random, { extra: true });
      failures.try(route, row, () => difference(result, decodeResponse(encodeResponse(row)), 'result'));
      const args = sample(route.request, random);
      const given = disguised(route.request, args, random, { extra: false }) as unknown[];
      failures.try(route, given, () => difference(args, decodeRequest(encodeRequest(given)), 'args'));
    }
  }
  failures.report();
});

test('what an encoder returns is its own: neither later calls nor the value change it', () => {
  const failures = new Failures(app);
  const random = new Random(`${app.seed} copies`);
  const kept: { bytes: Uint8Array; copy: Uint8Array; decoded: unknown; text: string }[] = [];
  for (const route of app.routes) {
    const { encodeResponse, decodeResponse } = codec(route);
    const result = sample(route.response, random);
    failures.try(route, result, () => {
      const bytes = encodeResponse(result);
      const decoded = decodeResponse(bytes);
      kept.push({ bytes, copy: bytes.slice(), decoded, text: show(decoded) });
      return undefined;
    });
  }
  for (const { bytes, copy, decoded, text } of kept) {
    expect(Buffer.compare(bytes, copy)).toBe(0);
    bytes.fill(0xff);
    expect(show(decoded)).toBe(text);
  }
  failures.report();
});

test('an encoder that threw half way leaves the next call clean', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} throws ${route.name}`);
    const { encodeResponse, decodeResponse } = codec(route);
    const results = Array.from({ length: 4 }, () => sample(route.response, random));
    const trap = { get: () => { throw new Error('trap'); }, enumerable: true };
    for (const result of results) {
      for (const broken of trapped(result, trap)) {
        try {
          encodeResponse(broken);
        } catch (error) {
          if (!(error as Error).message.includes('trap')) failures.add(route, result, `threw ${String(error)}`);
        }
      }
      failures.try(route, result, () => difference(result, decodeResponse(encodeResponse(result))));
    }
  }
  failures.report();
});

test('an encoder that is called while another encodes', () => {
  const failures = new Failures(app);
  const random = new Random(`${app.seed} nested`);
  const inner = app.routes[3]!;
  const innerResult = sample(inner.response, random);
  for (const route of app.routes) {
    const { encodeResponse, decodeResponse } = codec(route);
    for (let i = 0; i < 4; i++) {
      const result = sample(route.response, random);
      failures.try(route, result, () => {
        const nested = withGetters(result, () => {
          const bytes = codec(inner).encodeResponse(innerResult);
          const found = difference(innerResult, codec(inner).decodeResponse(bytes), 'inner');
          if (found !== undefined) throw new Error(found);
        });
        return difference(result, decodeResponse(encodeResponse(nested)));
      });
    }
  }
  failures.report();
});

/** Copies of an object in which one property throws. */
function trapped(value: unknown, trap: PropertyDescriptor): unknown[] {
  if (!isPlainObject(value)) return [];
  return Object.keys(value).map((name) => Object.defineProperty({ ...value }, name, trap));
}

function withGetters(value: unknown, called: () => void): unknown {
  if (Array.isArray(value)) return value.map((item) => withGetters(item, called));
  if (!isPlainObject(value)) return value;
  const copy = {};
  for (const [name, item] of Object.entries(value)) {
    const inner = withGetters(item, called);
    Object.defineProperty(copy, name, { enumerable: true, get: () => (called(), inner) });
  }
  return copy;
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
