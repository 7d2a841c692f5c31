// The JSON form of the same types: as described, and back, and the same as through the bytes.
import { test } from 'vitest';
import { fitsJson, isPlainInJson, throughJson, toJson } from './model/json.ts';
import { Random } from './model/random.ts';
import { difference, show } from './model/same.ts';
import { sample } from './model/samples.ts';
import { isCodecError, subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';

const { app, codec } = await subject();
const values = count(100, 1000);

test('results are written as described', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} written ${route.name}`);
    const { writeResponse } = codec(route);
    for (let i = 0; i < values; i++) {
      const result = sample(route.response, random);
      if (!fitsJson(result)) continue;
      failures.try(route, result, () => {
        const text = JSON.stringify(writeResponse(result)) as string | undefined;
        const expected = JSON.stringify(toJson(route.response, result)) as string | undefined;
        if (text === undefined || expected === undefined) return text === expected ? undefined : `${text} instead of ${expected}`;
        return difference(JSON.parse(expected), JSON.parse(text), 'JSON');
      });
    }
  }
  failures.report();
});

test('what JSON has no form for is an error with a path', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} no JSON ${route.name}`);
    const { writeResponse } = codec(route);
    for (let i = 0; i < values; i++) {
      const result = sample(route.response, random);
      // Years of more digits are for the writer to decide.
      if (fitsJson(result) || hasFarDate(result)) continue;
      failures.try(route, result, () => {
        try {
          return `written as ${JSON.stringify(writeResponse(result))}`;
        } catch (error) {
          return isCodecError(error) && error.path.startsWith('result') ? undefined : `threw ${String(error)}`;
        }
      });
    }
  }
  failures.report();
});

test('arguments are read from JSON as from bytes', () => {
  const failures = new Failures(app);
  for (const route of app.routes.filter((candidate) => isPlainInJson(candidate.request))) {
    const random = new Random(`${app.seed} read ${route.name}`);
    const { readRequest, encodeRequest, decodeRequest } = codec(route);
    for (let i = 0; i < values; i++) {
      const args = sample(route.request, random) as unknown[];
      if (!fitsJson(args)) continue;
      failures.try(route, args, () => {
        const json = JSON.parse(JSON.stringify(toJson(route.request, args))) as unknown;
        const expected = throughJson(route.request, args) as unknown[];
        const read = readRequest(json);
        return (
          difference(trimmed(expected), trimmed(read), 'args') ??
          difference(trimmed(expected), trimmed(decodeRequest(encodeRequest(read))), `bytes of ${show(read)}`)
        );
      });
    }
  }
  failures.report();
});

test('what a result is written as can be read as an argument', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const [parameter, ...others] = route.request.positions;
    if (parameter?.type !== route.response || others.length > 0 || !isPlainInJson(route.response)) continue;
    const random = new Random(`${app.seed} both ${route.name}`);
    const { readRequest, writeResponse } = codec(route);
    for (let i = 0; i < values; i++) {
      const result = sample(route.response, random);
      if (!fitsJson(result)) continue;
      failures.try(route, result, () => {
        const written = writeResponse(result);
        const json = JSON.parse(JSON.stringify(written === undefined ? [] : [written])) as unknown;
        return difference(trimmed([throughJson(route.response, result)]), trimmed(readRequest(json)), 'args');
      });
    }
  }
  failures.report();
});

/** Whether an undefined at the end is there makes no difference to a function. */
function trimmed(args: readonly unknown[]): unknown[] {
  return args.slice(0, args.findLastIndex((item) => item !== undefined) + 1);
}

function hasFarDate(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return false;
  if (value instanceof Date) return !fitsJson(value);
  if (value instanceof Map) return [...value].some((entry) => entry.some(hasFarDate));
  if (value instanceof Set) return [...value].some(hasFarDate);
  return Object.values(value).some(hasFarDate);
}
