import { expect, test } from "vitest";
import { checkData } from "./data.js";

test("ordinary data passes", () => {
  checkData([1, -0, 1e308, "a", "🎉", null, true, [1, { a: [{}] }], { constructor: null, prototype: 1 }], "v");
});

test("what is nested without end is refused before the stack is", () => {
  const deep: unknown = JSON.parse(`${"[".repeat(400_000)}${"]".repeat(400_000)}`);
  expect(() => checkData(deep, "v")).toThrow(/expected at most 64 levels/);
});

test.each([
  ['"\\u0000"', "args[0]"],
  ['{"a":["x","\\u0000"]}', "args[0].a[1]"],
  ['"\\ud83c"', "args[0]"],
  ['{"\\udf89":1}', "args[0]"],
  ["[1e999]", "args[0][0]"],
  ['{"__proto__":null}', "args[0].__proto__"],
  ['[{"constructor":{"prototype":1}}]', "args[0][0].constructor"],
])("%s is refused with its path", (text, path) => {
  expect(() => checkData(JSON.parse(text), "args[0]")).toThrow(expect.objectContaining({ name: "CodecError", path }));
});
