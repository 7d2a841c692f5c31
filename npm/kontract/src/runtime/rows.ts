/** An object of JSON, as rows are stored. */
export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * How the values of a field compare: texts, dates and booleans as text, numbers,
 * bigints; composite ones by what they contain; mixed ones are of several kinds.
 */
export type FieldClass = "text" | "number" | "bigint" | "composite" | "mixed";

/**
 * Writes and reads the rows of a table, without their key, in the JSON form of
 * calls. Generated for each table; what does not match its type is a `CodecError`.
 */
export interface RowCodec {
  /** The classes of the declared fields. */
  readonly fields: Readonly<Record<string, FieldClass>>;
  /** That of all others; undefined where there are none. */
  readonly rest?: FieldClass;
  /** A row. */
  write(row: object): JsonObject;
  /** Some fields of a row. */
  patch(part: object): JsonObject;
  /** A row, with its key. Fields that its type does not have are passed over. */
  read(row: JsonObject): object;
}
