import { expect, test } from "vitest";
import { parseAuthConfig } from "./auth-config.js";

test("without settings anyone may read and users may do all, for an hour", () => {
  const settings = { ttlMs: 3_600_000, allowAnonymous: true, anonymousPerm: 4, userPerm: 7 };
  expect(parseAuthConfig(undefined, undefined)).toEqual(settings);
  expect(parseAuthConfig({}, { sessionTtlSeconds: undefined })).toEqual(settings);
});

test("the server's option decides over the application", () => {
  const application = { sessionTtlSeconds: 60, allowAnonymous: false, perm: { anonymous: "RW_", user: 4 } };
  expect(parseAuthConfig(application, { sessionTtlSeconds: 5 })).toEqual({
    ttlMs: 5000,
    allowAnonymous: false,
    anonymousPerm: 6,
    userPerm: 4,
  });
});

test.each([
  [null, /expected an AuthConfig/],
  ["x", /expected an AuthConfig/],
  [{ secret: "s" }, /src\/auth\.ts: 'secret' is not available/],
  [{ providers: [] }, /'providers' is not available/],
  [{ sessionTtlSeconds: 0 }, /sessionTtlSeconds/],
  [{ sessionTtlSeconds: "60" }, /sessionTtlSeconds/],
  [{ sessionTtlSeconds: Number.NaN }, /sessionTtlSeconds/],
  [{ sessionTtlSeconds: Number.POSITIVE_INFINITY }, /sessionTtlSeconds/],
  [{ allowAnonymous: "no" }, /allowAnonymous/],
  [{ perm: 7 }, /perm: expected an object/],
  [{ perm: { admin: 7 } }, /'admin' is not available/],
  [{ perm: { user: 8 } }, /auth\.perm\.user/],
  [{ perm: { user: -1 } }, /auth\.perm\.user/],
  [{ perm: { anonymous: "toString" } }, /auth\.perm\.anonymous/],
])("%o is no AuthConfig", (config, message) => {
  expect(() => parseAuthConfig(config, undefined)).toThrow(message);
});
