import type { PermName } from "../perms.js";

/** The default export of `src/auth.ts`: who may call, and with which permission. */
export interface AuthConfig {
  /** How long a session lives; 3600 when left out. */
  sessionTtlSeconds?: number;
  /** May a call come without a login? True when left out. */
  allowAnonymous?: boolean;
  /** The permission of new accounts; R__ for anonymous ones and RWX for users when left out. */
  perm?: {
    anonymous?: number | PermName;
    user?: number | PermName;
  };
}
