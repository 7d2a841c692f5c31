import { CodecError } from "./errors.js";

/**
 * One step of the way to a value: a property, an index, or what `entryKey` and
 * `entryValue` make for the two halves of a map's entry. undefined adds nothing.
 */
export type Segment = string | number | undefined;

/** What encoders and decoders have in common: the way from the root to the container at work. */
export interface State {
  /** `keys[0]` is `args` or `result`, `keys[d]` leads from level `d - 1` to level `d`. */
  readonly keys: Segment[];
}

/** Containers within containers, at most. */
export const MAX_DEPTH = 64;

/** The key of a map's entry, as a segment: `[3][0]`. */
export function entryKey(index: number): number {
  return ~(2 * index);
}

/** The value of a map's entry, as a segment: `[3][1]`. */
export function entryValue(index: number): number {
  return ~(2 * index + 1);
}

/** The way to what `key` leads to from level `depth`. */
export function pathTo(state: State, depth: number, key: Segment): string {
  let path = "";
  for (let i = 0; i < depth; i++) path += segment(state.keys[i], path === "");
  return path + segment(key, path === "");
}

/** The value at `key` is not what its type says. */
export function fail(state: State, depth: number, key: Segment, expected: string): never {
  throw new CodecError(pathTo(state, depth, key), `expected ${expected}`);
}

/** The value at `key` cannot be taken, for another reason than its type. */
export function refuse(state: State, depth: number, key: Segment, reason: string): never {
  throw new CodecError(pathTo(state, depth, key), reason);
}

/** Enters the container at `key`. */
export function enter(state: State, depth: number, key: Segment): void {
  if (depth > MAX_DEPTH) refuse(state, depth, key, TOO_DEEP);
  state.keys[depth] = key;
}

function segment(key: Segment, first: boolean): string {
  if (key === undefined) return "";
  if (typeof key === "number") {
    return key >= 0 ? `[${key}]` : `[${~key >> 1}][${~key & 1}]`;
  }
  if (first) return key;
  return IDENTIFIER.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

const IDENTIFIER = /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u;
const TOO_DEEP = `nested deeper than ${MAX_DEPTH} levels`;
