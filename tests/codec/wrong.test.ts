// What is not of the type is refused, by encoders, and in JSON; the error says where.
import { test } from 'vitest';
import { fitsJson, toJson } from './model/json.ts';
import { accepts, decoded } from './model/accepts.ts';
import { jsonRefused, spoiledJson } from './model/wrong-json.ts';
import { Random } from './model/random.ts';
import { show } from './model/same.ts';
import { sample } from './model/samples.ts';
import { spoiled, type Wrong } from './model/wrong.ts';
import { isCodecError, subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';

const { app, codec } = await subject();
const tries = count(100, 1000);

test('wrong arguments are refused by the encoder', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} wrong arguments ${route.name}`);
    const { encodeRequest, decodeRequest } = codec(route);
    for (let i = 0; i < tries; i++) {
      const wrong = spoiled(route.request, sample(route.request, random), random);
      if (wrong === undefined || !Array.isArray(wrong.value)) continue;
      const args = wrong.value as unknown[];
      failures.try(route, args, () => refused(() => decodeRequest(encodeRequest(args)), wrong, 'args'));
    }
  }
  failures.report();
});

test('wrong results are refused by the encoder and by the writer of JSON', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} wrong results ${route.name}`);
    const { encodeResponse, decodeResponse, writeResponse } = codec(route);
    for (let i = 0; i < tries; i++) {
      const right = sample(route.response, random);
      const wrong = spoiled(route.response, right, random);
      if (wrong === undefined) continue;
      failures.try(route, wrong.value, () => refused(() => decodeResponse(encodeResponse(wrong.value)), wrong, 'result'));
      // A NaN elsewhere is wrong in JSON, too.
      const inJson = { ...wrong, exact: wrong.exact && fitsJson(right) };
      failures.try(route, wrong.value, () => refused(() => writeResponse(wrong.value), inJson, 'result'));
    }
  }
  failures.report();
});

test('wrong JSON is refused', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} wrong JSON ${route.name}`);
    const { readRequest } = codec(route);
    for (let i = 0; i < tries; i++) {
      const right = toJson(route.request, sample(route.request, random, { depth: 4, length: 3, tame: true }));
      const json = spoiledJson(right, random);
      if (!jsonRefused(route.request, json)) continue;
      failures.try(route, json, () => refused(() => readRequest(json), { value: json, path: '', exact: false }, 'args'));
    }
  }
  failures.report();
});

test('whatever JSON is read, what comes of it is of the type', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} any JSON ${route.name}`);
    const { readRequest } = codec(route);
    for (let i = 0; i < tries; i++) {
      let json = toJson(route.request, sample(route.request, random, { depth: 4, length: 3, tame: true }));
      for (let times = random.between(1, 3); times > 0; times--) json = spoiledJson(json, random);
      failures.try(route, json, () => {
        let value: unknown;
        try {
          value = readRequest(json);
        } catch (error) {
          return isCodecError(error) ? undefined : `threw ${String(error)}`;
        }
        return accepts(route.request, value, decoded) ? undefined : `read as ${show(value)}`;
      });
    }
  }
  failures.report();
});

/** What is wrong with a refusal, or that there is none. */
function refused(attempt: () => unknown, wrong: Wrong, root: string): string | undefined {
  let value: unknown;
  try {
    value = attempt();
  } catch (error) {
    if (!isCodecError(error)) return `threw ${error instanceof Error ? error.stack!.slice(0, 400) : String(error)}`;
    if (!error.path.startsWith(root)) return `the path is ${error.path}: ${error.message}`;
    // What was put there may itself be wrong further down.
    if (wrong.exact && !error.path.startsWith(root + wrong.path)) return `the path is ${error.path}, not ${root}${wrong.path}: ${error.message}`;
    return undefined;
  }
  return `taken, and came back as ${show(value)}`;
}
