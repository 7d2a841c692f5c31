import type { Context } from "../types/context.js";

/** What a route requires of a call. */
export interface RouteMeta {
  /** The group a session must belong to. */
  ugroup?: string;
  egroup?: string;
  /** The permission bits a session must hold; 0 for none. */
  perm: number;
}

/** A function that can be called from outside, as the compiler registers it. */
export interface Route {
  handler: (ctx: Context, args: unknown[]) => unknown;
  meta: RouteMeta;
}

/** The routes by name. */
export type Routes = ReadonlyMap<string, Route>;
