import { decodeBase64, encodeBase64 } from "../base64.js";

/**
 * Values of every kind as JSON, as all hosts keep them under `env.shared`: what JSON does not
 * have is an array with a letter in front, and so is an array.
 */
export function writeMarked(value: unknown): string {
  return JSON.stringify(marked(value));
}

/** The value of such a text; undefined for one that nobody here has written. */
export function readMarked(text: string): unknown {
  try {
    return unmarked(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function marked(value: unknown): unknown {
  switch (typeof value) {
    case "undefined":
      return ["u"];
    case "bigint":
      return ["i", value.toString()];
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : ["n", spelled(value)];
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return ["d", marked(value.getTime())];
      if (value instanceof Uint8Array) return ["b", encodeBase64(value)];
      if (Array.isArray(value)) return ["a", ...value.map(marked)];
      if (value instanceof Set) return ["s", ...Array.from(value, marked)];
      if (value instanceof Map) return ["m", ...Array.from(value, (entry) => entry.map(marked)).flat()];
      return Object.fromEntries(
        Object.entries(value).flatMap(([key, field]) => (field === undefined ? [] : [[key, marked(field)]])),
      );
    default:
      return value;
  }
}

function unmarked(json: unknown): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (!Array.isArray(json)) return Object.fromEntries(Object.entries(json).map(([key, field]) => [key, unmarked(field)]));
  const [mark, ...rest] = json as [string, ...unknown[]];
  const [first] = rest;
  switch (mark) {
    case "u":
      return undefined;
    case "i":
      return BigInt(first as string);
    case "n":
      return NUMBERS[first as string] ?? Number(first);
    case "d":
      return new Date(unmarked(first) as number);
    case "b":
      return decodeBase64(first as string);
    case "a":
      return rest.map(unmarked);
    case "s":
      return new Set(rest.map(unmarked));
    case "m":
      return new Map(Array.from({ length: rest.length / 2 }, (_, index) => [unmarked(rest[2 * index]), unmarked(rest[2 * index + 1])]));
    default:
      throw new TypeError(`${mark} is no mark`);
  }
}

// As Rust spells them.
function spelled(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (Number.isNaN(value)) return "NaN";
  return value > 0 ? "inf" : "-inf";
}

const NUMBERS: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  "-inf": Number.NEGATIVE_INFINITY,
  NaN: Number.NaN,
  "-0": -0,
};
