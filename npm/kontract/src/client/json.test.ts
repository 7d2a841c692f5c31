import { expect, test } from "vitest";
import { encodeJson } from "./json.js";

test.each([
  [{ a: undefined, b: null }, '{"b":null}'],
  [2n ** 63n, '"9223372036854775808"'],
  [new Date(0), '"1970-01-01T00:00:00.000Z"'],
  [new Uint8Array([255, 0]), '"/wA="'],
  [Buffer.from("hi"), '"aGk="'],
  [new Map<unknown, unknown>([["a", new Set([1n])]]), '[["a",["1"]]]'],
  [{ toJSON: () => "own" }, '"own"'],
  [JSON.parse('{"__proto__":1}'), '{"__proto__":1}'],
])("%o is written as %s", (value, text) => {
  expect(encodeJson(value)).toBe(text);
});

test("bytes of any number are written", () => {
  const bytes = new Uint8Array(100_000).map((_, index) => index % 256);
  expect(encodeJson(bytes)).toBe(JSON.stringify(Buffer.from(bytes).toString("base64")));
});

test("undefined has no text, and a circle throws", () => {
  expect(encodeJson(undefined)).toBeUndefined();
  const circle: unknown[] = [];
  circle.push(circle);
  expect(() => encodeJson(circle)).toThrow(TypeError);
});
