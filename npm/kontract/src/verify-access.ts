import { PermissionError } from "./errors.js";
import { allows } from "./perms.js";
import type { Context } from "./types/context.js";

/**
 * Throws a {@link PermissionError} unless the session holds every bit of `perm`.
 * It looks at `ctx.session.perm`; `ctx.perm` is what the route requires.
 */
export function verifyAccess(ctx: Context, perm: number): void {
  if (!allows(ctx.session.perm, perm)) throw PermissionError.insufficient();
}
