import { createHash } from "node:crypto";
import type { Call } from "./invoke.js";
import type { Session } from "./session.js";
import type { Reply } from "./wire.js";

/**
 * The answers of calls that their callers may send again, by an `Idempotency-Key`: in
 * memory, for an hour. A call that comes again meanwhile gets the first one's answer.
 */
export class KeptAnswers {
  readonly #answers = new Map<string, { reply: Promise<Reply>; until: number; size: number }>();
  readonly #now: () => number;
  #size = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** Serves a call, unless it was served before. What fails is not kept: it changed nothing. */
  serve(session: Session, call: Call, run: () => Promise<Reply>): Promise<Reply> {
    const claim = claimOf(session, call);
    const known = this.#answers.get(claim);
    if (known !== undefined && known.until > this.#now()) return known.reply;
    this.#remove(claim);
    const kept = { reply: run(), until: this.#now() + KEPT_MS, size: 0 };
    this.#answers.set(claim, kept);
    kept.reply.then(
      ({ body }) => {
        kept.size = body?.length ?? 0;
        this.#size += kept.size;
        this.#makeRoom();
      },
      () => this.#remove(claim),
    );
    return kept.reply;
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

// The same key with other arguments is another call.
function claimOf(session: Session, { callId, route, payload }: Call): string {
  const hash = createHash("sha256").update(`${session.id} ${callId} ${route} `);
  return hash.update(payload.bytes).digest("base64");
}

const KEPT_MS = 3_600_000;
const MAX_ANSWERS = 10_000;
const MAX_SIZE = 64 << 20;
