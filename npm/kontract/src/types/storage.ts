/** A row of which nothing is known. */
export type StoredRecord = Record<string, unknown>;

/** The primary key of a row type that does not say which it is. */
export type DefaultKey<T> = Extract<"id" | "_id", keyof T>;

/** A row as it is written: its key may be left out, since `id` is given beside it. */
export type Keyless<T, Key extends PropertyKey> = T extends unknown
  ? Omit<T, Key> & Partial<Pick<T, Key & keyof T>>
  : never;

/** A part of a value. Objects match when they contain it, arrays when they contain each of its elements. */
export type Part<T> = T extends readonly (infer Element)[]
  ? readonly Part<Element>[]
  : T extends object
    ? { [Field in keyof T]?: Part<T[Field]> }
    : T;

/** What is compared: texts by code points, numbers and dates by their value. */
export type Scalar = string | number | bigint | boolean | Date;

/** Conditions on a field with scalars; all of them must hold. A value of another type matches none. */
export interface Operators<T extends Scalar> {
  gt?: Exclude<T, boolean>;
  gte?: Exclude<T, boolean>;
  lt?: Exclude<T, boolean>;
  lte?: Exclude<T, boolean>;
  /** One of these. */
  in?: readonly (T | null)[];
  startsWith?: Extract<T, string> extends never ? never : string;
}

/** A part of a row; fields with scalars may have operators instead: `{ age: { gte: 18 } }`. */
export type Filter<T> = T extends unknown
  ? { [Field in keyof T]?: Part<T[Field]> | OperatorsOf<Extract<T[Field], Scalar>> }
  : never;

type OperatorsOf<T extends Scalar> = [T] extends [never] ? never : Operators<T>;

/** Ascending by a field, or `{ field: 'desc' }` with one field. `_order` is the order of insertion. */
export type OrderBy<T> =
  | (keyof T & string)
  | "_order"
  | { readonly [Field in (keyof T & string) | "_order"]?: "asc" | "desc" };

/** How a query orders and cuts its rows. */
export interface QueryOptions<T> {
  /** At most so many rows. */
  limit?: number;
  /** Continue after the row where {@link Rows.cursor} stood; `orderBy` must be the same. null is the start. */
  cursor?: string | null;
  orderBy?: OrderBy<T>;
}

/** The rows of a query. */
export interface Rows<T> extends AsyncIterableIterator<T> {
  /** Where the last row that was read stands; null before the first. */
  readonly cursor: string | null;
  [Symbol.asyncIterator](): Rows<T>;
}

/**
 * A table. `Key` is its primary key, `Write` the fields that may be changed.
 * Every operation is checked against the session's permission: reading needs R,
 * writing W, removing X.
 */
export interface TableProxy<T, Key extends keyof T = DefaultKey<T>, Write = T> {
  /** The row, or null. */
  get(id: string): Promise<T | null>;
  /** The rows with these ids, null for those that are not there, in the order of the ids. */
  getMany(ids: readonly string[]): Promise<(T | null)[]>;
  /** Makes or replaces a row. A key inside the value must equal `id`. */
  set(id: string, value: Keyless<Write, Key>): Promise<void>;
  /** Changes some fields; NOT_FOUND where there is no such row. */
  update(id: string, partial: Partial<Write>): Promise<void>;
  /** Removes a row and tells whether there was one. */
  delete(id: string): Promise<boolean>;
  /** Appends a row and returns its id. */
  push(value: Keyless<T, Key>): Promise<string>;
  /** Takes the last row away. */
  pop(): Promise<T | null>;
  /** Takes the first row away. */
  shift(): Promise<T | null>;
  /** The rows that contain `filter`. */
  query(filter?: Filter<T>, options?: QueryOptions<T>): Rows<T>;
  /** How many rows contain `filter`. */
  count(filter?: Filter<T>): Promise<number>;
  /**
   * The rows of a SELECT on this table, whose columns are `id` and `data`. The SQL is constant and
   * checked when it is compiled; `params` are the values of `$1`, `$2`, …. Whole numbers that a
   * number cannot hold are bigints. It needs PostgreSQL.
   */
  exec<Row extends object = StoredRecord>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  /** All rows, in the order of their insertion. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
}

/**
 * A table that {@link StorageRegistry} does not list. A row has the type that the
 * caller expects: `const user: User | null = await env.storage.users.get(id)`.
 * Where more than one operation is needed, `env.storage.get` gives the whole
 * table a type: `const users: TableProxy<User> = env.storage.get('users')`.
 */
export interface UntypedTable {
  get<T extends object = StoredRecord>(id: string): Promise<T | null>;
  getMany<T extends object = StoredRecord>(ids: readonly string[]): Promise<(T | null)[]>;
  set(id: string, value: object): Promise<void>;
  update(id: string, partial: object): Promise<void>;
  delete(id: string): Promise<boolean>;
  push(value: object): Promise<string>;
  pop<T extends object = StoredRecord>(): Promise<T | null>;
  shift<T extends object = StoredRecord>(): Promise<T | null>;
  query<T extends object = StoredRecord>(filter?: object, options?: QueryOptions<StoredRecord>): Rows<T>;
  count(filter?: object): Promise<number>;
  exec<Row extends object = StoredRecord>(sql: string, params?: readonly unknown[]): Promise<Row[]>;
  [Symbol.asyncIterator](): AsyncIterableIterator<StoredRecord>;
}
