import type { Transacting } from "../runtime/backing.js";

/**
 * The answers of calls that their callers may send again, for an hour. A call that comes
 * again meanwhile gets the first one's answer.
 */
export class KeptAnswers {
  readonly #answers = new Map<string, { answer: Promise<unknown>; until: number; size: number }>();
  readonly #now: () => number;
  #size = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Serves a call, unless it was served before. A failure is not kept. */
  serve<Result>({ tenant, owner, keyed }: Transacting, run: () => Promise<Result>): Promise<Result> {
    if (keyed === undefined) return run();
    const claim = `${tenant} ${owner} ${keyed.claim}`;
    const known = this.#answers.get(claim);
    if (known !== undefined && known.until > this.#now()) return known.answer as Promise<Result>;
    this.#remove(claim);
    const answer = run();
    const kept = { answer, until: this.#now() + KEPT_MS, size: 0 };
    this.#answers.set(claim, kept);
    answer.then(
      (result) => {
        kept.size = keyed.write(result).length;
        this.#size += kept.size;
        this.#makeRoom();
      },
      () => this.#remove(claim),
    );
    return answer;
  }

  #makeRoom(): void {
    for (const [claim, { until }] of this.#answers) {
      const fits = this.#size <= MAX_SIZE && this.#answers.size <= MAX_ANSWERS;
      if (fits && until > this.#now()) return;
      this.#remove(claim);
    }
  }

  #remove(claim: string): void {
    this.#size -= this.#answers.get(claim)?.size ?? 0;
    this.#answers.delete(claim);
  }
}

const KEPT_MS = 3_600_000;
const MAX_ANSWERS = 10_000;
const MAX_SIZE = 64 << 20;
