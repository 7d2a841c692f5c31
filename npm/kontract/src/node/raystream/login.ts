import type { Session, SessionSource } from "../../runtime/session.js";

/** The login that a call was begun with, where the call goes on for long. */
export class Login {
  readonly #sessions: SessionSource;
  readonly #credential: string | null;
  readonly #called: string;
  #found: { session: Session; at: number; endings: number | undefined } | undefined;

  /** `called` is the name that the server was called by. */
  constructor(sessions: SessionSource, credential: string | null, called: string) {
    this.#sessions = sessions;
    this.#credential = credential;
    this.#called = called;
  }

  /**
   * Its session, looked up again every so often, and as soon as this server has ended any. Rejects
   * with UnauthorizedError where it has ended.
   */
  async session(): Promise<Session> {
    const [now, { endings }, found] = [Date.now(), this.#sessions, this.#found];
    if (found !== undefined && now - found.at < CHECK_MS && endings === found.endings && found.session.expiresAt.getTime() > now) {
      return found.session;
    }
    const session = await this.#sessions.resolve(this.#credential, this.#called);
    this.#found = { session, at: now, endings };
    return session;
  }
}

const CHECK_MS = 30_000;
