/** What was read of one tenant's shared state a moment ago: other hosts may have changed it since. */
export class SharedCache {
  readonly #now: () => number;
  // In the order in which they were kept.
  readonly #entries = new Map<string, { held: SharedValue | undefined; until: number; size: number }>();
  #size = 0;
  /** Counts changes: what was asked for before one is not kept after it. */
  changes = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** What lies under a key; no value where there is nothing. Undefined: ask. */
  read(name: string): { held: SharedValue | undefined } | undefined {
    const entry = this.#entries.get(name);
    return entry !== undefined && this.#now() < entry.until ? entry : undefined;
  }

  /** Keeps what has so many seconds left. */
  keep(name: string, held: SharedValue | undefined, left: number): void {
    this.#remove(name);
    const size = name.length + (typeof held === "string" ? held.length : 0);
    this.#size += size;
    this.#entries.set(name, { held, until: this.#now() + Math.min(left * 1000, FRESH_MS), size });
    // Keys may come from callers: without a bound they fill the memory.
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MAX_ENTRIES && this.#size <= MAX_SIZE) return;
      this.#remove(oldest);
    }
  }

  /** Somebody here changes it. */
  forget(name: string): void {
    this.changes += 1;
    this.#remove(name);
  }

  #remove(name: string): void {
    this.#size -= this.#entries.get(name)?.size ?? 0;
    this.#entries.delete(name);
  }
}

/** A number, or any other value as text. */
export type SharedValue = number | string;

const FRESH_MS = 1000;
const MAX_ENTRIES = 20_000;
/** Characters. */
const MAX_SIZE = 16 << 20;
