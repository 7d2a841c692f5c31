import type { MiddlewareEntry } from "../annotations/middleware.js";
import { ForbiddenError } from "../errors.js";
import type { Context, Middleware } from "../types/context.js";

/** Runs the middlewares around `body`. */
export type Chain = (ctx: Context, body: () => unknown) => Promise<unknown>;

/**
 * Makes the chain of the middlewares at `indices`, outermost first. Filters were
 * decided by the compiler and are not looked at.
 */
export function __kontract_chain(entries: readonly MiddlewareEntry[], indices: readonly number[]): Chain {
  const middlewares = indices.map((index) => middlewareAt(entries, index));
  return async (ctx, body) => {
    const call: Call = { ran: false, returned: false, result: undefined };
    await runFrom(0, middlewares, ctx, body, call);
    // A guard that neither passes the call on nor answers it has refused it.
    if (!call.ran && !call.returned) throw new ForbiddenError();
    return call.result;
  };
}

interface Call {
  /** The function was reached. */
  ran: boolean;
  /** A middleware answered. */
  returned: boolean;
  result: unknown;
}

async function runFrom(
  position: number,
  middlewares: readonly Middleware[],
  ctx: Context,
  body: () => unknown,
  call: Call,
): Promise<unknown> {
  const middleware = middlewares[position];
  if (middleware === undefined) {
    call.ran = true;
    call.result = await body();
    return call.result;
  }

  let inner: Promise<unknown> | undefined;
  let innerSettled = false;
  let finished = false;
  const next = (): Promise<unknown> => {
    if (inner !== undefined) return reject(`next() was called twice ${inThe(position)}`);
    if (finished) return reject(`next() was called after its end ${inThe(position)}`);
    inner = runFrom(position + 1, middlewares, ctx, body, call).finally(() => {
      innerSettled = true;
    });
    // Nobody may be waiting for it, and an unhandled rejection ends the process.
    inner.catch(() => {});
    return inner;
  };

  let returned: unknown;
  try {
    returned = await middleware(ctx, next);
  } finally {
    finished = true;
  }
  // `next()` without await: the call is not over before the function is.
  if (inner !== undefined && !innerSettled) await inner;
  if (returned !== undefined) {
    call.returned = true;
    call.result = returned;
  }
  return call.result;
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

function inThe(position: number): string {
  return `in the middleware at position ${position} of its chain`;
}
