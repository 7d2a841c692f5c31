import type { Context } from "../types/context.js";

/** What a route requires of a call. */
export interface RouteMeta {
  /** The group a session must belong to. */
  ugroup?: string;
  egroup?: string;
  /** The permission bits a session must hold; 0 for none. */
  perm: number;
  /** No transaction around the call: every operation on a table applies at once. */
  isolation?: "none";
  /** The call may run again after a conflict although it had effects outside. */
  retry?: boolean;
  /** Its result is a stream of items; the codec's response is one of them. */
  streams?: boolean;
}

/**
 * Reads arguments and writes results by the types the route declares, and checks
 * them: what does not match is a `CodecError`. Generated for each route.
 */
export interface RouteCodec {
  decodeRequest(bytes: Uint8Array): unknown[];
  /** From parsed JSON. */
  readRequest(json: readonly unknown[]): unknown[];
  /** Only what is declared and readable is written. */
  encodeResponse(result: unknown): Uint8Array;
  /** The same as a value for `JSON.stringify`; undefined for no result. */
  writeResponse(result: unknown): unknown;
}

/** A function that can be called from outside, as the compiler registers it. */
export interface Route {
  handler: (ctx: Context, args: unknown[]) => unknown;
  meta: RouteMeta;
  codec: RouteCodec;
}

/** A route whose module has not been loaded: `[build] lazy`. */
export interface LazyRoute {
  meta: RouteMeta;
  /** Loads the module. Where that fails it is tried again by the next call. */
  load(): Promise<Route>;
}

/** The routes by name. */
export type Routes = ReadonlyMap<string, Route | LazyRoute>;
