// The document of the JSON endpoint, against the endpoint: what either of them takes, the other takes.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { inject, test } from 'vitest';
import { fitsJson, toJson } from './model/json.ts';
import { Random } from './model/random.ts';
import { sample } from './model/samples.ts';
import { spoiledJson } from './model/wrong-json.ts';
import { isCodecError, subject } from './support/codecs.ts';
import { count } from './support/counts.ts';
import { Failures } from './support/failures.ts';

const { app, codec } = await subject();
const values = count(60, 600);

const document = JSON.parse(await readFile(join(inject('project'), 'dist/openapi.json'), 'utf8')) as object;
const ajv = new Ajv2020({ strict: false, ownProperties: true });
formats.default(ajv);
ajv.addSchema(document, 'openapi.json');

const REQUEST = 'requestBody/content/application~1json/schema';
const RESPONSE = 'responses/200/content/application~1json/schema';

/** Of an operation, the schema at a place. */
function schema(route: string, place: string): ValidateFunction {
  return ajv.compile({ $ref: `openapi.json#/paths/~1rpc~1${route}/post/${place}` });
}

test('every result is of its schema', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} openapi written ${route.name}`);
    const { writeResponse } = codec(route);
    const validate = schema(route.name, RESPONSE);
    for (let i = 0; i < values; i++) {
      const result = sample(route.response, random);
      if (!fitsJson(result)) continue;
      failures.try(route, result, () => {
        const json = JSON.parse(JSON.stringify({ result: writeResponse(result) })) as unknown;
        return validate(json) ? undefined : `${JSON.stringify(json)}: ${ajv.errorsText(validate.errors)}`;
      });
    }
  }
  failures.report();
});

test('arguments are of the schema where the endpoint takes them, and only there', () => {
  const failures = new Failures(app);
  for (const route of app.routes) {
    const random = new Random(`${app.seed} openapi read ${route.name}`);
    const { readRequest } = codec(route);
    const validate = schema(route.name, REQUEST);
    for (let i = 0; i < values; i++) {
      const args = sample(route.request, random) as unknown[];
      if (!fitsJson(args)) continue;
      const right = JSON.parse(JSON.stringify(toJson(route.request, args))) as unknown;
      for (const json of [right, spoiledJson(right, random)]) {
        failures.try(route, json, () => {
          let error: unknown;
          try {
            readRequest(json as unknown[]);
          } catch (thrown) {
            error = thrown;
          }
          const isValid = validate(json);
          if (error === undefined) {
            return isValid ? undefined : `the schema refuses ${JSON.stringify(json)}: ${ajv.errorsText(validate.errors)}`;
          }
          if (!isCodecError(error)) return `threw ${String(error)}`;
          if (!isValid || BEYOND.test(error.message)) return undefined;
          return `the schema takes ${JSON.stringify(json)}: ${error.message}`;
        });
      }
    }
  }
  failures.report();
});

/**
 * What JSON Schema cannot say, or only in a format that need not be checked: Unicode, keys of
 * JavaScript's own, the range of 64 bits, dates that do not exist, equal keys. And ajv does not
 * miss a required property whose name is empty.
 */
const BEYOND = /well-formed Unicode|RFC 3339|2\^6[34]|not allowed|distinct values|\[""\]: expected/;
