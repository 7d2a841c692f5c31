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
   * The session of a credential; of null, the one for calls without a login.
   * Rejects with UnauthorizedError where there is none.
   */
  resolve(credential: string | null): Session | Promise<Session>;
}
