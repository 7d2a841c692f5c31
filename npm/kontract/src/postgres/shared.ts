import { checkKey, checkSharable, checkTtl } from "../memory/shared.js";
import type { StorageAccess } from "../runtime/backing.js";
import type { SharedStorage } from "../types/registry.js";
import type { SharedChanges } from "../storage/scope.js";
import { invalid } from "../storage/values.js";
import { type Answer, ask, type PgClient, sendOnce } from "./client.js";
import { Fault } from "./fault.js";
import { hex, sha256 } from "./key.js";
import type { SharedCache, SharedValue } from "./shared-cache.js";
import { readMarked, writeMarked } from "../storage/marked.js";

/** The shared state in PostgreSQL as one call may see it. */
export function sharedInPostgres(
  pg: PgClient,
  key: Uint8Array,
  access: StorageAccess,
  changes: SharedChanges,
  cache: SharedCache,
): SharedStorage {
  const change = async (operation: string, name: string, held: string | null, number: number | null, ttl: number): Promise<Answer> => {
    changes.count += 1;
    const nth = changes.count;
    const same = await sha256(JSON.stringify([operation, name, held, number]));
    try {
      const answer = await sendOnce(pg, CHANGE, [hex(key), changes.claim, nth, same, operation, name, held, number, Math.min(ttl, LONGEST)]);
      return answer ?? {};
    } catch (error) {
      throw error instanceof Fault ? error.error : error;
    } finally {
      cache.forget(name);
    }
  };

  const find = async (name: string): Promise<SharedValue | undefined> => {
    const known = cache.read(name);
    if (known !== undefined) return known.held;
    const before = cache.changes;
    const [row] = await ask(pg, GET, [hex(key), name]);
    const held = row === undefined ? undefined : row.held === null ? Number(row.number) : (row.held as string);
    if (cache.changes === before) cache.keep(name, held, row === undefined ? LONGEST : Number(row.left_over));
    return held;
  };

  return Object.freeze({
    async get<T = unknown>(name: string): Promise<T | null> {
      access.check();
      const held = await find(checkKey(name));
      const value = typeof held === "string" ? readMarked(held) : held;
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
