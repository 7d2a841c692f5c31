import { afterEach, expect, test, vi } from "vitest";
import { consoleLogger, describe } from "./log.js";

afterEach(() => {
  vi.restoreAllMocks();
});

test("an entry is one line of JSON, whatever it holds", () => {
  const lines: string[] = [];
  vi.spyOn(console, "error").mockImplementation((line: string) => void lines.push(line));
  consoleLogger({ level: "error", message: "a\nb\u001b[31m", callId: "1", error: new Error("x") });
  consoleLogger({ level: "info", message: "ready" });
  expect(lines).toHaveLength(2);
  expect(lines[0]).not.toMatch(/[\n\u001b]/);
  expect(JSON.parse(lines[0] as string)).toMatchObject({ level: "error", message: "a\nb\u001b[31m", callId: "1", error: expect.stringMatching(/^Error: x\n/) });
  expect(Object.keys(JSON.parse(lines[1] as string) as object)).toEqual(["time", "level", "message"]);
});

test("what was thrown is told with its causes", () => {
  const error = new Error("outer", { cause: new Error("inner", { cause: "text" }) });
  expect(describe(error)).toMatch(/^Error: outer[^]*caused by: Error: inner[^]*caused by: text$/);
  expect(describe(undefined)).toBe("");
  const circle = new Error("circle");
  circle.cause = circle;
  expect(describe(circle).split("caused by").length).toBe(5);
  expect(describe({ toString: () => { throw new Error("no"); } })).toBe("a value that cannot be shown");
});
