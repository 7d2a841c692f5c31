import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomNumbers } from "../testing/random.js";
import { CodecError, isCodecError } from "./errors.js";
import { decodeFlex, encodeFlex } from "./flexbuffers.js";

const TEXT = "expected string of well-formed Unicode without U+0000";
const again = (value: unknown): unknown => decodeFlex(encodeFlex(value, "v"), "v");
const nested = (levels: number): unknown => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`);

describe("JSON data comes back as it was", () => {
  test.each([
    [null], [true], [false], [0], [-0], [1], [-1], [127], [128], [-128], [-129], [32767], [32768], [-32769], [2 ** 31 - 1], [2 ** 31], [-(2 ** 31) - 1],
    [Number.MAX_SAFE_INTEGER], [Number.MIN_SAFE_INTEGER], [2 ** 53], [1e300], [1.5], [0.1], [5e-324], [Number.NaN], [Infinity], [-Infinity],
    [""], ["a"], ["Grüße 🎉"], ["\ufeffmark"], ["x".repeat(48)], ["ä".repeat(300)], ["x".repeat(70_000)],
    [[]], [{}], [[[]]], [[1, 2, 3]], [[1, -0, 2.5]], [[1, 0.1]], [[2 ** 53 - 1, 1.5]], [[Number.NaN, 1]], [[true, false]], [["a", 1, null, [true]]],
    [{ a: 1, b: [{ a: 2, b: [] }, { b: 1, a: {} }] }], [{ "": "", " ": [], "é\ud83c\udf89": 1, "\ue000": 2, ["ä".repeat(99)]: 3 }],
    [{ constructor: "Ferrari", prototype: 1, toString: null, hasOwnProperty: {} }],
    [Array.from({ length: 1000 }, (_, index) => ({ name: `n${index}`, index, half: index / 2 }))],
    [Array.from({ length: 300 }, (_, index) => "x".repeat(index))],
    [nested(64)],
  ])("%j", (value) => {
    expect(again(value)).toStrictEqual(value);
  });

  test("a property that is undefined is left out", () => {
    expect(again({ a: undefined, b: 1, c: [{ d: undefined }] })).toStrictEqual({ b: 1, c: [{}] });
  });

  test("an object without a prototype is plain", () => {
    expect(again(Object.assign(Object.create(null), { a: 1 }))).toStrictEqual({ a: 1 });
  });

  test("an array of a million is no problem", () => {
    const numbers = Array.from({ length: 1_000_000 }, (_, index) => index / 7);
    expect(again(numbers)).toEqual(numbers);
  });

  test("the bytes may lie anywhere in a buffer", () => {
    const bytes = encodeFlex({ a: [0.1, "x"] }, "v");
    const larger = new Uint8Array(bytes.length + 3);
    larger.set(bytes, 3);
    expect(decodeFlex(larger.subarray(3), "v")).toEqual({ a: [0.1, "x"] });
  });
});

test("any JSON data comes back as it was", () => {
  const next = randomNumbers(11);
  for (let round = 0; round < 3000; round += 1) {
    const value = randomData(next, 5);
    expect(again(value)).toStrictEqual(value);
  }
});

describe("what has no form is refused with its place", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  class Point {}
  test.each([
    [undefined, "args[0]", "expected JSON data"],
    [1n, "args[0]", "expected JSON data"],
    [Symbol("s"), "args[0]", "expected JSON data"],
    [[1, () => {}], "args[0][1]", "expected JSON data"],
    [{ a: [{ b: new Date() }] }, "args[0].a[0].b", "expected JSON data"],
    [{ a: new Map() }, "args[0].a", "expected JSON data"],
    [[new Uint8Array()], "args[0][0]", "expected JSON data"],
    [new Point(), "args[0]", "expected JSON data"],
    [[undefined], "args[0][0]", "expected JSON data"],
    [{ a: "\0" }, "args[0].a", TEXT],
    [{ a: `${"x".repeat(99)}\0` }, "args[0].a", TEXT],
    [{ "a\0": 1 }, "args[0]", TEXT],
    [{ "a-b": [{ "": 1n }] }, 'args[0]["a-b"][0][""]', "expected JSON data"],
    [["\ud800"], "args[0][0]", TEXT],
    [{ "\udf89": 1 }, "args[0]", TEXT],
    [JSON.parse('{"a":{"__proto__":1}}'), "args[0].a.__proto__", "a key that is not allowed"],
    [{ constructor: { prototype: 1 } }, "args[0].constructor", "a key that is not allowed"],
    [nested(65), `args[0]${"[0]".repeat(64)}`, "nested deeper than 64 levels"],
    [circle, `args[0]${".self".repeat(64)}`, "nested deeper than 64 levels"],
  ])("%o", (value, path, message) => {
    const error = errorOf(() => encodeFlex(value, "args[0]"));
    expect(error).toBeInstanceOf(CodecError);
    expect(isCodecError(error)).toBe(true);
    expect(error).toMatchObject({ path, message: `${path}: ${message}` });
  });
});

describe("bytes that another writer made", () => {
  const bytes = (...parts: number[]): Uint8Array => Uint8Array.from(parts);
  test.each([
    ["a uint", [200, 2 << 2, 1], 200],
    ["an indirect int", [0xfe, 1, (6 << 2) | 0, 1], -2],
    ["an indirect uint", [0xfe, 0xff, 2, (7 << 2) | 1, 1], 0xfffe],
    ["an indirect float", [0, 0, 0xc0, 0x3f, 4, (8 << 2) | 2, 1], 1.5],
    ["a key", [97, 98, 0, 3, 4 << 2, 1], "ab"],
    ["two ints without a length", [1, 0xff, 2, 16 << 2, 1], [1, -1]],
    ["three uints without a length", [1, 2, 255, 3, 20 << 2, 1], [1, 2, 255]],
    ["a vector of booleans", [2, 1, 0, 2, 36 << 2, 1], [true, false]],
    ["a vector of keys", [97, 0, 1, 3, 1, (14 << 2) | 0, 1], ["a"]],
    ["an int of eight bytes", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (1 << 2) | 3, 8], -1],
  ])("%s", (_, parts, value) => {
    expect(decodeFlex(bytes(...parts), "v")).toEqual(value);
  });

  test.each([
    ["nothing", []],
    ["too little", [0, 1]],
    ["a width that is none", [0, 0, 4, 3]],
    ["a width beyond the bytes", [0, 0, 8]],
    ["a type that is none", [1, 63 << 2, 1]],
    ["a blob", [1, 7, 1, 25 << 2, 1]],
    ["an old vector of strings", [0, 0, 1, 15 << 2, 1]],
    ["a boolean of two", [2, 26 << 2, 1]],
    ["a float of one byte", [2, 3 << 2, 1]],
    ["an integer beyond 2^53", [0, 0, 0, 0, 0, 0, 0x20, 0, (1 << 2) | 3, 8]],
    ["an unsigned integer beyond 2^53", [0, 0, 0, 0, 0, 0, 0x20, 0, (2 << 2) | 3, 8]],
    ["an offset before the start", [0, 2, 5 << 2, 1]],
    ["an offset beyond all range", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (5 << 2) | 3, 8]],
    ["a text longer than the bytes", [200, 97, 0, 2, 5 << 2, 1]],
    ["a text that is no UTF-8", [1, 0xff, 0, 2, 5 << 2, 1]],
    ["a text with NUL", [1, 0, 0, 2, 5 << 2, 1]],
    ["half a surrogate pair", [3, 0xed, 0xa0, 0x80, 0, 4, 5 << 2, 1]],
    ["a key without an end", [97, 1, (4 << 2) | 0, 1]],
    ["a vector that holds itself", [1, 0, 10 << 2, 2, 10 << 2, 1]],
    ["a vector that holds itself often", [6, 0, 1, 2, 3, 4, 5, 40, 40, 40, 40, 40, 40, 12, 40, 1]],
    ["a map without keys", [0, 0, 9 << 2, 1]],
    ["keys of a width that is none", [0, 1, 3, 0, 0, 9 << 2, 1]],
    ["more keys than values", [97, 0, 1, 3, 1, 1, 0, 1, 9 << 2, 1]],
    ["a key twice", [97, 0, 2, 3, 4, 2, 1, 2, 0, 0, 0, 0, 4, 9 << 2, 1]],
  ])("%s is refused", (_, parts) => {
    expect(errorOf(() => decodeFlex(bytes(...parts), "v"))).toBeInstanceOf(CodecError);
  });

  test("keys that change a prototype are refused", () => {
    const forged = (value: unknown, from: string, to: string): Uint8Array => {
      const text = Buffer.from(encodeFlex(value, "v")).toString("latin1");
      return Buffer.from(text.replace(from, to), "latin1");
    };
    const proto = forged({ a: { _aproto__: 1 } }, "_aproto__", "__proto__");
    expect(errorOf(() => decodeFlex(proto, "v"))).toMatchObject({ path: "v.a.__proto__", message: "v.a.__proto__: a key that is not allowed" });
    const constructor = forged([{ donstructor: { prototype: 1 } }], "donstructor", "constructor");
    expect(errorOf(() => decodeFlex(constructor, "v"))).toMatchObject({ path: "v[0].constructor" });
    const twice = forged({ ab: 1, ac: 2 }, "ac\0", "ab\0");
    expect(errorOf(() => decodeFlex(twice, "v"))).toMatchObject({ message: "v.ab: a key that is there twice" });
  });

  test("many offsets to one place cost what they show", () => {
    // A vector of n slots that all lead to one vector of n nulls: n² values.
    const count = 3000;
    const inner = new Uint8Array(4 + 8 * count);
    const data = new DataView(new ArrayBuffer(inner.length + 4 + 5 * count + 8));
    data.setUint32(0, count, true);
    const outer = 4 + 5 * count;
    data.setUint32(outer, count, true);
    for (let index = 0; index < count; index += 1) {
      const slot = outer + 4 + 4 * index;
      data.setUint32(slot, slot - 4, true);
      data.setUint8(outer + 4 + 4 * count + index, (10 << 2) | 2);
    }
    const root = outer + 4 + 5 * count;
    data.setUint32(root, root - (outer + 4), true);
    data.setUint8(root + 4, (10 << 2) | 2);
    data.setUint8(root + 5, 4);
    const forged = new Uint8Array(data.buffer).subarray(0, root + 6);
    expect(errorOf(() => decodeFlex(forged, "v")).message).toMatch(/more data than bytes$/);
  });
});

test("hostile bytes give JSON data or an error, and soon", () => {
  const next = randomNumbers(7);
  const below = (limit: number): number => Math.floor(next() * limit);
  const seeds = [
    { a: [1, 2.5, "x", null, true], b: { c: { d: ["y"] } }, e: [], f: {} },
    Array.from({ length: 20 }, (_, index) => ({ name: `n${index}`, index })),
    [[1, 2, 3], [0.5, 0.25], [true], ["a", "b"], "x".repeat(300)],
    { deep: nested(30), long: Array.from({ length: 200 }, (_, index) => index * 1000) },
  ].map((value) => encodeFlex(value, "v"));
  const rounds = process.env.KONTRACT_PROVE === undefined ? 50_000 : 2_000_000;
  let read = 0;
  let slowest = 0;
  for (let round = 0; round < rounds; round += 1) {
    const forged = Uint8Array.from(seeds[below(seeds.length)] as Uint8Array);
    for (let times = 1 + below(4); times > 0; times -= 1) {
      const place = below(forged.length);
      const kind = below(4);
      if (kind === 0) forged[place] = below(256);
      else if (kind === 1) forged[place] = (forged[place] as number) ^ (1 << below(8));
      else if (kind === 2) forged.copyWithin(place, below(forged.length), below(forged.length));
      else forged[place] = [0, 1, 255, 128][below(4)] as number;
    }
    const start = performance.now();
    try {
      const value = decodeFlex(next() < 0.2 ? forged.subarray(below(forged.length)) : forged, "v");
      read += 1;
      expectData(value, 1);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
    }
    slowest = Math.max(slowest, performance.now() - start);
  }
  expect(read).toBeGreaterThan(rounds / 100);
  expect(slowest).toBeLessThan(3000);
});

describe.skipIf(!hasFlatc())("flatc", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "kontract-flex-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const values: unknown[] = [
    { b: [1, 2, 3], a: { x: null, y: true, z: "Grüße 🎉" }, c: [], d: {}, big: -9007199254740991, "": "empty", half: [0.5, 1] },
    Array.from({ length: 300 }, (_, index) => ({ name: `n${index}`, index: index * 7919, list: [index, "x".repeat(index)] })),
    [[], [[]], { a: { b: { c: [1.5, null, "x"] } } }],
    Array.from({ length: 200 }, (_, index) => withoutNumbersOfJson(randomData(randomNumbers(index), 4))),
    { text: "x".repeat(70_000), quote: 'a"b\\c\n\t/' },
  ];

  test.each(values.map((value, index) => [index, value]))("reads what we write: %i", (index, value) => {
    writeFileSync(join(folder, `ours${index}.bin`), encodeFlex(value, "v"));
    execFileSync("flatc", ["--json", "--strict-json", "--flexbuffers", "-o", folder, join(folder, `ours${index}.bin`)]);
    expect(JSON.parse(readFileSync(join(folder, `ours${index}.json`), "utf8"))).toEqual(value);
  });

  test.each(values.map((value, index) => [index, value]))("writes what we read: %i", (index, value) => {
    writeFileSync(join(folder, `theirs${index}.json`), JSON.stringify(value));
    execFileSync("flatc", ["--binary", "--flexbuffers", "-o", folder, join(folder, `theirs${index}.json`)]);
    expect(decodeFlex(readFileSync(join(folder, `theirs${index}.bin`)), "v")).toEqual(value);
  });
});

const TEXTS = ["a", "b", "ä", "€", "\ud83c\udf89", "\ue000", "\uffff", "_", "0", "-", " ", "x".repeat(60), "long".repeat(100)];
const NUMBERS = [0, -0, Number.NaN, Infinity, -Infinity, 5e-324, Number.MAX_VALUE, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 53, 0.1];

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("expected an error");
}

function randomData(next: () => number, levels: number): unknown {
  const below = (limit: number): number => Math.floor(next() * limit);
  const text = (): string => Array.from({ length: below(5) }, () => TEXTS[below(TEXTS.length)]).join("");
  switch (below(levels > 0 ? 9 : 6)) {
    case 0:
      return null;
    case 1:
      return next() < 0.5;
    case 2:
      return below(2 ** below(53)) * (next() < 0.5 ? -1 : 1);
    case 3:
      return (next() - 0.5) * 10 ** (below(40) - 20);
    case 4:
      return NUMBERS[below(NUMBERS.length)];
    case 5:
      return text();
    case 6:
      return Array.from({ length: below(6) }, () => (next() - 0.5) * below(1000));
    case 7:
      return Array.from({ length: below(6) }, () => randomData(next, levels - 1));
    default:
      return Object.fromEntries(Array.from({ length: below(6) }, () => [text(), randomData(next, levels - 1)]));
  }
}

/** flatc writes fewer digits than a number has, and has no -0, NaN and infinities in JSON. */
function withoutNumbersOfJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, part: unknown) => (typeof part === "number" && !Number.isSafeInteger(part) ? 0.5 : part));
}

function expectData(value: unknown, depth: number): void {
  if (depth > 66) throw new Error("too deep");
  if (value === null || typeof value === "boolean" || typeof value === "number" || typeof value === "string") return;
  if (typeof value !== "object") throw new Error(`a ${typeof value}`);
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) throw new Error("not plain");
  for (const element of Object.values(value)) expectData(element, depth + 1);
}

function hasFlatc(): boolean {
  try {
    execFileSync("flatc", ["--version"]);
    return true;
  } catch {
    return false;
  }
}
