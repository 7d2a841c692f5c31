/** Operations on rows that wait: those called later wait behind them. */
export class Turns {
  // By table and row. What stands here never rejects.
  readonly #last = new Map<string, Promise<unknown>>();

  get isEmpty(): boolean {
    return this.#last.size === 0;
  }

  has(table: string, id: string): boolean {
    return this.#last.has(keyOf(table, id));
  }

  /** Works once the operations before have. */
  take<Result>(table: string, id: string, work: () => Promise<Result>): Promise<Result> {
    const key = keyOf(table, id);
    const before = this.#last.get(key);
    const run = async (): Promise<Result> => {
      try {
        await before;
        return await work();
      } finally {
        if (this.#last.get(key) === settled) this.#last.delete(key);
      }
    };
    const done = run();
    const settled: Promise<unknown> = done.catch(() => {});
    this.#last.set(key, settled);
    return done;
  }

  /** Waits for the operations on a table that are under way now. */
  async under(table: string): Promise<void> {
    const start = keyOf(table, "");
    await Promise.all([...this.#last].filter(([key]) => key.startsWith(start)).map(([, last]) => last));
  }
}

// Names of tables have no space.
function keyOf(table: string, id: string): string {
  return `${table} ${id}`;
}
