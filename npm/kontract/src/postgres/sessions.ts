import { UnauthorizedError } from "../errors.js";
import { perms } from "../perms.js";
import type { Session, SessionSource } from "../runtime/session.js";
import { type Answer, ask, type PgClient } from "./client.js";
import { ANONYMOUS, bytesOf, hex, KeyMaker } from "./key.js";

/** Who may come without a login, and for how long a session lives. */
export interface SessionSettings {
  readonly allowAnonymous: boolean;
  readonly anonymousPerm: number;
  readonly ttlMs: number;
}

/** Sessions in PostgreSQL, remembered for a few seconds. */
export class PostgresSessions implements SessionSource {
  readonly #pg: PgClient;
  readonly #keys: KeyMaker;
  readonly #settings: SessionSettings;
  // By key, and those without a login by host. At another host than theirs they may be unknown.
  readonly #found = new Map<string, { session: Session; host: string; since: number }>();
  // Counts evictions: what was asked for before one may be what it evicted.
  #evictions = 0;

  constructor(pg: PgClient, secret: string, settings: SessionSettings) {
    this.#pg = pg;
    this.#keys = new KeyMaker(secret);
    this.#settings = settings;
  }

  async resolve(credential: string | null, host: string): Promise<Session> {
    const { allowAnonymous, anonymousPerm } = this.#settings;
    if (credential === null && !allowAnonymous) throw new UnauthorizedError();
    const key = await this.keyOf(credential ?? ANONYMOUS);
    const name = credential === null ? `${ANONYMOUS} ${host}` : hex(key);
    const known = this.#found.get(name);
    if (known !== undefined && known.host === host && Date.now() - known.since < FRESH_MS) return valid(known.session);
    const evictions = this.#evictions;
    const [row] =
      credential === null
        ? await ask(this.#pg, `${COLUMNS}, encode(own, 'hex') AS own FROM kontract.session_anonymous(decode($1::text, 'hex'), $2::int, $3::int, $4::text)`, [hex(key), anonymousPerm, this.seconds, host])
        : await ask(this.#pg, `${COLUMNS} FROM kontract.session(decode($1::text, 'hex'), $2::text)`, [hex(key), host]);
    if (row === undefined) throw new UnauthorizedError();
    // Each tenant has a session of its own for calls without a login.
    const session = readSession(row, credential === null ? bytesOf(row.own as string) : key);
    if (evictions === this.#evictions) this.#remember(name, session, host);
    return valid(session);
  }

  keyOf(token: string): Promise<Uint8Array> {
    return this.#keys.make(token);
  }

  /** How long a session lives, for the database. */
  get seconds(): number {
    return Math.ceil(this.#settings.ttlMs / 1000);
  }

  get endings(): number {
    return this.#evictions;
  }

  /** Forgets a session that has ended. */
  evict(key: Uint8Array): void {
    this.#evictions += 1;
    this.#found.delete(hex(key));
  }

  /** Forgets the sessions of a user. */
  evictUser(owner: string): void {
    this.#evictions += 1;
    for (const [key, { session }] of this.#found) if (session.owner === owner) this.#found.delete(key);
  }

  #remember(name: string, session: Session, host: string): void {
    if (this.#found.size >= MOST_REMEMBERED) this.#found.clear();
    this.#found.set(name, { session, host, since: Date.now() });
  }
}

function readSession(row: Answer, key: Uint8Array): Session {
  return {
    id: row.sid as string,
    tenant: row.tenant as string,
    owner: row.user_id as string,
    perm: Number(row.perm) & perms.RWX,
    ugroups: JSON.parse(row.ugroups as string) as string[],
    isAnonymous: row.is_anonymous as boolean,
    expiresAt: new Date(Number(row.expiry)),
    key,
  };
}

function valid(session: Session): Session {
  if (session.expiresAt.getTime() <= Date.now()) throw new UnauthorizedError();
  return session;
}

const COLUMNS =
  "SELECT sid, tenant, user_id, perm, to_json(ugroups)::text AS ugroups, is_anonymous, (extract(epoch FROM expires_at) * 1000)::float8 AS expiry";
/** How long an end of a session that another host brought about may go unnoticed. */
const FRESH_MS = 3000;
const MOST_REMEMBERED = 20_000;
