/** A connection, as far as its client has not read it. */
export interface Unread {
  readonly bytes: number;
  /** Ends it. */
  end(): void;
}

/** What clients have not read of their answers: where all of it is too much, whoever has the most is left. */
export class Backlog {
  readonly #most: number;
  readonly #clients = new Set<Unread>();

  constructor(most = MOST) {
    this.#most = most;
  }

  /** Counts a client until what is returned is called. */
  enter(client: Unread): () => void {
    this.#clients.add(client);
    return () => void this.#clients.delete(client);
  }

  /** To be told when a client was sent something large. */
  grew(): void {
    const sizes = [...this.#clients].map((client) => ({ client, bytes: client.bytes }));
    let all = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const { client, bytes } of sizes.sort((a, b) => b.bytes - a.bytes)) {
      if (all <= this.#most) return;
      this.#clients.delete(client);
      client.end();
      all -= bytes;
    }
  }
}

/** Less is not worth looking at all of them for. */
export const LARGE = 1 << 20;
const MOST = 256 << 20;
