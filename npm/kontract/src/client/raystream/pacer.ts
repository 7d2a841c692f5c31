import { pause, unlessAborted } from "../limit.js";
import { backoff } from "./backoff.js";
import { isOffline } from "./page.js";
import { onReturn } from "./presence.js";

/** When to knock at the server's door again after nobody answered. */
export class Pacer {
  #failures = 0;
  #next = 0;
  readonly #waiting = new Set<AbortController>();

  /** Nobody answered. */
  failed(): void {
    this.#next = Date.now() + backoff(this.#failures);
    this.#failures += 1;
  }

  /** Somebody did. */
  succeeded(): void {
    this.#failures = 0;
    this.#next = 0;
  }

  /** Nothing is waited for any longer: the network is back. */
  hurry(): void {
    this.succeeded();
    for (const waiting of this.#waiting) waiting.abort();
  }

  /** Waits for the next attempt's turn; without a network, for the network. */
  async turn(signal: AbortSignal): Promise<void> {
    while (isOffline() || this.#next > Date.now()) await this.#wait(signal);
  }

  async #wait(signal: AbortSignal): Promise<void> {
    const hurry = new AbortController();
    const forget = onReturn(() => this.hurry());
    this.#waiting.add(hurry);
    // A system may forget to tell that the network is back.
    const time = isOffline() ? OFFLINE_LOOK_MS : this.#next - Date.now();
    await unlessAborted(pause(time, hurry.signal), signal).catch(() => {});
    this.#waiting.delete(hurry);
    hurry.abort();
    forget();
    signal.throwIfAborted();
  }
}

const OFFLINE_LOOK_MS = 5_000;
