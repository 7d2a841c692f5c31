import { randomUUID } from "node:crypto";
import { ConflictError, ForbiddenError, HttpError, NotFoundError, UnauthorizedError } from "../errors.js";
import type { Session, SessionSource } from "../runtime/session.js";
import type { AuthAdmin } from "../types/registry.js";
import type { AuthSettings } from "./auth-config.js";
import { checkPassword, MAX_EMAIL_LENGTH, normalizeEmail, parseEmail, parseGroups } from "./credentials.js";
import { Passwords } from "./passwords.js";
import { SessionStore } from "./sessions.js";
import { Throttle } from "./throttle.js";

/** A session that was opened. */
export interface Login {
  token: string;
  owner: string;
}

/** What a user is told of himself. */
export interface UserView {
  owner: string;
  email: string | null;
  isAnonymous: boolean;
  perm: number;
  ugroups: readonly string[];
}

/** Accounts, as the program that started the server handles them: those of the tenant `main`. */
export interface ServerAuth extends AuthAdmin {
  /** Makes an account and opens its first session. `from`: the network address that asks for it. */
  register(email: string, password: string, from?: string): Promise<Login>;
  /** Adds an account to a group and ends its sessions, which do not have it yet. */
  grant(email: string, group: string): Promise<void>;
  /** Takes an account out of a group and ends its sessions. */
  revoke(email: string, group: string): Promise<void>;
}

/** What `/auth/…` is served from. `host` is the request's Host header: it says whose tenant's users are meant. */
export interface Accounts extends SessionSource, ServerAuth {
  register(email: string, password: string, from?: string, host?: string): Promise<Login>;
  /** Opens a session of an account. `from` is the network address that asks for it. */
  login(email: string, password: string, from: string, host: string): Promise<Login>;
  /** Opens a session without an account. */
  anonymous(from: string, host: string): Login | Promise<Login>;
  logout(credential: string | null, host: string): void | Promise<void>;
  me(credential: string | null, host: string): UserView | Promise<UserView>;
}

interface Account {
  readonly id: string;
  readonly email: string;
  readonly hash: string;
  readonly perm: number;
  groups: readonly string[];
}

/** Accounts and sessions in memory: they end with the process. */
export class MemoryAuth implements Accounts {
  readonly #settings: AuthSettings;
  readonly #now: () => number;
  readonly #passwords = new Passwords();
  // Whoever guesses from one address must not lock the account's owner out elsewhere.
  readonly #perAddress = new Throttle(10);
  readonly #perAccount = new Throttle(100);
  // Accounts and sessions take up room.
  readonly #openings = new Throttle(100);
  readonly #byEmail = new Map<string, Account>();
  readonly #byId = new Map<string, Account>();
  // Apart, so that a flood of anonymous sessions keeps no user from logging in.
  readonly #users = new SessionStore(MAX_USER_SESSIONS);
  readonly #anonymous = new SessionStore(MAX_ANONYMOUS_SESSIONS);
  #endings = 0;

  constructor(settings: AuthSettings, now: () => number = Date.now) {
    this.#settings = settings;
    this.#now = now;
  }

  resolve(credential: string | null): Session {
    if (credential !== null) return this.#session(credential);
    if (!this.#settings.allowAnonymous) throw new UnauthorizedError();
    return { id: "anonymous", ...this.#anonymousSession("anonymous") };
  }

  get endings(): number {
    return this.#endings;
  }

  async register(email: string, password: string, from?: string): Promise<Login> {
    const address = parseEmail(email);
    checkPassword(password);
    if (from !== undefined) this.#openings.attempt(from, this.#now());
    this.#refuseTaken(address);
    if (this.#byEmail.size >= MAX_ACCOUNTS) {
      throw new HttpError("Too many accounts", 503, "SERVICE_UNAVAILABLE");
    }
    const hash = await this.#passwords.hash(password);
    this.#refuseTaken(address);
    const account: Account = {
      id: randomUUID(),
      email: address,
      hash,
      perm: this.#settings.userPerm,
      groups: [],
    };
    this.#byEmail.set(address, account);
    this.#byId.set(account.id, account);
    return this.#openSession(account);
  }

  async login(email: string, password: string, from: string): Promise<Login> {
    const address = normalizeEmail(email);
    if (address.length > MAX_EMAIL_LENGTH) throw new UnauthorizedError();
    const attempt = `${from} ${address}`;
    this.#perAddress.attempt(attempt, this.#now());
    this.#perAccount.attempt(address, this.#now());
    const account = this.#byEmail.get(address);
    if (!(await this.#passwords.verify(password, account?.hash)) || account === undefined) {
      throw new UnauthorizedError();
    }
    this.#perAddress.succeed(attempt);
    this.#perAccount.succeed(address);
    return this.#openSession(account);
  }

  anonymous(from: string): Login {
    if (!this.#settings.allowAnonymous) throw new UnauthorizedError();
    this.#openings.attempt(from, this.#now());
    const owner = randomUUID();
    return { token: this.#anonymous.open(this.#anonymousSession(owner), this.#now()), owner };
  }

  logout(credential: string | null): void {
    if (credential === null) throw new UnauthorizedError();
    if (!this.#users.close(credential) && !this.#anonymous.close(credential)) throw new UnauthorizedError();
    this.#endings += 1;
  }

  me(credential: string | null): UserView {
    if (credential === null) throw new UnauthorizedError();
    const { owner, isAnonymous, perm, ugroups } = this.#session(credential);
    return { owner, email: this.#byId.get(owner)?.email ?? null, isAnonymous, perm, ugroups };
  }

  async setGroups(userId: string, groups: readonly string[]): Promise<void> {
    const account = this.#byId.get(userId);
    if (account === undefined) throw new NotFoundError("User not found");
    account.groups = parseGroups(groups);
    this.#users.closeAll(userId);
    this.#endings += 1;
  }

  async grant(email: string, group: string): Promise<void> {
    const account = this.#account(email);
    await this.setGroups(account.id, [...account.groups, group]);
  }

  async revoke(email: string, group: string): Promise<void> {
    const account = this.#account(email);
    await this.setGroups(
      account.id,
      account.groups.filter((held) => held !== group),
    );
  }

  #account(email: string): Account {
    const account = this.#byEmail.get(normalizeEmail(email));
    if (account === undefined) throw new NotFoundError("User not found");
    return account;
  }

  #refuseTaken(address: string): void {
    if (this.#byEmail.has(address)) throw new ConflictError("This e-mail address has an account already");
  }

  #session(credential: string): Session {
    const now = this.#now();
    const session = this.#users.find(credential, now) ?? this.#anonymous.find(credential, now);
    if (session === undefined) throw new UnauthorizedError();
    return session;
  }

  #openSession({ id, perm, groups }: Account): Login {
    const session = { tenant: TENANT, owner: id, perm, ugroups: groups, isAnonymous: false };
    const token = this.#users.open({ ...session, expiresAt: this.#expiry() }, this.#now());
    return { token, owner: id };
  }

  #anonymousSession(owner: string): Omit<Session, "id"> {
    return {
      tenant: TENANT,
      owner,
      perm: this.#settings.anonymousPerm,
      ugroups: [],
      isAnonymous: true,
      expiresAt: this.#expiry(),
    };
  }

  #expiry(): Date {
    return new Date(this.#now() + this.#settings.ttlMs);
  }
}

/** Stands in where the host's own accounts are replaced. */
export const noAccounts: ServerAuth = {
  register: refuseAccounts,
  grant: refuseAccounts,
  revoke: refuseAccounts,
  setGroups: refuseAccounts,
};

async function refuseAccounts(): Promise<never> {
  throw new ForbiddenError("This server keeps no accounts: its sessions come from elsewhere");
}

const TENANT = "main";
const MAX_ACCOUNTS = 100_000;
const MAX_USER_SESSIONS = 100_000;
const MAX_ANONYMOUS_SESSIONS = 50_000;
