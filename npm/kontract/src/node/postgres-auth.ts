import { randomBytes } from "node:crypto";
import { ConflictError, invalid, NotFoundError, UnauthorizedError } from "../errors.js";
import { type Answer, ask, type PgClient } from "../postgres/client.js";
import { faultOf } from "../postgres/fault.js";
import { hex } from "../postgres/key.js";
import { PostgresSessions } from "../postgres/sessions.js";
import type { Session } from "../runtime/session.js";
import type { AuthSettings } from "./auth-config.js";
import type { Accounts, Login, UserView } from "./auth.js";
import { checkPassword, MAX_EMAIL_LENGTH, normalizeEmail, parseEmail, parseGroups } from "./credentials.js";
import type { PostgresOptions } from "./options.js";
import { Passwords } from "./passwords.js";
import { Throttle } from "./throttle.js";

/** Accounts and sessions in PostgreSQL, the same that the gateway serves. */
export class PostgresAuth implements Accounts {
  readonly #pg: PgClient;
  readonly #settings: AuthSettings;
  readonly #sessions: PostgresSessions;
  readonly #passwords = new Passwords();
  // Whoever guesses from one address must not lock the account's owner out elsewhere.
  readonly #perAddress = new Throttle(10);
  readonly #perAccount = new Throttle(100);
  // Accounts and sessions take up room.
  readonly #openings = new Throttle(100);

  constructor({ client, secret }: PostgresOptions, settings: AuthSettings) {
    this.#pg = client;
    this.#settings = settings;
    this.#sessions = new PostgresSessions(client, secret, settings);
  }

  resolve(credential: string | null, host: string): Promise<Session> {
    return this.#sessions.resolve(credential, host);
  }

  get endings(): number {
    return this.#sessions.endings;
  }

  async register(email: string, password: string, from?: string, host?: string): Promise<Login> {
    const address = parseEmail(email);
    checkPassword(password);
    if (from !== undefined) this.#openings.attempt(from, Date.now());
    const hash = await this.#passwords.hash(password);
    const { token, key } = await this.#newSession();
    const params = [address, hash, this.#settings.userPerm, key, this.#sessions.seconds, host];
    // Not sent again: a repetition would find the account taken.
    const made = this.#pg.query("SELECT kontract.account_create($1::text, $2::text, $3::int, decode($4::text, 'hex'), $5::int, $6::text) AS owner", params);
    const { rows } = await made.catch((error: unknown) => {
      const fault = faultOf(error);
      if (fault.kind !== "conflict" && fault.kind !== "taken") throw fault.error;
      throw new ConflictError("This e-mail address has an account already");
    });
    return { token, owner: ownerOf(rows[0] as Answer | undefined) };
  }

  async login(email: string, password: string, from: string, host: string): Promise<Login> {
    const address = normalizeEmail(email);
    if (address.length > MAX_EMAIL_LENGTH) throw new UnauthorizedError();
    const attempt = `${from} ${address}`;
    this.#perAddress.attempt(attempt, Date.now());
    this.#perAccount.attempt(address, Date.now());
    const account = await this.#account(address, host);
    if (!(await this.#passwords.verify(password, account?.hash)) || account === undefined) throw new UnauthorizedError();
    this.#perAddress.succeed(attempt);
    this.#perAccount.succeed(address);
    return this.#open(account.owner);
  }

  async anonymous(from: string, host: string): Promise<Login> {
    if (!this.#settings.allowAnonymous) throw new UnauthorizedError();
    this.#openings.attempt(from, Date.now());
    const { token, key } = await this.#newSession();
    const params = [key, this.#settings.anonymousPerm, this.#sessions.seconds, host];
    const [row] = await ask(this.#pg, "SELECT kontract.session_guest(decode($1::text, 'hex'), $2::int, $3::int, $4::text) AS owner", params);
    return { token, owner: ownerOf(row) };
  }

  async logout(credential: string | null, host: string): Promise<void> {
    if (credential === null) throw new UnauthorizedError();
    const key = await this.#sessions.keyOf(credential);
    const closed = ask(this.#pg, "SELECT kontract.session_close(decode($1::text, 'hex'), $2::text) AS ended", [hex(key), host]);
    const [row] = await closed.finally(() => this.#sessions.evict(key));
    if (row?.ended !== true) throw new UnauthorizedError();
  }

  async me(credential: string | null, host?: string): Promise<UserView> {
    if (credential === null) throw new UnauthorizedError();
    const key = hex(await this.#sessions.keyOf(credential));
    const [row] = await ask(this.#pg, "SELECT user_id, email, is_anonymous, perm, to_json(ugroups)::text AS ugroups FROM kontract.me(decode($1::text, 'hex'), $2::text)", [key, host]);
    if (row === undefined) throw new UnauthorizedError();
    return {
      owner: row.user_id as string,
      email: row.email as string | null,
      isAnonymous: row.is_anonymous as boolean,
      perm: Number(row.perm),
      ugroups: JSON.parse(row.ugroups as string) as string[],
    };
  }

  async setGroups(userId: string, groups: readonly string[], asker?: Uint8Array): Promise<void> {
    const names = parseGroups(groups);
    if ([userId, ...names].some((text) => String(text).includes("\0"))) throw invalid("setGroups: expected text without NUL");
    const set = ask(this.#pg, "SELECT kontract.set_groups(decode($1::text, 'hex'), $2::text, $3::text[]) AS known", [asker && hex(asker), userId, names]);
    const [row] = await set.finally(() => this.#sessions.evictUser(userId));
    if (row?.known !== true) throw new NotFoundError("User not found");
  }

  async grant(email: string, group: string): Promise<void> {
    await this.#changeGroups(email, (held) => [...held, group]);
  }

  async revoke(email: string, group: string): Promise<void> {
    await this.#changeGroups(email, (held) => held.filter((name) => name !== group));
  }

  async #changeGroups(email: string, change: (held: readonly string[]) => readonly string[]): Promise<void> {
    const account = await this.#account(normalizeEmail(email));
    if (account === undefined) throw new NotFoundError("User not found");
    // A user's groups are told to his sessions alone; this one ends with the others.
    const { token } = await this.#open(account.owner);
    await this.setGroups(account.owner, change((await this.me(token)).ugroups));
  }

  async #account(address: string, host?: string): Promise<{ owner: string; hash: string } | undefined> {
    // PostgreSQL has no NUL: nobody is called so.
    if (address.includes("\0")) return undefined;
    const [row] = await ask(this.#pg, "SELECT user_id, hash FROM kontract.account_by_email($1::text, $2::text)", [address, host]);
    return row === undefined ? undefined : { owner: row.user_id as string, hash: row.hash as string };
  }

  async #open(owner: string): Promise<Login> {
    const { token, key } = await this.#newSession();
    await ask(this.#pg, "SELECT kontract.session_open(decode($1::text, 'hex'), $2::text, $3::int)", [key, owner, this.#sessions.seconds]);
    return { token, owner };
  }

  /** A new credential, 32 random bytes as base64url, and the key that it has in the database. */
  async #newSession(): Promise<{ token: string; key: string }> {
    const token = randomBytes(32).toString("base64url");
    return { token, key: hex(await this.#sessions.keyOf(token)) };
  }
}

function ownerOf(row: Answer | undefined): string {
  if (row === undefined) throw new Error("PostgreSQL made no user");
  return row.owner as string;
}
