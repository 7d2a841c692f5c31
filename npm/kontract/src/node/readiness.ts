/** Whether what calls need can be reached. */
export class Readiness {
  readonly #ping: () => Promise<void>;
  #last: { since: number; ready: Promise<boolean> } | undefined;

  constructor(ping: () => Promise<void>) {
    this.#ping = ping;
  }

  /** Asks at most once a second, and waits two seconds for an answer. */
  isReady(now = Date.now()): Promise<boolean> {
    if (this.#last === undefined || now - this.#last.since >= FRESH_MS) this.#last = { since: now, ready: this.#ask() };
    return this.#last.ready;
  }

  async #ask(): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error("too late")), PATIENCE_MS);
    });
    try {
      await Promise.race([this.#ping(), late]);
      return true;
    } catch {
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}

const FRESH_MS = 1000;
const PATIENCE_MS = 2000;
