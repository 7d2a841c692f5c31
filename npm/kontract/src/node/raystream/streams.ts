import { HttpError } from "../../errors.js";

/** A stream of items, as those that need its place see it. */
export interface Open {
  /** Since when an item waits for its reader. */
  readonly waits: number | undefined;
  /** Ends it: its function learns of that where it sends its next item. */
  end(error: HttpError): void;
}

/** The streams of a server. They last, so they have places of their own; where there are too many, somebody's makes way. */
export class Streams {
  readonly #most: number;
  readonly #now: () => number;
  /** With their callers, oldest first. */
  readonly #open = new Map<Open, string>();
  /** Those that have not left yet, with those that were told to. */
  #taken = 0;

  constructor(most: number, now: () => number = Date.now) {
    this.#most = most;
    this.#now = now;
  }

  /** Takes a place until what is returned is called. */
  enter(caller: string, stream: Open): () => void {
    if (this.#open.size >= this.#most && (this.#taken >= 2 * this.#most || !this.#dismiss(caller))) {
      throw new HttpError("Too many streams at the same time", 503, "SERVICE_UNAVAILABLE");
    }
    this.#taken += 1;
    this.#open.set(stream, caller);
    return () => {
      this.#taken -= 1;
      this.#open.delete(stream);
    };
  }

  /**
   * Ends a stream whose reader takes nothing, or one of a caller who has more than `newcomer` would
   * have: that which has waited longest, else the oldest. False where there is none.
   */
  #dismiss(newcomer: string): boolean {
    const counts = new Map<string, number>();
    for (const caller of this.#open.values()) counts.set(caller, (counts.get(caller) ?? 0) + 1);
    const own = counts.get(newcomer) ?? 0;
    let chosen: { stream: Open; waited: number } | undefined;
    for (const [stream, caller] of this.#open) {
      const waited = this.#now() - (stream.waits ?? this.#now());
      const hasMore = (counts.get(caller) ?? 0) > own + 1;
      if ((waited >= IDLE_MS || hasMore) && waited > (chosen?.waited ?? -1)) chosen = { stream, waited };
    }
    if (chosen === undefined) return false;
    this.#open.delete(chosen.stream);
    chosen.stream.end(new HttpError("Too many streams at the same time: this one has made way for another", 429, "RATE_LIMITED"));
    return true;
  }
}

/** How long a reader may take nothing while others wait for a place. */
const IDLE_MS = 5_000;
