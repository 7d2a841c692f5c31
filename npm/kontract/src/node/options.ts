import type { PgClient } from "../postgres/client.js";
import type { StorageBackend } from "../runtime/backing.js";
import type { Logger } from "../runtime/log.js";
import type { SessionSource } from "../runtime/session.js";
import type { AuthConfig } from "../types/auth.js";
import type { RaystreamOptions } from "./raystream/keys.js";

/** What calls may use up. */
export interface Limits {
  /** How long a call may take, in milliseconds; 10 000 when left out. */
  deadlineMs?: number;
  /** The largest body of a request or an answer, in units of 1024 bytes; 1024 when left out. */
  bodyKb?: number;
  /** How many requests are served at the same time; 1000 when left out. */
  inFlight?: number;
}

/** A database that `kontract migrate up` has prepared. */
export interface PostgresOptions {
  /** A pool of node-postgres, or what is like one, with the gateway's role. */
  client: PgClient;
  /** `KONTRACT_SECRET`: what sessions are known by is made with it. All hosts of a database have the same. */
  secret: string;
}

/** What a handler is made of. */
export interface HandlerOptions {
  /** The output folder of `kontract build`. A relative path starts at the working directory. */
  dist: string | URL;
  /** Origins besides the server's own that browsers may call from: `['https://app.example']`. */
  cors?: readonly string[];
  /** The environment variables that `env` offers to backend functions. */
  env?: readonly string[];
  /** Overrides what `src/auth.ts` says. */
  auth?: AuthConfig;
  /** Where tables are kept; in memory when left out. */
  storage?: StorageBackend;
  /** Keeps tables, accounts and sessions in PostgreSQL, as the gateway does. */
  postgres?: PostgresOptions;
  /** Where sessions come from, instead of the built-in accounts; `/auth/…` is then not served. */
  sessions?: SessionSource;
  /**
   * Encrypted calls at `/raystream`, where there is a static key: `KONTRACT_STATIC_KEY` and
   * `KONTRACT_SECRET` of the environment, where nothing else is said. false turns them off.
   */
  raystream?: RaystreamOptions | false;
  /** A second path for calls, `/api` for `/api/<route>`; `ctx.path` then begins with it. */
  base?: string;
  /** Answers errors with their stack. Not for servers that others reach. */
  dev?: boolean;
  /** Receives what happens; lines of JSON on standard error when left out. */
  log?: Logger;
  limits?: Limits;
}

/** Reads `limits`. */
export function parseLimits(limits: Limits = {}): Required<Limits> {
  const unknown = Object.keys(limits).find((key) => !Object.hasOwn(DEFAULT_LIMITS, key));
  if (unknown !== undefined) throw new TypeError(`limits: unknown limit '${unknown}'`);
  const given = Object.entries(limits).filter(([, value]) => value !== undefined);
  for (const [key, value] of given) {
    // A timer above 2³¹ - 1 fires at once.
    if (typeof value !== "number" || !(value > 0 && value < 2 ** 31)) {
      throw new TypeError(`limits.${key}: expected a number above 0`);
    }
  }
  return { ...DEFAULT_LIMITS, ...Object.fromEntries(given) };
}

/** Reads `postgres`. */
export function parsePostgres({ postgres, storage, sessions }: HandlerOptions): PostgresOptions | undefined {
  if (postgres === undefined) return undefined;
  if (storage !== undefined || sessions !== undefined) {
    throw new TypeError("postgres: it brings storage and sessions along; leave out `storage` and `sessions`");
  }
  if (typeof postgres.client?.query !== "function") throw new TypeError("postgres.client: expected a client of PostgreSQL");
  if (typeof postgres.secret !== "string" || postgres.secret.length < LEAST_SECRET) {
    throw new TypeError(`postgres.secret: expected KONTRACT_SECRET, at least ${LEAST_SECRET} characters`);
  }
  return postgres;
}

/** Reads `base`: undefined, or a path without a slash at its end. */
export function parseBase(base: string | undefined): string | undefined {
  if (base === undefined) return undefined;
  if (!/^(\/[A-Za-z0-9._~-]+)+$/.test(base) || /^\/(auth|health|ready|raystream)(\/|$)/.test(base)) {
    throw new TypeError("base: expected a path such as '/api', other than /auth, /health, /ready and /raystream");
  }
  return base;
}

/** Takes the listed environment variables as they are now. */
export function readVariables(
  names: readonly string[] = [],
  from: Readonly<Record<string, string | undefined>> = process.env,
): ReadonlyMap<string, string | undefined> {
  for (const name of names) {
    if (!/^[A-Z_][A-Z0-9_]*$/.test(name)) {
      throw new TypeError(`env: '${name}' is not the name of an environment variable in capitals`);
    }
  }
  return new Map(names.map((name) => [name, from[name]]));
}

const DEFAULT_LIMITS: Required<Limits> = { deadlineMs: 10_000, bodyKb: 1024, inFlight: 1000 };
const LEAST_SECRET = 32;
