import { createHash, randomBytes, randomUUID } from "node:crypto";
import { HttpError } from "../errors.js";
import type { Session } from "../runtime/session.js";

/** Open sessions by the SHA-256 of their token; the token itself is not kept. */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #capacity: number;
  #nextSweep = FIRST_SWEEP;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Opens a session and returns its credential. */
  open(session: Omit<Session, "id">, now: number): string {
    this.#makeRoom(now);
    const token = randomBytes(32).toString("base64url");
    this.#sessions.set(digest(token), { ...session, id: randomUUID() });
    return token;
  }

  /** The session of a credential, unless it has expired. */
  find(token: string, now: number): Session | undefined {
    const key = digest(token);
    const session = this.#sessions.get(key);
    if (session === undefined || session.expiresAt.getTime() > now) return session;
    this.#sessions.delete(key);
    return undefined;
  }

  /** Ends a session and tells whether there was one. */
  close(token: string): boolean {
    return this.#sessions.delete(digest(token));
  }

  /** Ends all sessions of a user. */
  closeAll(owner: string): void {
    for (const [key, session] of this.#sessions) {
      if (session.owner === owner) this.#sessions.delete(key);
    }
  }

  #makeRoom(now: number): void {
    if (this.#sessions.size < Math.min(this.#nextSweep, this.#capacity)) return;
    for (const [key, { expiresAt }] of this.#sessions) {
      if (expiresAt.getTime() <= now) this.#sessions.delete(key);
    }
    this.#nextSweep = Math.max(FIRST_SWEEP, this.#sessions.size * 2);
    if (this.#sessions.size >= this.#capacity) {
      throw new HttpError("Too many open sessions", 503, "SERVICE_UNAVAILABLE");
    }
  }
}

function digest(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

const FIRST_SWEEP = 1000;
