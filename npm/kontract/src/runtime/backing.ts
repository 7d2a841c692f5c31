import type { SharedStorage, Storage } from "../types/registry.js";
import type { RowCodec } from "./rows.js";

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
  /** How rows are stored where they leave the process; JSON data without it. */
  codec?: RowCodec;
  /** The ids of the statements that `exec` may run. */
  statements?: readonly string[];
}

/** Tables by name. */
export type TableDescriptions = Readonly<Record<string, TableDescription>>;

/** On whose behalf storage is used. */
export interface StorageAccess {
  readonly tenant: string;
  readonly owner: string;
  /** The session's permission. */
  readonly perm: number;
  /** What a database knows the session by. */
  readonly key?: Uint8Array;
  /** To be called before every operation; throws when the call may not go on. */
  check(): void;
  /** Tells the call which transaction it has seen. */
  saw(txid: bigint): void;
}

/**
 * A call that its caller may send again: the answer of the first time is the answer of all. What is
 * kept of it begins with a mark: what was asked for, and by which arrival of the call.
 */
export interface Keyed {
  /** Tells such a call from others of its session. */
  readonly claim: string;
  /** It may have effects outside of its transaction: its mark is kept before it runs, and nobody else runs it. */
  readonly claimsFirst: boolean;
  /** Its result is a stream, which cannot be answered a second time. */
  readonly streams: boolean;
  readonly mark: Uint8Array;
  /** What is kept of the call when it has this result. */
  record(result: unknown): Uint8Array;
  /** What is kept of a call that claims first when it has failed. */
  failure(error: unknown): Uint8Array;
  /** Whether a record is the mark of another arrival, of which nothing is known yet. */
  isOpen(record: Uint8Array): boolean;
  /** The result that a record holds. Throws where that is a failure, is not known or was too large, or is of another call. */
  answer(record: Uint8Array): unknown;
}

/** A call, as far as its transactions are concerned. */
export interface Transacting extends StorageAccess {
  /** When the call must be over, in milliseconds of `Date.now()`. */
  readonly deadline: number;
  /** `none`: no transaction around the call, every operation applies at once. */
  readonly isolation: "serializable" | "none";
  /** It may run again in spite of its effects. */
  readonly retry: boolean;
  /** Of a call that its caller may send again. */
  readonly keyed?: Keyed;
  /** How often it did something that a repetition would do twice. */
  effects(): number;
  noteEffect(): void;
  /** Marks where the call stands: what comes back takes from `env.afterCommit` what it was given since. */
  mark(): () => void;
}

/** Where tables and shared state are kept. */
export interface StorageBackend {
  /** Takes the tables that the application was built with. */
  declare(tables: TableDescriptions): void;
  /**
   * Runs an attempt to serve a call as one transaction, and again where another call
   * changed what it saw. Every attempt gets the tables as it may see them.
   */
  transact<Result>(call: Transacting, attempt: (storage: Storage) => Promise<Result>): Promise<Result>;
  /** The shared state as one call may see it. */
  shared(access: StorageAccess): SharedStorage;
  /** Rejects where calls cannot be served now; without it they always can. */
  ping?(): Promise<void>;
}
