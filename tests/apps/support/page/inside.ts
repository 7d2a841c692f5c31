// In the page: a generated client, and what the tests ask of it.
import * as library from 'kontract/client';
import type { Asked, Inside, Outcome, Shape } from './shape.ts';

async function load(path: string): Promise<Shape> {
  return shapeOf(await import(path));
}

async function call({ thing, args, settings }: Asked): Promise<Outcome> {
  try {
    library.configure(settings);
    return { value: await (things[thing] as (...args: unknown[]) => unknown)(...args) };
  } catch (error) {
    if (!(error instanceof Error)) return { type: '', fields: { message: String(error) } };
    const [type = ''] = Object.entries(library).find(([, value]) => value === error.constructor) ?? [];
    const { name, message, stack } = error;
    return { type, fields: { ...error, name, message, stack } };
  }
}

function shapeOf(value: unknown): Shape {
  const isFunction = typeof value === 'function';
  if (!isFunction && (typeof value !== 'object' || value === null)) return { value };
  const known = things.indexOf(value);
  if (known !== -1) return { thing: known, isFunction };
  const thing = things.push(value) - 1;
  const members = Object.entries(value).map(([name, member]): [string, Shape] => [name, shapeOf(member)]);
  return { thing, isFunction, members };
}

/** Functions and objects that the tests have seen. */
const things: unknown[] = [];

Object.assign(globalThis, { load, call, configure: library.configure, disconnect: library.disconnect } satisfies Inside);
