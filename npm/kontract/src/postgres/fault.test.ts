import { describe, expect, test } from "vitest";
import { faultOf } from "./fault.js";

const sqlState = (code: string, more: object = {}): unknown => Object.assign(new Error("of PostgreSQL"), { code, ...more });

describe("what PostgreSQL says", () => {
  test.each([
    ["KX401", "refused", { status: 401, message: "Unauthorized" }],
    ["KX403", "refused", { status: 403, code: "PERMISSION_DENIED", message: "of PostgreSQL" }],
    ["KX404", "refused", { status: 404, message: "of PostgreSQL" }],
    ["KX400", "refused", { status: 400, message: "of PostgreSQL" }],
    ["KX409", "conflict", { status: 409 }],
    ["40001", "conflict", { status: 409 }],
    ["40P01", "conflict", { status: 409 }],
    ["23505", "violated", { status: 409 }],
    ["23514", "violated", { message: "SQLSTATE 23514" }],
    ["54000", "violated", { message: "SQLSTATE 54000" }],
    ["57014", "cancelled", { status: 504 }],
    ["57P01", "lost", { status: 503 }],
    ["08006", "lost", { status: 503 }],
    ["53300", "unavailable", { status: 503 }],
    ["0A000", "stale", { status: 503 }],
  ])("%s is %s", (code, kind, error) => {
    const fault = faultOf(sqlState(code));
    expect(fault.kind).toBe(kind);
    expect(fault.error).toMatchObject(error);
  });

  test("names the place of a value that was refused", () => {
    const refused = faultOf(Object.assign(new Error("users.age: expected number"), { code: "KX400" }));
    expect(refused.error).toMatchObject({ path: "users.age" });
    expect(faultOf(sqlState("KX409", { table: "users", column: "nick" })).error).toMatchObject({
      message: "Another row of users has this nick",
      path: "users.nick",
    });
  });

  test("is not repeated where it may quote values", () => {
    expect(faultOf(sqlState("22P02")).message).toBe("SQLSTATE 22P02");
    expect(faultOf(sqlState("42501")).message).toBe("SQLSTATE 42501: of PostgreSQL");
  });
});

test.each([
  [Object.assign(new Error("connect"), { code: "ECONNREFUSED" }), "unavailable"],
  [new Error("timeout exceeded when trying to connect"), "unavailable"],
  [Object.assign(new Error("read"), { code: "ECONNRESET" }), "lost"],
  [new Error("Connection terminated unexpectedly"), "lost"],
  [new Error("something else"), "internal"],
  ["no error", "internal"],
])("%s of the client is %s", (error, kind) => {
  expect(faultOf(error).kind).toBe(kind);
});
