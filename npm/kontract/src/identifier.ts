import { invalid } from "./errors.js";

/** Returns a table's name, or throws where it is none: letters, digits and `_`, at most 40. */
export function sanitizeIdentifier(name: string): string {
  if (typeof name !== "string" || !/^[a-zA-Z0-9_]{1,40}$/.test(name)) throw invalid("Invalid identifier");
  return name;
}
