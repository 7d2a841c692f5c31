import type { SharedStorage, Storage } from "../types/registry.js";

/** What the compiler knows of a field. */
export interface FieldDescription {
  perm?: number;
  /** No two rows hold the same value; null and undefined are no values. */
  unique?: boolean;
}

/** What the compiler knows of a table. */
export interface TableDescription {
  primaryKey: string;
  /** The fields' permission masks; RW_ for a field that is not listed. */
  fields: Readonly<Record<string, FieldDescription>>;
  /** Rows are private to the user who made them. */
  owned?: boolean;
}

/** Tables by name. */
export type TableDescriptions = Readonly<Record<string, TableDescription>>;

/** On whose behalf storage is used. */
export interface StorageAccess {
  readonly tenant: string;
  readonly owner: string;
  /** The session's permission. */
  readonly perm: number;
  /** To be called before every operation; throws when the call may not go on. */
  check(): void;
  /** Tells the call which transaction it has seen. */
  saw(txid: bigint): void;
}

/** Where tables and shared state are kept. */
export interface StorageBackend {
  /** Takes the tables that the application was built with. */
  declare(tables: TableDescriptions): void;
  /** The tables as one call may see them. */
  storage(access: StorageAccess): Storage;
  /** The shared state as one call may see it. */
  shared(access: StorageAccess): SharedStorage;
}
