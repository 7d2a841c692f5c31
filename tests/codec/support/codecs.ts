// The generated codecs of the application under test.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inject } from 'vitest';
import { application, type Application, type Route } from '../model/application.ts';
import type { Wire } from './tree.ts';

export interface Codec {
  encodeRequest(args: unknown[]): Uint8Array;
  decodeRequest(bytes: Uint8Array): unknown[];
  readRequest(json: unknown): unknown[];
  encodeResponse(result: unknown): Uint8Array;
  decodeResponse(bytes: Uint8Array): unknown;
  writeResponse(result: unknown): unknown;
}

export interface Subject {
  app: Application;
  folder: string;
  wire: Wire;
  codec(route: Pick<Route, 'name' | 'module'>): Codec;
  /** Of the schema of a route's module. */
  schemaPath(route: Pick<Route, 'module'>): string;
}

const names = ['encodeRequest', 'decodeRequest', 'readRequest', 'encodeResponse', 'decodeResponse', 'writeResponse'] as const;

export async function subject(): Promise<Subject> {
  const app = application(inject('seed'), inject('routes'));
  const folder = inject('project');
  const { wire } = JSON.parse(readFileSync(join(folder, 'dist/manifest.json'), 'utf8')) as { wire: Wire };
  const codecs = new Map<string, Codec>();
  const limits = Object.keys(wire.routes).flatMap((name) => (/^f\d+$/.test(name) ? [] : [{ name, module: 'limits' }]));
  const all = [...app.routes, ...limits];
  for (const module of new Set(all.map((route) => route.module))) {
    const exports = await load(join(folder, `dist/codec/${module}.js`));
    for (const route of all.filter((candidate) => candidate.module === module)) {
      codecs.set(route.name, codecOf(exports, wire.routes[route.name]!.ident));
    }
  }
  return {
    app,
    folder,
    wire,
    codec: (route) => codecs.get(route.name)!,
    schemaPath: (route) => join(folder, `dist/schema/${route.module}.fbs`),
  };
}

export function load(path: string): Promise<Record<string, unknown>> {
  return import(/* @vite-ignore */ pathToFileURL(path).href) as Promise<Record<string, unknown>>;
}

export function codecOf(exports: Record<string, unknown>, ident: string): Codec {
  return Object.fromEntries(
    names.map((name) => {
      const found = exports[`${ident}_${name}`];
      if (typeof found !== 'function') throw new Error(`${ident}_${name} is not exported`);
      return [name, found];
    }),
  ) as unknown as Codec;
}

/** What a codec throws for values and bytes that are not of the type; anything else is a defect. */
export function isCodecError(error: unknown): error is Error & { path: string } {
  return error instanceof Error && error.name === 'CodecError' && typeof (error as { path?: unknown }).path === 'string';
}
