// What is said between the tests and the page.
import type { ClientConfig } from 'kontract/client';

/** A value of the page: one to copy, or what stays there and is named by a number. */
export type Shape = { value: unknown } | { thing: number; isFunction: boolean; members?: [name: string, Shape][] };

/** A call of a function, and what the client is configured with before. */
export interface Asked {
  thing: number;
  args: unknown[];
  settings: ClientConfig;
}

/** What came of it: a value, or an error by the name of its class in `kontract/client`. */
export type Outcome = { value: unknown } | { type: string; fields: Record<string, unknown> };

/** What the page offers as globals. */
export interface Inside {
  /** What a module of the client exports. */
  load(path: string): Promise<Shape>;
  /** Calls a function; an error is told as what it is there. */
  call(asked: Asked): Promise<Outcome>;
  configure(config: ClientConfig): void;
  /** Closes the client's connections. */
  disconnect(): Promise<void>;
}
