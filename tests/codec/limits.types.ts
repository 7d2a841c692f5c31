// Types by hand, for what random ones hit seldom: the tests of limits, keys and defaults call these.
import { backend, type Perm, type Primkey, type Table } from 'kontract';

export interface Chain {
  next?: Chain;
}
export interface Tree {
  name: string;
  children: Tree[];
}
export type Nest = number | Nest[];

export const chain = backend({}, async (x: Chain): Promise<Chain> => x);
export const tree = backend({}, async (x: Tree): Promise<Tree> => x);
export const nest = backend({}, async (x: Nest): Promise<Nest> => x);
export const anything = backend({}, async (x: unknown): Promise<unknown> => x);

export const numbers = backend({}, async (x: number[]): Promise<number[]> => x);
export const flags = backend({}, async (x: boolean[]): Promise<boolean[]> => x);
export const bigints = backend({}, async (x: bigint[]): Promise<bigint[]> => x);
export const strings = backend({}, async (x: string[]): Promise<string[]> => x);
export const nullable = backend({}, async (x: (number | null)[]): Promise<(number | null)[]> => x);
export const nested = backend({}, async (x: number[][]): Promise<number[][]> => x);
export const trees = backend({}, async (x: Tree[]): Promise<Tree[]> => x);
export const bytes = backend({}, async (x: Uint8Array): Promise<Uint8Array> => x);
export const record = backend({}, async (x: Record<string, number>): Promise<Record<string, number>> => x);
export const map = backend({}, async (x: Map<string, number>): Promise<Map<string, number>> => x);
export const set = backend({}, async (x: Set<string>): Promise<Set<string>> => x);

/** Names that every object inherits. */
export interface Inherited {
  constructor?: string;
  toString?: number;
  valueOf?: boolean;
  hasOwnProperty?: string | null;
  isPrototypeOf?: string[];
  __defineGetter__?: bigint;
}
export const inherited = backend({}, async (x: Inherited): Promise<Inherited> => x);

export interface Owner {
  name: string;
  token: Perm<string, '_W_'>;
}
export interface Account {
  id: string;
  password: Perm<string, '_W_'>;
  owner?: Owner;
}
export const account = backend({}, async (x: Account): Promise<Account> => x);

export interface Settings {
  /** @default "light" */
  theme: string;
  /** @default 10 */
  size: number;
  /** @default true */
  on: boolean;
  name: string;
}
export const settings = backend({}, async (x: Settings): Promise<Settings> => x);

export const several = backend({}, async (a: string, b?: number, c?: string | null, ...rest: boolean[]): Promise<void> => {
  void [a, b, c, rest];
});
export const nothing = backend({}, async (): Promise<void> => {});

/** Members that nothing but their structure tells apart, under as many keys as one likes. */
export type Sparse = { a?: number; b?: number; [key: string]: unknown } | { c: string; [key: string]: unknown };
export const sparse = backend({}, async (x: Sparse): Promise<Sparse> => x);

export interface Person extends Table<'people'> {
  id: Primkey<string>;
  name: string;
  password?: Perm<string, '_W_'>;
  born: Date;
  size: number;
  big: bigint;
  tags?: Set<string>;
  note: string | null | undefined;
  anything?: unknown;
}
