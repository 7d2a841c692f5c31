import { writeMarked } from "../storage/marked.js";
import type { StorageAccess } from "../runtime/backing.js";
import { SharedChanges } from "../storage/scope.js";
import { checkStorable, invalid } from "../storage/values.js";
import type { SharedStorage } from "../types/registry.js";

/** The shared state of one tenant. */
export class SharedEntries {
  readonly #entries = new Map<string, { value: unknown; expiresAt: number }>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  read(key: string): { value: unknown; expiresAt: number } | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined && entry.expiresAt <= this.#now()) {
      this.#entries.delete(key);
      return undefined;
    }
    return entry;
  }

  write(key: string, value: unknown, ttl: number): void {
    this.replace(key, value, this.#now() + ttl * 1000);
  }

  replace(key: string, value: unknown, expiresAt: number): void {
    if (!this.#entries.has(key)) this.#makeRoom();
    this.#entries.set(key, { value, expiresAt });
  }

  remove(key: string): boolean {
    const present = this.read(key) !== undefined;
    this.#entries.delete(key);
    return present;
  }

  // Keys may come from callers: without a bound they fill the memory.
  #makeRoom(): void {
    if (this.#entries.size < MAX_ENTRIES) return;
    const now = this.#now();
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt <= now) this.#entries.delete(key);
    }
    for (const key of this.#entries.keys()) {
      if (this.#entries.size < MAX_ENTRIES) return;
      this.#entries.delete(key);
    }
  }
}

/** What came of a call's changes: an attempt that makes the same ones again changes nothing. */
export class MemoryChanges extends SharedChanges {
  readonly #done: { change: string; result: unknown }[] = [];

  once<Result>(change: unknown[], make: () => Result): Result {
    const same = writeMarked(change);
    const known = this.#done[this.count];
    const result = known?.change === same ? (known.result as Result) : make();
    this.#done[this.count] = { change: same, result };
    this.count += 1;
    return result;
  }
}

/** The shared state as one call may see it. */
export function sharedView(entries: SharedEntries, access: StorageAccess, changes: MemoryChanges): SharedStorage {
  return Object.freeze({
    async get<T = unknown>(key: string): Promise<T | null> {
      access.check();
      const entry = entries.read(checkKey(key));
      return entry === undefined ? null : (structuredClone(entry.value) as T);
    },

    async set(key: string, value: unknown, options: { ttl?: number } = {}): Promise<void> {
      access.check();
      checkSharable(value);
      const ttl = checkTtl(options.ttl);
      changes.once(["set", checkKey(key), value], () => entries.write(key, structuredClone(value), ttl));
    },

    async delete(key: string): Promise<boolean> {
      access.check();
      return changes.once(["delete", checkKey(key)], () => entries.remove(key));
    },

    async increment(key: string, by = 1, options: { ttl?: number } = {}): Promise<number> {
      access.check();
      if (!Number.isFinite(by)) throw new TypeError("env.shared.increment: expected a finite number");
      const ttl = checkTtl(options.ttl);
      return changes.once(["increment", checkKey(key), by], () => {
        const entry = entries.read(key);
        if (entry === undefined) {
          entries.write(key, by, ttl);
          return by;
        }
        if (typeof entry.value !== "number") {
          throw new TypeError("env.shared.increment: the key does not hold a number");
        }
        const sum = entry.value + by;
        entries.replace(key, sum, entry.expiresAt);
        return sum;
      });
    },
  });
}

/** Refuses what cannot be shared. */
export function checkSharable(value: unknown): void {
  checkStorable(value, "value", 0);
}

/** Returns a key, or throws where it is none. */
export function checkKey(key: unknown): string {
  if (typeof key !== "string" || key.length > MAX_KEY_LENGTH) {
    throw invalid("key", `expected text of at most ${MAX_KEY_LENGTH} characters`);
  }
  return key;
}

/** Returns how many seconds a value is to be kept, or throws. */
export function checkTtl(ttl: unknown = DEFAULT_TTL_SECONDS): number {
  if (typeof ttl !== "number" || !(ttl > 0)) {
    throw new TypeError("env.shared: ttl is a number of seconds above 0");
  }
  return ttl;
}

const DEFAULT_TTL_SECONDS = 3600;
const MAX_KEY_LENGTH = 1024;
const MAX_ENTRIES = 100_000;
