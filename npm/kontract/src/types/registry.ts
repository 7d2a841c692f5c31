// This module is re-exported with `export *`: only so can `declare module
// 'kontract/runtime'` extend its interfaces.

import type { StoredRecord, TableProxy, UntypedTable } from "./storage.js";

declare const facts: unique symbol;

/** What the compiler knows of a table. */
export interface TableFacts<Row, Key extends keyof Row, Fixed extends keyof Row> {
  readonly row: Row;
  readonly key: Key;
  readonly fixed: Fixed;
}

/**
 * An entry of {@link StorageRegistry} as `kontract build` writes it: the row that is
 * read, its primary key, and the fields without W, which are settable only where
 * a row is made. Any row type that is declared by hand takes its place.
 */
export type Stored<Row, Key extends keyof Row, Fixed extends keyof Row = never> = object & {
  readonly [facts]?: TableFacts<Row, Key, Fixed>;
};

/**
 * The application's tables, by name. `kontract build` lists them in
 * `.kontract/types.d.ts`; by hand it is
 *
 * ```ts
 * declare module 'kontract/runtime' { interface StorageRegistry { users: User } }
 * ```
 */
export interface StorageRegistry {}

/** The fields of a row that may be changed. */
export type Writable<Row, Fixed extends PropertyKey> = [Fixed] extends [never]
  ? Row
  : Row extends unknown
    ? Omit<Row, Fixed>
    : never;

/** The table that an entry of {@link StorageRegistry} stands for. */
export type TableOf<Entry> = typeof facts extends keyof Entry
  ? NonNullable<Entry[typeof facts]> extends TableFacts<infer Row, infer Key, infer Fixed>
    ? TableProxy<Row, Key, Writable<Row, Fixed>>
    : never
  : TableProxy<Entry>;

/** The rows of an entry of {@link StorageRegistry}. */
export type RowOf<Entry> = typeof facts extends keyof Entry
  ? NonNullable<Entry[typeof facts]> extends TableFacts<infer Row, infer _Key, infer _Fixed>
    ? Row
    : never
  : Entry;

/** Transactions within a call. */
export interface Transactions {
  /**
   * Runs `work` as a transaction of its own, committed when it ends: what it wrote stays even if
   * the call fails later. `work` runs again where another call changed what it read, unless it had
   * effects outside, such as a fetch. While it runs, all the call does with tables belongs to it;
   * one cannot begin inside another, nor after the call has written outside of one.
   */
  transaction<Result>(work: () => Result | Promise<Result>): Promise<Result>;
}

/** The tables by name. Until {@link StorageRegistry} lists some, every name is a table. */
export type Storage = keyof StorageRegistry extends never
  ? { readonly [table: string]: UntypedTable } & Transactions & {
      get<T extends object = StoredRecord>(table: string): TableProxy<T>;
    }
  : { readonly [Name in keyof StorageRegistry]: TableOf<StorageRegistry[Name]> } & Transactions & {
      get<Name extends keyof StorageRegistry>(table: Name): TableOf<StorageRegistry[Name]>;
    };

/** A small store that all calls share. What it holds may vanish at any time. */
export interface SharedStorage {
  get<T = unknown>(key: string): Promise<T | null>;
  /** `ttl` in seconds; 3600 when left out. */
  set(key: string, value: unknown, options?: { ttl?: number }): Promise<void>;
  delete(key: string): Promise<boolean>;
  /**
   * Adds to a counter at one stroke and returns its value. `ttl` (seconds, 3600
   * when left out) starts when the counter is made, and later calls leave it alone.
   */
  increment(key: string, by?: number, options?: { ttl?: number }): Promise<number>;
}

/** Accounts, as the server sees them. */
export interface AuthAdmin {
  /** Replaces a user's groups and ends the user's sessions, which hold the former ones. */
  setGroups(userId: string, groups: readonly string[]): Promise<void>;
}

/** What the server lends to backend functions. */
export interface Env {
  readonly storage: Storage;
  readonly shared: SharedStorage;
  readonly auth: AuthAdmin;
  /**
   * Runs `work` once the call has succeeded and what it wrote is there. Then `ctx.currentTxid` is
   * the call's own transaction, and operations on tables apply at once. Nobody waits for it: its
   * failure is logged.
   */
  afterCommit(work: () => unknown): void;
  /** The environment variables that the server's configuration lists. */
  readonly [name: Uppercase<string>]: string | undefined;
}
