import { expect, test } from "vitest";
import { parseBase, parseLimits, readVariables } from "./options.js";

test("limits that are left out have their default", () => {
  expect(parseLimits({ bodyKb: 5, deadlineMs: undefined })).toEqual({ deadlineMs: 10_000, bodyKb: 5, inFlight: 1000 });
  expect(parseLimits()).toEqual({ deadlineMs: 10_000, bodyKb: 1024, inFlight: 1000 });
});

test.each([{ deadline: 1 }, { deadlineMs: 0 }, { bodyKb: -1 }, { inFlight: Number.NaN }, { deadlineMs: 2 ** 31 }])(
  "%o are no limits",
  (limits) => {
    expect(() => parseLimits(limits)).toThrow(TypeError);
  },
);

test.each(["/api", "/api/v1", "/a.b/c-d_e~f"])("%s is a base", (base) => {
  expect(parseBase(base)).toBe(base);
});

test.each(["", "/", "api", "/api/", "/a//b", "/a?b", "/auth", "/auth/x", "/health", "/ready"])("%s is no base", (base) => {
  expect(() => parseBase(base)).toThrow(/base: expected a path/);
});

test("the listed variables are read, and no others", () => {
  expect([...readVariables(["A", "B"], { A: "1", C: "3" })]).toEqual([["A", "1"], ["B", undefined]]);
  expect(readVariables().size).toBe(0);
});

test.each(["storage", "A-B", "a", "", "__proto__"])("'%s' names no variable", (name) => {
  expect(() => readVariables([name])).toThrow(/not the name of an environment variable/);
});
