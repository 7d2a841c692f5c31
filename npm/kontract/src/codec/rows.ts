import type { FieldClass, JsonObject, RowCodec } from "../runtime/rows.js";
import { isCodecError } from "./errors.js";
import { Json } from "./json.js";
import { isBuiltin } from "./kinds.js";
import { fail, refuse, type Segment, type State } from "./path.js";

type Convert = (c: Json, x: unknown, d: number, key: Segment) => unknown;

/** What the generated functions of a table's rows make together. */
export function rowCodec(
  table: string,
  fields: Readonly<Record<string, FieldClass>>,
  rest: FieldClass | undefined,
  read: Convert,
  write: Convert,
  patches: readonly Convert[],
): RowCodec {
  return {
    fields,
    ...(rest === undefined ? {} : { rest }),
    read: (row) => read(new Json(false), row, 0, table) as object,
    write: (row) => stored(table, write(new Json(false), checked(table, row), 0, table)),
    patch: (part) => stored(table, patch(table, checked(table, part), patches)),
  };
}

/** A row holds what is declared; undefined is as good as absent. */
export function onlyStored(s: State, x: object, declared: ReadonlySet<string>, d: number): void {
  for (const [key, value] of Object.entries(x)) {
    if (value !== undefined && !declared.has(key)) refuse(s, d, key, "unexpected property");
  }
}

function checked(table: string, row: object): object {
  const isRow = typeof row === "object" && row !== null && !Array.isArray(row) && !isBuiltin(row);
  return isRow ? row : fail(new Json(false), 0, table, "an object");
}

/** Some fields do not tell which member of a union they are of: one that takes them will do. */
function patch(table: string, part: object, patches: readonly Convert[]): unknown {
  let first: unknown;
  for (const attempt of patches) {
    try {
      return attempt(new Json(false), part, 0, table);
    } catch (error) {
      if (!isCodecError(error)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** Without what is undefined; numbers are such that a database gives back what it got. */
function stored(table: string, row: unknown): JsonObject {
  refuseNegativeZero(new Json(false), row, 0, table);
  return Object.fromEntries(Object.entries(row as object).filter(([, value]) => value !== undefined));
}

function refuseNegativeZero(s: State, x: unknown, d: number, key: Segment): void {
  if (Object.is(x, -0)) fail(s, d, key, "number other than -0");
  if (typeof x !== "object" || x === null) return;
  s.keys[d] = key;
  if (Array.isArray(x)) x.forEach((item, index) => refuseNegativeZero(s, item, d + 1, index));
  else for (const [name, value] of Object.entries(x)) refuseNegativeZero(s, value, d + 1, name);
}
