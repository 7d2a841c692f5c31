// The parts that generated codecs are made of. Whole codecs are tested in tests/codec.
import { describe, expect, test } from "vitest";
import { CodecError } from "./errors.js";
import * as codec from "./index.js";
import { type Segment, pathTo } from "./path.js";

type Convert = (c: codec.Json, x: unknown, d: number, key: Segment) => unknown;
const at = (convert: Convert, value: unknown): unknown => codec.json("args", value, (c, x, d, key) => (codec.enter(c, d, key), convert(c, x, d + 1, "a")));
const message = (convert: Convert, value: unknown): string => {
  try {
    at(convert, value);
  } catch (error) {
    if (error instanceof CodecError) return error.message;
    throw error;
  }
  throw new Error("expected an error");
};

const { MAX_SAFE_INTEGER } = Number;
const DATE = new Date("2024-02-29T23:59:59.123Z");
const KINDS: [name: string, convert: Convert, pairs: [unknown, unknown][], wrong: unknown[]][] = [
  ["a string", codec.checkString, [["ä😀", "ä😀"], ["", ""]], [1, null, "\0", "\ud800", "\udc00x"]],
  ["a boolean", codec.checkBoolean, [[true, true]], [1, "true", null]],
  ["a number", codec.checkFloat64, [[1.5, 1.5], [-0, -0]], ["1", Number.NaN, Infinity, null]],
  ["a float32", codec.checkFloat32, [[1.5, 1.5], [0.1, Math.fround(0.1)]], ["1", 1e39, Infinity, Number.NaN]],
  ["an int8", codec.checkInt8, [[127, 127], [-128, -128], [-0, 0]], [128, -129, 0.5, "1"]],
  ["an int16", codec.checkInt16, [[32767, 32767]], [32768, -32769]],
  ["an int32", codec.checkInt32, [[-(2 ** 31), -(2 ** 31)]], [2 ** 31]],
  ["an int64", codec.checkInt64, [[-MAX_SAFE_INTEGER, -MAX_SAFE_INTEGER]], [2 ** 53, "1"]],
  ["a uint8", codec.checkUint8, [[255, 255]], [256, -1]],
  ["a uint16", codec.checkUint16, [[65535, 65535]], [65536, -1]],
  ["a uint32", codec.checkUint32, [[2 ** 32 - 1, 2 ** 32 - 1]], [2 ** 32, -1]],
  ["a uint64", codec.checkUint64, [[MAX_SAFE_INTEGER, MAX_SAFE_INTEGER]], [2 ** 53, -1]],
  ["a bigint that is read", codec.readBigInt64, [["-9223372036854775808", -(2n ** 63n)], ["0", 0n]], ["9223372036854775808", "-0", "01", "1.0", "0x1", "", " 1", 1, "1".repeat(30)]],
  ["an unsigned bigint that is read", codec.readBigUint64, [["18446744073709551615", 2n ** 64n - 1n]], ["18446744073709551616", "-1", 1]],
  ["a bigint that is written", codec.writeBigInt64, [[-(2n ** 63n), "-9223372036854775808"]], [2n ** 63n, 1, "1"]],
  ["an unsigned bigint that is written", codec.writeBigUint64, [[2n ** 64n - 1n, "18446744073709551615"]], [2n ** 64n, -1n, 1]],
  [
    "a date that is read",
    codec.readDate,
    [["2024-02-29T23:59:59.123Z", DATE], ["2024-03-01t00:59:59.123+01:00", DATE], ["1970-01-01T00:00:00Z", new Date(0)], ["+275760-09-13T00:00:00.000Z", new Date(8.64e15)]],
    ["2023-02-29T00:00:00Z", "2024-04-31T00:00:00Z", "2024-02-29", "2024-02-29T24:00:00Z", "2024-02-29T00:00:00", "+275760-09-14T00:00:00Z", "yesterday", 0, null],
  ],
  ["a date that is written", codec.writeDate, [[DATE, "2024-02-29T23:59:59.123Z"]], [new Date(Number.NaN), "2024-02-29T23:59:59Z", Object.create(Date.prototype)]],
  ["bytes that are read", codec.readBytes, [["", new Uint8Array()], ["AP8=", new Uint8Array([0, 255])]], ["AP8", "AP9=", "A===", "A-8=", " AP8=", "AP8=\n", 1]],
  ["bytes that are written", codec.writeBytes, [[new Uint8Array([0, 255]), "AP8="]], [[0], "AP8=", new Uint16Array(1)]],
  [
    "JSON data",
    codec.readUnknown,
    [[null, null], [{ a: [1, "x", true, { b: undefined }] }, { a: [1, "x", true, {}] }], [{ constructor: 1, prototype: {} }, { constructor: 1, prototype: {} }], [Object.create(null), {}]],
    [undefined, 1n, Symbol("s"), new Date(), [undefined], Infinity, "\0", { "\0": 1 }, JSON.parse('{"__proto__":1}'), { constructor: { prototype: 1 } }, JSON.parse(`${"[".repeat(100)}${"]".repeat(100)}`)],
  ],
];

describe.each(KINDS)("%s", (_, convert, pairs, wrong) => {
  test("is taken", () => {
    for (const [value, result] of pairs) expect(at(convert, value)).toStrictEqual(result);
  });

  test("is refused where it is something else, with its place", () => {
    for (const value of wrong) expect(message(convert, value)).toMatch(/^args\.a/);
  });
});

test("what a function returned is copied as JSON data", () => {
  const value = { a: [1], b: undefined };
  const copy = at(codec.writeUnknown, value);
  expect(copy).toStrictEqual({ a: [1] });
  expect(copy).not.toBe(value);
});

test("containers are entered where they are what is declared", () => {
  const entering = (open: (c: codec.Json, x: unknown, d: number, key: Segment) => void): Convert => (c, x, d, key) => (open(c, x, d, key), "in");
  const cases: [Convert, unknown[], unknown[]][] = [
    [entering(codec.openObject), [{}, Object.create(null), new (class {})()], [[], null, 1]],
    [entering(codec.openArray), [[]], [{}, null, "a"]],
    [entering((c, x, d, key) => codec.openTuple(c, x, 2, d, key)), [[], [1, 2]], [[1, 2, 3], {}]],
    [entering(codec.openMap), [new Map()], [{}, new Set(), Object.create(Map.prototype)]],
    [entering(codec.openSet), [new Set()], [[], new Map(), Object.create(Set.prototype)]],
    [entering(codec.openPairs), [[]], [{}]],
    [entering(codec.openPair), [[1, 2]], [[1], [1, 2, 3], {}]],
  ];
  for (const [convert, right, wrong] of cases) {
    for (const value of right) expect(at(convert, value)).toBe("in");
    for (const value of wrong) expect(message(convert, value)).toMatch(/^args\.a: expected /);
  }
});

test("keys are looked at", () => {
  const declared = new Set(["a"]);
  const keys = (keepsUndefined: boolean): Convert => (c, x, d) => codec.restKeys(c, x as object, declared, keepsUndefined, d);
  const value = { a: 1, b: 2, c: undefined };
  expect(at(keys(false), value)).toEqual(["b"]);
  expect(at(keys(true), value)).toEqual(["b", "c"]);
  expect(message(keys(true), JSON.parse('{"__proto__":1}'))).toContain("__proto__");
  const key = (name: string): Convert => (c, x, d) => codec.restKey(c, x as object, name, declared, d);
  expect(at(key("b"), {})).toBe("b");
  for (const name of ["a", "__proto__", "c"]) expect(message(key(name), { c: 1 })).toContain(name);
  const only: Convert = (c, x, d) => codec.onlyDeclared(c, x as object, declared, d);
  at(only, { a: 1 });
  expect(message(only, { a: 1, b: 2 })).toMatch(/b: unexpected property$/);
  expect(codec.hasOnly({ a: 1 }, declared)).toBe(true);
  expect(codec.hasOnly({ b: 1 }, declared)).toBe(false);
});

test("counts are compared", () => {
  const list: unknown[] = [1];
  codec.pad(list, 3);
  expect(list).toEqual([1, undefined, undefined]);
  codec.padNull(list, 4);
  expect(list).toEqual([1, undefined, undefined, null]);
  expect(message((c, _, d) => codec.unchanged(c, 1, 2, d), 0)).toContain("changed while it was read");
  expect(message((c, _, d) => codec.distinct(c, { size: 1 }, 2, d), 0)).toContain("expected distinct");
  at((c, _, d) => (codec.unchanged(c, 2, 2, d), codec.distinct(c, { size: 2 }, 2, d)), 0);
  expect([codec.isDateText("1970-01-01T00:00:00Z"), codec.isDateText("1970"), codec.isDateText(0)]).toEqual([true, false, false]);
});

test("a path names properties, indexes and the halves of a map's entries", () => {
  const state = { keys: ["args", 0, "a", "a-b", undefined, codec.entryKey(3)] };
  expect(pathTo(state, 6, codec.entryValue(4))).toBe('args[0].a["a-b"][3][0][4][1]');
  expect(pathTo(state, 0, "args")).toBe("args");
});
