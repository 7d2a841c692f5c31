import { tooLate } from "./failures.js";

/** How long something may take, and who may give it up. */
export interface Limit {
  /** Aborted when the time is over, or with the reason of the signal that was given. */
  readonly signal: AbortSignal;
  /** Is the time over? */
  expired(): boolean;
  /** Milliseconds that are left. */
  left(): number;
  clear(): void;
}

/** Ends after so many milliseconds, or with the signal. */
export function limitTime(signal: AbortSignal | undefined, timeout: number): Limit {
  const controller = new AbortController();
  const end = Date.now() + timeout;
  let expired = false;
  const abort = (): void => controller.abort(signal?.reason);
  if (signal?.aborted) abort();
  signal?.addEventListener("abort", abort, { once: true });
  const timer = setTimeout(() => {
    expired = true;
    controller.abort();
  }, Math.min(timeout, LONGEST_TIMER_MS));
  return {
    signal: controller.signal,
    expired: () => expired,
    left: () => Math.max(0, end - Date.now()),
    clear() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

/** Does what ends with the time or with the signal: it rejects with TIMEOUT 504, or with the signal's reason. */
export async function within<T>(
  signal: AbortSignal | undefined,
  timeout: number,
  work: (limit: Limit) => Promise<T>,
): Promise<T> {
  const limit = limitTime(signal, timeout);
  try {
    return await work(limit);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw limit.expired() ? tooLate() : error;
  } finally {
    limit.clear();
  }
}

/** Waits; rejects with the signal's reason when it is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  return unlessAborted(over, signal).finally(() => clearTimeout(timer));
}

/** What the work comes to; rejects with the signal's reason when that is aborted first. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

export const DEFAULT_TIMEOUT_MS = 30_000;
// A timer above this fires at once.
const LONGEST_TIMER_MS = 2 ** 31 - 1;
