/** What is asked and not finally answered: the same book on both sides. */
import { misbehaved } from "../error.js";
import { MAX_CALLS, MAX_SUBSCRIPTIONS } from "../limits.js";

/** What a request is. */
export type Sort = "call" | "subscription";

/** A request that waits for its final answer. */
export interface Request {
  readonly sort: Sort;
  /** How many more items may come. */
  credit: number;
}

/** Requests by the sequence of their first frame. */
export class Requests {
  readonly #open = new Map<number, Request>();
  #subscriptions = 0;

  /** Whether a session may have another of this sort. */
  hasRoom(sort: Sort): boolean {
    return sort === "call"
      ? this.#open.size - this.#subscriptions < MAX_CALLS
      : this.#subscriptions < MAX_SUBSCRIPTIONS;
  }

  insert(sequence: number, sort: Sort, credit: number): void {
    if (sort === "subscription") this.#subscriptions++;
    this.#open.set(sequence, { sort, credit });
  }

  get(sequence: number): Request | undefined {
    return this.#open.get(sequence);
  }

  /** Lets more items come. False where no such request is open. */
  credit(sequence: number, n: number): boolean {
    const request = this.#open.get(sequence);
    if (request) request.credit = Math.min(request.credit + n, 0xffff_ffff);
    return request !== undefined;
  }

  /** Uses up one credit: `undefined` where no such request is open, false where it has none left. */
  spend(sequence: number): boolean | undefined {
    const request = this.#open.get(sequence);
    if (!request) return undefined;
    if (request.credit === 0) return false;
    request.credit--;
    return true;
  }

  /** The final answer. False where no such request is open. */
  finish(sequence: number): boolean {
    if (this.#open.get(sequence)?.sort === "subscription") this.#subscriptions--;
    return this.#open.delete(sequence);
  }

  /** The final answer as a client gets it. */
  answer(sequence: number): void {
    if (!this.finish(sequence)) misbehaved("UnknownReply");
  }

  /** All that are open, when the session has ended. */
  take(): number[] {
    const open = [...this.#open.keys()];
    this.#open.clear();
    this.#subscriptions = 0;
    return open;
  }
}
