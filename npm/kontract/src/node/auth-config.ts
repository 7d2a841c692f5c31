import { perms } from "../perms.js";
import type { AuthConfig } from "../types/auth.js";

/** An {@link AuthConfig} with every setting decided. */
export interface AuthSettings {
  ttlMs: number;
  allowAnonymous: boolean;
  anonymousPerm: number;
  userPerm: number;
}

/** Reads the application's `src/auth.ts` and the server's option, which decides where both say something. */
export function parseAuthConfig(application: unknown, option: unknown): AuthSettings {
  const merged = { ...parts(application, "src/auth.ts"), ...parts(option, "auth") };
  const { sessionTtlSeconds = 3600, allowAnonymous = true, perm = {} } = merged;
  if (typeof sessionTtlSeconds !== "number" || !(sessionTtlSeconds > 0 && sessionTtlSeconds <= LONGEST_TTL)) {
    throw new TypeError(`auth.sessionTtlSeconds: expected a number above 0, at most ${LONGEST_TTL}`);
  }
  if (typeof allowAnonymous !== "boolean") throw new TypeError("auth.allowAnonymous: expected true or false");
  return {
    ttlMs: sessionTtlSeconds * 1000,
    allowAnonymous,
    anonymousPerm: parseMask(perm.anonymous ?? perms.R__, "auth.perm.anonymous"),
    userPerm: parseMask(perm.user ?? perms.RWX, "auth.perm.user"),
  };
}

function parts(config: unknown, where: string): AuthConfig {
  if (config === undefined) return {};
  if (typeof config !== "object" || config === null) throw new TypeError(`${where}: expected an AuthConfig`);
  refuseUnknown(config, SETTINGS, where);
  const { perm } = config as AuthConfig;
  if (perm !== undefined) {
    if (typeof perm !== "object" || perm === null) throw new TypeError(`${where}: perm: expected an object`);
    refuseUnknown(perm, ["anonymous", "user"], `${where}: perm`);
  }
  return Object.fromEntries(Object.entries(config).filter(([, value]) => value !== undefined));
}

function refuseUnknown(config: object, known: readonly string[], where: string): void {
  const unknown = Object.keys(config).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    throw new TypeError(`${where}: '${unknown}' is not available; there is ${known.join(", ")}`);
  }
}

function parseMask(mask: unknown, where: string): number {
  if (typeof mask === "string" && Object.hasOwn(perms, mask)) return perms[mask as keyof typeof perms];
  if (typeof mask === "number" && Number.isInteger(mask) && mask >= 0 && mask <= perms.RWX) return mask;
  throw new TypeError(`${where}: expected a permission mask such as 'R__' or perms.RWX`);
}

const SETTINGS = ["sessionTtlSeconds", "allowAnonymous", "perm"];
const LONGEST_TTL = 365 * 24 * 3600;
