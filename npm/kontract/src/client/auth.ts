import { configure } from "./configure.js";
import { request } from "./http.js";

/** What a login is made of. */
export interface Credentials {
  email: string;
  password: string;
}

/** A session that was opened. */
export interface Login {
  /** The credential, which later calls carry by themselves. */
  token: string;
  /** The user's id. */
  owner: string;
}

/** The user a session belongs to. */
export interface CurrentUser {
  owner: string;
  /** null for a session without an account. */
  email: string | null;
  isAnonymous: boolean;
  perm: number;
  ugroups: string[];
}

/**
 * The built-in authentication. A session that is opened is used by every later
 * call; it is kept in memory only, so that a page which is loaded anew has to set
 * it again with `configure({ token })`.
 */
export const auth = {
  /** Opens a session without an account. */
  anonymous(): Promise<Login> {
    return open("/auth/anonymous", {});
  },

  /** Makes an account and opens its first session; ConflictError where the e-mail address is taken. */
  register(credentials: Credentials): Promise<Login> {
    return open("/auth/register", credentials);
  },

  /** Opens a session of an account; UnauthorizedError where e-mail address or password are wrong. */
  login(credentials: Credentials): Promise<Login> {
    return open("/auth/login", credentials);
  },

  /** Ends the session. The token is forgotten even if the server cannot be reached. */
  async logout(): Promise<void> {
    try {
      await request("POST", "/auth/logout", undefined);
    } finally {
      configure({ token: null });
    }
  },

  /** The user of the session; UnauthorizedError without one. */
  async me(): Promise<CurrentUser> {
    return (await request("GET", "/auth/me", undefined)) as CurrentUser;
  },
};

async function open(path: string, body: object): Promise<Login> {
  const login = (await request("POST", path, body)) as Login;
  configure({ token: login.token });
  return login;
}
