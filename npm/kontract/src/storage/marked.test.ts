import { expect, test } from "vitest";
import { readMarked, writeMarked } from "./marked.js";

test("values of every kind come back", () => {
  const value = [
    undefined, null, true, 2n ** 70n, '["a"]', new Date(0), new Uint8Array([0, 255]),
    new Set([[0, -0, 1.5, 1e300, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN]]),
    new Map<unknown, unknown>([[null, new Map()], ["a", new Set()]]), { a: [], b: { c: ["u"] } },
  ];
  expect(readMarked(writeMarked(value))).toEqual(value);
  expect(Object.is(readMarked(writeMarked(-0)), -0)).toBe(true);
  expect(readMarked(writeMarked({ a: undefined }))).toEqual({});
  expect(readMarked(writeMarked(new Date(Number.NaN)))).toEqual(new Date(Number.NaN));
});

test("the text is that of every host", () => {
  expect(writeMarked([1n, new Date(1), new Map([["a", undefined]])])).toBe('["a",["i","1"],["d",1],["m","a",["u"]]]');
});

test.each(["", "[]", "[1]", '["x"]', '["i","x"]'])("%s is nobody's", (text) => {
  expect(readMarked(text)).toBeUndefined();
});
