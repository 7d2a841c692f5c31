// `openapi.json` of a build: validated by what others wrote, and as schemas for what is sent and answered.
import { readFile } from 'node:fs/promises';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export interface Operation {
  operationId: string;
  tags?: string[];
  deprecated?: boolean;
  security?: object[];
  'x-kontract-permission': string;
  responses: Record<string, unknown>;
}

export interface Document {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, { post: Operation }>;
  components: { schemas: Record<string, Record<string, any>> };
}

export async function documentAt(path: string): Promise<Document> {
  return JSON.parse(await readFile(path, 'utf8')) as Document;
}

/** What two validators have against a document: nothing when all is well. */
export async function problems(document: Document): Promise<string[]> {
  const found: string[] = [];
  const { valid, errors } = await new Validator().validate({ ...structuredClone(document) });
  if (!valid) found.push(`@seriousme/openapi-schema-validator: ${JSON.stringify(errors)}`);
  const config = await createConfig({ extends: ['recommended'] });
  const remarks = await lintFromString({ source: JSON.stringify(document), absoluteRef: 'openapi.json', config });
  for (const { ruleId, severity, message, location } of remarks) {
    if (severity === 'error') found.push(`${ruleId}: ${message} (${location[0]?.pointer})`);
  }
  return found;
}

/** Checks requests and answers against a document; each gives what is wrong, or undefined. */
export class Checker {
  readonly #ajv = new Ajv2020({ strict: false, ownProperties: true });
  readonly #document: Document;
  readonly #known = new Map<string, ValidateFunction>();

  constructor(document: Document) {
    formats.default(this.#ajv);
    this.#ajv.addSchema(document, 'openapi.json');
    this.#document = document;
  }

  request(path: string, body: unknown): string | undefined {
    return this.#check(['paths', path, 'post', 'requestBody', ...JSON_SCHEMA], body);
  }

  answer(path: string, status: number, body: unknown): string | undefined {
    const { responses } = this.#document.paths[path]!.post;
    const range = [String(status), `${Math.floor(status / 100)}XX`].find((code) => code in responses);
    if (range === undefined) return this.#check(['components', 'responses', 'Failure', ...JSON_SCHEMA], body);
    return this.#check(['paths', path, 'post', 'responses', range, ...JSON_SCHEMA], body);
  }

  #check(place: string[], value: unknown): string | undefined {
    const pointer = place.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    let validate = this.#known.get(pointer);
    if (validate === undefined) {
      validate = this.#ajv.compile({ $ref: `openapi.json#/${pointer}` });
      this.#known.set(pointer, validate);
    }
    return validate(value) ? undefined : this.#ajv.errorsText(validate.errors);
  }
}

const JSON_SCHEMA = ['content', 'application/json', 'schema'];
