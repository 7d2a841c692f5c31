import { describe, expect, test } from "vitest";
import {
  codeOfStatus,
  ConflictError,
  ForbiddenError,
  HttpError,
  isHttpError,
  NotFoundError,
  PermissionError,
  rebuildError,
  StaleClientError,
  UnauthorizedError,
} from "./errors.js";

test.each([
  [new UnauthorizedError(), "UnauthorizedError", "UNAUTHORIZED", 401, "Unauthorized"],
  [new ForbiddenError(), "ForbiddenError", "FORBIDDEN", 403, "Forbidden"],
  [new NotFoundError(), "NotFoundError", "NOT_FOUND", 404, "Not Found"],
  [new NotFoundError("Table users not found"), "NotFoundError", "NOT_FOUND", 404, "Table users not found"],
  [new PermissionError("email"), "PermissionError", "PERMISSION_DENIED", 403, "Field 'email' is read-only"],
  [PermissionError.insufficient(), "PermissionError", "PERMISSION_DENIED", 403, "Insufficient permissions"],
  [PermissionError.table("read", "users"), "PermissionError", "PERMISSION_DENIED", 403, "Cannot read table users"],
  [new ConflictError(), "ConflictError", "CONFLICT", 409, "Conflict, try again"],
  [new StaleClientError("getUser"), "StaleClientError", "STALE_CLIENT", 409, "This client was built for an older version of getUser"],
  [new HttpError("no", 422, "INVALID_REQUEST"), "HttpError", "INVALID_REQUEST", 422, "no"],
])("%s", (error, name, code, status, message) => {
  expect(error).toBeInstanceOf(HttpError);
  expect(error).toMatchObject({ name, code, status, message });
  expect(String(error)).toBe(`${name}: ${message}`);
  expect(error.path).toBeUndefined();
});

test.each([
  [400, "INVALID_REQUEST"],
  [401, "UNAUTHORIZED"],
  [403, "FORBIDDEN"],
  [404, "NOT_FOUND"],
  [409, "CONFLICT"],
  [418, "INVALID_REQUEST"],
  [429, "RATE_LIMITED"],
  [500, "INTERNAL_ERROR"],
  [502, "SERVICE_UNAVAILABLE"],
  [503, "SERVICE_UNAVAILABLE"],
  [504, "TIMEOUT"],
])("an error with the status %i alone has the code %s", (status, code) => {
  expect(new HttpError("", status).code).toBe(code);
  expect(codeOfStatus(status)).toBe(code);
});

test("an error keeps its cause and its path", () => {
  const cause = new Error("inner");
  expect(new HttpError("outer", 400, undefined, { cause, path: "args[0]" })).toMatchObject({ cause, path: "args[0]" });
});

describe("an answer's error", () => {
  test.each([UnauthorizedError, ForbiddenError, NotFoundError, PermissionError, ConflictError, StaleClientError])(
    "becomes the %o that was thrown",
    (Class) => {
      const { code, status } = new Class("x");
      const error = rebuildError({ code, status, message: "as it was", path: "args[1]" });
      expect(error).toBeInstanceOf(Class);
      expect(error).toMatchObject({ code, status, message: "as it was", path: "args[1]" });
    },
  );

  test("with another status or code is an HttpError", () => {
    const gone = rebuildError({ code: "NOT_FOUND", status: 410, message: "gone" });
    expect(gone).not.toBeInstanceOf(NotFoundError);
    expect(gone).toMatchObject({ code: "NOT_FOUND", status: 410 });
    expect(rebuildError({ code: "MINE", status: 400, message: "" }).code).toBe("MINE");
  });
});

test("an error of another copy of the package is recognised, anything else is not", () => {
  class Foreign extends Error {}
  Object.defineProperty(Foreign.prototype, Symbol.for("kontract.HttpError"), { value: true });
  expect(isHttpError(new Foreign())).toBe(true);
  expect(isHttpError(new NotFoundError())).toBe(true);
  for (const value of [new Error(), { status: 404 }, null, undefined, "x", { [Symbol.for("kontract.HttpError")]: true }]) {
    expect(isHttpError(value)).toBe(false);
  }
});
