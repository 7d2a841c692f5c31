/**
 * Bodies that have not arrived whole. They have room for so many bytes together; whoever has been
 * waited for longest makes way for the others.
 */
export class Arrivals {
  readonly #most: number;
  // In the order in which they began.
  readonly #unfinished = new Set<Arrival>();
  #size = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** A body begins to arrive. `dismiss` is called when it has to make way. */
  begin(dismiss: () => void): Arrival {
    const arrival = new Arrival(dismiss, (bytes) => this.#count(bytes), () => this.#unfinished.delete(arrival));
    this.#unfinished.add(arrival);
    return arrival;
  }

  #count(bytes: number): void {
    this.#size += bytes;
    for (const arrival of this.#unfinished) {
      if (this.#size <= this.#most) return;
      if (arrival.size > 0) arrival.dismiss();
    }
  }
}

/** A body while it arrives. */
export class Arrival {
  size = 0;
  readonly dismiss: () => void;
  readonly #count: (bytes: number) => void;
  readonly #forget: () => void;

  constructor(dismiss: () => void, count: (bytes: number) => void, forget: () => void) {
    this.dismiss = dismiss;
    this.#count = count;
    this.#forget = forget;
  }

  /** Some of it has come. */
  add(bytes: number): void {
    this.size += bytes;
    this.#count(bytes);
  }

  /** It is whole, or given up. */
  end(): void {
    this.#forget();
    this.#count(-this.size);
    this.size = 0;
  }
}
