import { HttpError } from "../errors.js";

/** Slows down guessing: so many failures per name within a minute, then 429 until it is over. */
export class Throttle {
  readonly #failures = new Map<string, { count: number; endsAt: number }>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts an attempt as failed, until {@link Throttle.succeed}; throws when there were too many. */
  attempt(name: string, now: number): void {
    const entry = this.#failures.get(name);
    const running = entry !== undefined && entry.endsAt > now;
    if (running && entry.count >= this.#limit) throw new HttpError("Rate limit exceeded", 429, "RATE_LIMITED");
    if (!running) this.#makeRoom(name, now);
    this.#failures.set(name, {
      count: running ? entry.count + 1 : 1,
      endsAt: running ? entry.endsAt : now + WINDOW_MS,
    });
  }

  succeed(name: string): void {
    this.#failures.delete(name);
  }

  // Names come from callers.
  #makeRoom(name: string, now: number): void {
    this.#failures.delete(name);
    if (this.#failures.size < MAX_NAMES) return;
    for (const [key, { endsAt }] of this.#failures) {
      if (endsAt <= now) this.#failures.delete(key);
    }
    const [oldest] = this.#failures.keys();
    if (this.#failures.size >= MAX_NAMES && oldest !== undefined) this.#failures.delete(oldest);
  }
}

const WINDOW_MS = 60_000;
const MAX_NAMES = 10_000;
