/** Does one thing after the other, in the order of asking, whatever each waits for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Does it when everything that was asked for before is done. */
  take<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }
}
