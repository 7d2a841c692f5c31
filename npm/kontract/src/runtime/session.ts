/** A session, as the dispatcher sees it. */
export interface Session {
  /** Not a credential. */
  id: string;
  tenant: string;
  /** The user. */
  owner: string;
  perm: number;
  ugroups: readonly string[];
  isAnonymous: boolean;
  expiresAt: Date;
  /** What a database knows it by; opens nothing at the door. */
  key?: Uint8Array;
}

/** Knows the sessions. */
export interface SessionSource {
  /**
   * The session of a credential; of null, the one for calls without a login. `host` is the request's
   * Host header: a session of another tenant is unknown there.
   * Rejects with UnauthorizedError where there is none.
   */
  resolve(credential: string | null, host: string): Session | Promise<Session>;
  /** Grows whenever it has ended sessions: what lasts looks its own up again. */
  readonly endings?: number;
}
