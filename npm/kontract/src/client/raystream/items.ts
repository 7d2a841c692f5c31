/** The items of a stream that have arrived and were not taken yet. */
export class Items {
  readonly #arrived: Uint8Array[] = [];
  readonly #ask: (count: number) => void;
  #taken = 0;
  #end: { error: unknown } | undefined;
  #wake: (() => void) | undefined;
  /** Gives the stream up. */
  readonly cancel: () => void;

  /** `ask` lets the server send so many more items. */
  constructor(ask: (count: number) => void, cancel: () => void) {
    this.#ask = ask;
    this.cancel = cancel;
    ask(MOST);
  }

  /** One has come. */
  push(item: Uint8Array): void {
    this.#arrived.push(item);
    this.#wake?.();
  }

  /** No more will come: the stream is over, or has failed. */
  end(error?: unknown): void {
    this.#end = { error };
    this.#wake?.();
  }

  /** The next item; undefined behind the last one. Those that came before an error are given first. */
  async next(signal: AbortSignal): Promise<Uint8Array | undefined> {
    while (this.#arrived.length === 0 && this.#end === undefined) await this.#arrival(signal);
    const item = this.#arrived.shift();
    if (item === undefined) {
      if (this.#end?.error !== undefined) throw this.#end.error;
      return undefined;
    }
    this.#taken += 1;
    if (this.#taken === MOST / 2) {
      this.#taken = 0;
      if (this.#end === undefined) this.#ask(MOST / 2);
    }
    return item;
  }

  async #arrival(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
    signal.throwIfAborted();
  }
}

/** Makes what takes the items of a stream that has begun. */
export type Receive = (...given: ConstructorParameters<typeof Items>) => Items;

/** Items that a server sends ahead. */
const MOST = 32;
