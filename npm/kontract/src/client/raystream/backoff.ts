/** A random time up to `min(100 ms · 2^attempt, 10 s)`, so that clients do not come back together. */
export function backoff(attempt: number): number {
  return Math.random() * Math.min(100 * 2 ** attempt, 10_000);
}

export const MAX_RETRIES = 3;
