import { expect, test } from "vitest";
import { contains, copyRow, sameValue } from "./values.js";

const samples: unknown[] = [
  null, true, false, 0, 1, "1", "", 1n, [], [1], [1, 1], [1, 2], [2, 1], {}, { a: 1 }, { a: 2 }, { b: 1 }, { a: 1, b: 1 },
  { a: { b: [] } }, new Date(0), new Date(1), new Uint8Array([1]), new Uint8Array([2]), new Uint8Array([1, 2]),
  new Map([["a", 1]]), new Map([["a", 2]]), new Set([1]), new Set([2]),
];

test("a value is the same as its copy and as no other", () => {
  for (const [index, left] of samples.entries()) {
    for (const [other, right] of samples.entries()) {
      expect(sameValue(left, structuredClone(right)), `${index} and ${other}`).toBe(index === other);
    }
  }
});

test("a value contains its copy", () => {
  for (const sample of samples) expect(contains(sample, structuredClone(sample))).toBe(true);
});

test("fields that are undefined are absent", () => {
  expect(sameValue({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  expect(sameValue({ a: undefined, b: 1 }, { a: 1, b: undefined })).toBe(false);
  expect(Object.keys(copyRow({ a: undefined, b: 1 }, "t"))).toEqual(["b"]);
});

test("what is inside of collections is looked at", () => {
  expect(() => copyRow({ map: new Map([["a", "\0"]]) }, "t")).toThrow("expected text without NUL");
  expect(() => copyRow({ set: new Set([() => 1]) }, "t")).toThrow("a function cannot be stored");
});
