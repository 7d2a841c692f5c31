import type { Transacting } from "../runtime/backing.js";

interface Kept {
  /** The mark alone until the call has ended. */
  record: Uint8Array;
  /** Rejects where the call fails. */
  readonly served: Promise<unknown>;
  readonly until: number;
  /** Of the record; 0 until the call has ended. */
  size: number;
}

/** The records of calls that their callers may send again, for an hour. */
export class KeptAnswers {
  readonly #kept = new Map<string, Kept>();
  readonly #now: () => number;
  #size = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Serves a call, unless it was served before. A failure is kept only of a call that had a claim. */
  async serve<Result>(call: Transacting, run: () => Promise<Result>): Promise<Result> {
    const { tenant, owner, keyed } = call;
    if (keyed === undefined) return run();
    const claim = `${tenant} ${owner} ${keyed.claim}`;
    const known = this.#kept.get(claim);
    if (known !== undefined && known.until > this.#now()) {
      if (keyed.isOpen(known.record)) await waitFor(known, call);
      return keyed.answer(known.record) as Result;
    }
    this.#remove(claim);
    const served = run();
    const kept: Kept = { record: keyed.mark, served, until: this.#now() + KEPT_MS, size: 0 };
    this.#kept.set(claim, kept);
    const keep = (record: Uint8Array): void => {
      kept.record = record;
      kept.size = record.length;
      this.#size += record.length;
      this.#makeRoom();
    };
    served.then(
      (result) => keep(keyed.record(result)),
      (error: unknown) => (keyed.claimsFirst ? keep(keyed.failure(error)) : this.#remove(claim)),
    );
    return served;
  }

  #makeRoom(): void {
    for (const [claim, { until, size }] of this.#kept) {
      const fits = this.#size <= MAX_SIZE && this.#kept.size <= MAX_RECORDS;
      if (fits && until > this.#now()) return;
      if (size > 0) this.#remove(claim);
    }
  }

  #remove(claim: string): void {
    this.#size -= this.#kept.get(claim)?.size ?? 0;
    this.#kept.delete(claim);
  }
}

/** Waits for a call that another arrival runs: half of the time where it was claimed, else to its end. */
async function waitFor({ served }: Kept, { keyed, deadline }: Transacting): Promise<void> {
  if (keyed?.claimsFirst !== true) return void (await served);
  if (keyed.streams) return;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const patience = new Promise((resolve) => (timer = setTimeout(resolve, (deadline - Date.now()) / 2)));
  await Promise.race([served, patience]).catch(() => {});
  clearTimeout(timer);
}

const KEPT_MS = 3_600_000;
const MAX_RECORDS = 10_000;
const MAX_SIZE = 64 << 20;
