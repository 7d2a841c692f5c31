// Storage that takes note of what each route does, to be held against what the compiler saw of it.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MemoryStorage } from 'kontract/memory';
import { ctx } from 'kontract/runtime';

type Backend = Pick<MemoryStorage, 'declare' | 'transact' | 'shared'>;
type Transact = Parameters<Backend['transact']>;
type Storage = Parameters<Transact[1]>[0];

const LETTERS: Record<string, string> = {
  get: 'R',
  query: 'R',
  exec: 'R',
  set: 'W',
  update: 'W',
  push: 'W',
  delete: 'X',
  pop: 'X',
  shift: 'X',
};

export class WatchedStorage implements Backend {
  /** `getUser users R` */
  readonly done = new Set<string>();
  readonly #inner: Backend;

  constructor(inner: Backend = new MemoryStorage()) {
    this.#inner = inner;
  }

  declare(tables: Parameters<Backend['declare']>[0]): void {
    this.#inner.declare(tables);
  }

  shared(access: Parameters<Backend['shared']>[0]): ReturnType<Backend['shared']> {
    return this.#inner.shared(access);
  }

  transact<Result>(call: Transact[0], attempt: (storage: Storage) => Promise<Result>): Promise<Result> {
    return this.#inner.transact(call, (storage) => attempt(this.#watched(storage)));
  }

  #watched(storage: Storage): Storage {
    const watch = (table: object, name: string) =>
      new Proxy(table, {
        get: (target, operation) => {
          const value: unknown = Reflect.get(target, operation, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]): unknown => {
            const letter = operation === Symbol.asyncIterator ? 'R' : LETTERS[String(operation)];
            if (letter !== undefined) this.done.add(`${ctx.route.name} ${name} ${letter}`);
            return Reflect.apply(value, target, args);
          };
        },
      });
    return new Proxy(storage, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (name === 'get') return (table: string) => watch((value as (table: string) => object)(table), table);
        return typeof value === 'object' && value !== null ? watch(value, String(name)) : value;
      },
    });
  }

  /** What was done that the manifest does not tell of. */
  async untold(dist: string): Promise<string[]> {
    const { routes } = JSON.parse(await readFile(join(dist, 'manifest.json'), 'utf8')) as {
      routes: Record<string, { tables: Record<string, string>; unseen?: string[] }>;
    };
    return [...this.done].filter((entry) => {
      const [route, table, letter] = entry.split(' ') as [string, string, string];
      const told = routes[route];
      return told?.unseen === undefined && !told?.tables[table]?.includes(letter);
    });
  }
}
