/**
 * The types of migration files.
 *
 * @example
 * ```ts
 * import type { Migration, MigrationDB } from 'kontract/migration';
 *
 * export default {
 *   version: 6,
 *   up: async (db: MigrationDB) => db.renameField('users', 'old_email', 'email'),
 *   down: async (db: MigrationDB) => db.renameField('users', 'email', 'old_email'),
 * } satisfies Migration;
 * ```
 *
 * @packageDocumentation
 */

/** What a migration file exports as its default. */
export interface Migration {
  /** The number that the file's name begins with. */
  version: number;
  /** Brings rows and schema forward, in one transaction with the rest of `kontract migrate up`. */
  up: (db: MigrationDB) => Promise<unknown>;
  /** Takes back what {@link Migration.up} did. */
  down: (db: MigrationDB) => Promise<unknown>;
}

/** A row as it is stored: its key under its own name, dates and bigints as text. */
export type StoredRow = Record<string, unknown>;

/** A field as {@link MigrationDB.updateSchema} declares it. */
export interface MigrationField {
  /** `string`, `number | null`, `Date`, `string[]`, `'draft' | 'sent'`, … */
  type: string;
  /** R 4, W 2; readable and writable where it is left out. */
  perm?: number;
  optional?: boolean;
  index?: boolean;
  unique?: boolean;
  /** Makes the field the table's key; what was the key becomes a field. */
  primkey?: boolean;
  /** For rows that do not have the field. */
  default?: unknown;
}

/** The database during a migration. Types of fields are checked when all migrations have run. */
export interface MigrationDB {
  /** Runs SQL as the owner of the tables. Columns of rows come back as text. */
  exec: (sql: string) => Promise<Record<string, string | null>[]>;
  /** Says what fields are from here on; null removes one. Rows stay as they are. */
  updateSchema: (table: string, fields: Record<string, MigrationField | null>) => Promise<void>;
  /** Gives a field another name, with its values, indexes and permissions. */
  renameField: (table: string, from: string, to: string) => Promise<void>;
  /** Puts what `fn` returns in the place of each row: undefined leaves it, null removes it. */
  transform: <Row extends object = StoredRow>(
    table: string,
    fn: (row: Row) => MaybePromise<object | null | undefined>,
  ) => Promise<void>;
}

type MaybePromise<T> = T | Promise<T>;
