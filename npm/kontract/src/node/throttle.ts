import { HttpError } from "../errors.js";

/** Slows down guessing and flooding: so many attempts of a name within a minute, then 429 until it is over. */
export class Throttle {
  readonly #attempts = new Map<string, { count: number; endsAt: number }>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Counts an attempt, until {@link Throttle.succeed}; throws when there were too many. */
  attempt(name: string, now: number): void {
    const entry = this.#attempts.get(name);
    const running = entry !== undefined && entry.endsAt > now;
    if (running && entry.count >= this.#limit) throw new HttpError("Rate limit exceeded", 429, "RATE_LIMITED");
    if (!running) this.#makeRoom(name, now);
    this.#attempts.set(name, {
      count: running ? entry.count + 1 : 1,
      endsAt: running ? entry.endsAt : now + WINDOW_MS,
    });
  }

  succeed(name: string): void {
    this.#attempts.delete(name);
  }

  // Names come from callers.
  #makeRoom(name: string, now: number): void {
    this.#attempts.delete(name);
    if (this.#attempts.size < MAX_NAMES) return;
    for (const [key, { endsAt }] of this.#attempts) {
      if (endsAt <= now) this.#attempts.delete(key);
    }
    const [oldest] = this.#attempts.keys();
    if (this.#attempts.size >= MAX_NAMES && oldest !== undefined) this.#attempts.delete(oldest);
  }
}

const WINDOW_MS = 60_000;
const MAX_NAMES = 10_000;
