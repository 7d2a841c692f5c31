import { invalid } from "./errors.js";

/** Returns a table's name, or throws where it is none: letters, digits and `_`, at most 40. */
export function sanitizeIdentifier(name: string): string {
  if (typeof name !== "string" || !/^[a-zA-Z0-9_]{1,40}$/.test(name)) throw invalid("Invalid identifier");
  return name;
}

/** Returns a row's id, or throws where it is none: text without NUL, of at most 1024 bytes. `path` names it. */
export function checkId(path: string, id: unknown): string {
  if (typeof id !== "string") throw invalid(`${path}: expected text`, path);
  if (id.includes("\0")) throw invalid(`${path}: expected text without NUL`, path);
  if (id.length > LONGEST_ID / 3 && new TextEncoder().encode(id).length > LONGEST_ID) {
    throw invalid(`${path}: expected at most ${LONGEST_ID} bytes`, path);
  }
  return id;
}

/** Bytes of an id in UTF-8. */
const LONGEST_ID = 1024;
