import { expect, test } from "vitest";
import { PermissionError } from "./errors.js";
import { perms } from "./perms.js";
import type { Context } from "./types/context.js";
import { verifyAccess } from "./verify-access.js";

test("the session's permission decides, not the route's", () => {
  const ctx = { perm: perms.RWX, session: { perm: perms.RW_ } } as Context;
  verifyAccess(ctx, perms.R__);
  verifyAccess(ctx, perms.WR_);
  verifyAccess(ctx, 0);
  expect(() => verifyAccess(ctx, perms.R_X)).toThrow(PermissionError);
  expect(() => verifyAccess(ctx, perms.__X)).toThrow("Insufficient permissions");
});

test("the masks are the documented numbers", () => {
  expect(perms).toEqual({ R__: 4, _W_: 2, __X: 1, RW_: 6, WR_: 6, R_X: 5, _WX: 3, RWX: 7 });
});
