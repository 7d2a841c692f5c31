import { expect, test } from "vitest";
import { HttpResp, isHttpResp } from "./http-resp.js";

test.each([
  [new HttpResp("x"), "x", 200, {}],
  [HttpResp.ok("x", { a: "1" }), "x", 200, { a: "1" }],
  [HttpResp.created("x"), "x", 201, {}],
  [HttpResp.noContent({ a: "1" }), null, 204, { a: "1" }],
  [HttpResp.redirect("/x"), null, 302, { Location: "/x" }],
])("%o", (response, data, status, headers) => {
  expect(response).toEqual({ data, status, headers });
  expect(isHttpResp(response)).toBe(true);
});

test("what looks like one is none", () => {
  for (const value of [{ data: 1, status: 200, headers: {} }, null, "x", () => 1]) expect(isHttpResp(value)).toBe(false);
});
