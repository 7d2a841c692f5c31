import type { MiddlewareEntry } from "../annotations/middleware.js";
import { ForbiddenError } from "../errors.js";
import type { Context, Middleware } from "../types/context.js";

/**
 * Calls a middleware with what it wraps. Resolves to what it returned, when both
 * are over: a `next()` that nobody waits for included.
 */
export type Around = (ctx: Context, inner: () => Promise<unknown>) => Promise<unknown>;

/**
 * The middleware at `index`, for the chains that the compiler writes. Its filter
 * was decided then and is not looked at.
 */
export function __kontract_around(entries: readonly MiddlewareEntry[], index: number): Around {
  const middleware = middlewareAt(entries, index);
  return async (ctx, inner) => {
    let passed: Promise<unknown> | undefined;
    let innerSettled = false;
    let finished = false;
    const next = (): Promise<unknown> => {
      if (passed !== undefined) return reject(`next() was called twice in middleware ${index}`);
      if (finished) return reject(`next() was called after the end of middleware ${index}`);
      passed = inner().finally(() => {
        innerSettled = true;
      });
      // Nobody may be waiting for it, and an unhandled rejection ends the process.
      passed.catch(() => {});
      return passed;
    };

    let returned: unknown;
    try {
      returned = await middleware(ctx, next);
    } finally {
      finished = true;
    }
    // `next()` without await: the call is not over before the function is.
    if (passed !== undefined && !innerSettled) await passed;
    return returned;
  };
}

/** A guard that neither passes the call on nor answers it has refused it. */
export function __kontract_refuse(): never {
  throw new ForbiddenError();
}

function middlewareAt(entries: readonly MiddlewareEntry[], index: number): Middleware {
  const entry = entries[index];
  const middleware = typeof entry === "function" ? entry : entry?.fn;
  if (typeof middleware !== "function") {
    throw new TypeError(`Middleware ${index} is not a function; run \`kontract build\` again`);
  }
  return middleware;
}

function reject(message: string): Promise<never> {
  return Promise.reject(new Error(message));
}
