import { checkKey, checkSharable, checkTtl } from "../memory/shared.js";
import { invalid } from "../memory/values.js";
import type { StorageAccess } from "../runtime/backing.js";
import type { SharedStorage } from "../types/registry.js";
import { type Answer, ask, type PgClient } from "./client.js";
import { sendOnce } from "./commit.js";
import { Fault } from "./fault.js";
import { hex, sha256 } from "./key.js";
import { readMarked, writeMarked } from "./marked.js";

/** The changes of a call to the shared state: one that runs again gets the results of the first time. */
export class SharedChanges {
  readonly claim: string;
  /** How many the attempt has made. */
  count = 0;

  constructor(claim: string) {
    this.claim = claim;
  }
}

/** The shared state in PostgreSQL as one call may see it. */
export function sharedInPostgres(pg: PgClient, key: Uint8Array, access: StorageAccess, changes: SharedChanges): SharedStorage {
  const change = async (operation: string, name: string, held: string | null, number: number | null, ttl: number): Promise<Answer> => {
    changes.count += 1;
    const nth = changes.count;
    const same = await sha256(JSON.stringify([operation, name, held, number]));
    try {
      const answer = await sendOnce(pg, CHANGE, [hex(key), changes.claim, nth, same, operation, name, held, number, Math.min(ttl, LONGEST)]);
      return answer ?? {};
    } catch (error) {
      throw error instanceof Fault ? error.error : error;
    }
  };
  return Object.freeze({
    async get<T = unknown>(name: string): Promise<T | null> {
      access.check();
      const [row] = await ask(pg, GET, [hex(key), checkKey(name)]);
      if (row === undefined) return null;
      const value = row.held === null ? Number(row.number) : readMarked(row.held as string);
      return (value ?? null) as T | null;
    },

    async set(name: string, value: unknown, options: { ttl?: number } = {}): Promise<void> {
      access.check();
      checkSharable(value);
      const held = typeof value === "number" ? null : writeMarked(value);
      if (held !== null && held.length > MOST_HELD) throw invalid("value", "expected at most 1 MB");
      await change("set", checkKey(name), held, typeof value === "number" ? value : null, checkTtl(options.ttl));
    },

    async delete(name: string): Promise<boolean> {
      access.check();
      return (await change("delete", checkKey(name), null, null, 0)).done === true;
    },

    async increment(name: string, by = 1, options: { ttl?: number } = {}): Promise<number> {
      access.check();
      if (!Number.isFinite(by)) throw new TypeError("env.shared.increment: expected a finite number");
      const { sum } = await change("increment", checkKey(name), null, by, checkTtl(options.ttl));
      if (sum === null || sum === undefined) throw new TypeError("env.shared.increment: the key does not hold a number");
      return Number(sum);
    },
  });
}

const GET = "SELECT held, number, left_over FROM kontract.shared_get(decode($1::text, 'hex'), $2::text)";
const CHANGE = `SELECT done, sum FROM kontract.shared_change(decode($1::text, 'hex'), $2::text, $3::int, decode($4::text, 'hex'),
  $5::text, $6::text, $7::text, $8::float8, $9::float8)`;
/** Seconds. A year is for ever. */
const LONGEST = 365 * 24 * 3600;
const MOST_HELD = 1 << 20;
