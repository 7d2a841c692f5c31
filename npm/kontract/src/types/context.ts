/** The route that a call was dispatched to. */
export interface RouteInfo {
  readonly name: string;
  readonly egroup?: string;
}

/** What a backend function may know of the session that calls it. */
export interface SessionInfo {
  readonly id: string;
  /** What the session may do; `ctx.perm` is what the route requires. */
  readonly perm: number;
  readonly expiresAt: Date;
}

/** The call that is being served. */
export interface Context {
  /** The session's id. It is not a credential. */
  readonly sid: string;
  /** The user. */
  readonly owner: string;
  readonly tenant: string;
  /** The newest transaction the call has seen; 0n before its first storage access. */
  readonly currentTxid: bigint;
  /** The permission mask of the function itself, not of the session. */
  readonly perm: number;
  /** The HTTP method. */
  readonly method: string;
  /** `/rpc/<route>`, or `<base>/<route>` where the server has a base. */
  readonly path: string;
  readonly headers: Headers;
  readonly route: RouteInfo;
  /** True for a session without an account. */
  readonly isAnonymous: boolean;
  /** The session's groups, frozen. */
  readonly ugroups: string[];
  readonly session: SessionInfo;
  /** Aborted when the deadline has passed or the client has gone. */
  readonly signal: AbortSignal;
  /** Identifies the call, in the log too. */
  readonly callId: string;
  /** Keeps the call's context for work that outlives the answer. Its failure is logged. */
  waitUntil(work: Promise<unknown>): void;
}

/** Runs what a middleware wraps: the next middleware or the function. It may be called once. */
export type Next = () => Promise<unknown>;

/**
 * Wraps calls. A returned value other than undefined replaces the result.
 * When no middleware returns a value and the function never ran, the call is
 * answered 403.
 */
export type Middleware = (ctx: Context, next: Next) => unknown;
