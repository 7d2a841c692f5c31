import type { Middleware } from "../types/context.js";
import { ignored, type MethodAnnotation } from "./shapes.js";

/** Which routes a middleware wraps. Every criterion that is given must hold. */
export interface MiddlewareFilter {
  /** A text prefix of the path, `/rpc/<route>`. */
  prefixurl?: string;
  /** The routes' endpoint group. */
  egroup?: string;
  /** The routes' names. */
  endpoints?: readonly string[];
}

/** A middleware with the routes it wraps; without a filter it wraps all. */
export interface FilteredMiddleware {
  fn: Middleware;
  filter?: MiddlewareFilter;
}

/** An element of {@link defineMiddleware}'s list. */
export type MiddlewareEntry = Middleware | FilteredMiddleware;

/**
 * Lists the application's middlewares, outermost first. It is the default
 * export of `src/middleware.ts`; which entry wraps which route is decided when
 * the application is compiled.
 */
export function defineMiddleware(entries: readonly MiddlewareEntry[]): readonly MiddlewareEntry[] {
  return entries;
}

/**
 * Restricts a middleware to some routes.
 *
 * ```ts
 * mwfilter({ egroup: 'api-v1' }, async (ctx, next) => { await next(); })
 * ```
 */
export function mwfilter(filter: MiddlewareFilter, fn: Middleware): FilteredMiddleware;
export function mwfilter(filter?: MiddlewareFilter): MethodAnnotation;
export function mwfilter(filter?: MiddlewareFilter, fn?: Middleware): unknown {
  return fn === undefined ? ignored : { fn, filter };
}
