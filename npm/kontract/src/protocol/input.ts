/** Two clocks, read at one moment: all that this module is told of time. */
export interface Time {
  /** Milliseconds of a clock that never goes back: for timers. */
  readonly monotonic: number;
  /** Milliseconds since 1970: for tickets, which other machines open. */
  readonly unix: number;
}

/** What a platform may answer at once or later. */
export type Awaitable<T> = T | Promise<T>;
