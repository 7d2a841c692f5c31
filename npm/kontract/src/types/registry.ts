// This module is re-exported with `export *`: only so can `declare module
// 'kontract/runtime'` extend its interfaces.

import type { StoredRecord, TableProxy, UntypedTable } from "./storage.js";

/**
 * The application's tables, by name:
 *
 * ```ts
 * declare module 'kontract/runtime' { interface StorageRegistry { users: User } }
 * ```
 */
export interface StorageRegistry {}

/** The tables by name. Until {@link StorageRegistry} lists some, every name is a table. */
export type Storage = keyof StorageRegistry extends never
  ? { readonly [table: string]: UntypedTable } & {
      get<T extends object = StoredRecord>(table: string): TableProxy<T>;
    }
  : { readonly [Name in keyof StorageRegistry]: TableProxy<StorageRegistry[Name]> } & {
      get<Name extends keyof StorageRegistry>(table: Name): TableProxy<StorageRegistry[Name]>;
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
  /** The environment variables that the server's configuration lists. */
  readonly [name: Uppercase<string>]: string | undefined;
}
