import { HttpError, NOT_TAKEN, rebuildError } from "../../errors.js";
import type { Failure } from "../../protocol/index.js";
import { unreachable } from "../failures.js";
import { DEFAULT_TIMEOUT_MS } from "../limit.js";
import { backoff, MAX_RETRIES } from "./backoff.js";

/** An attempt to which no answer came. */
export class Lost extends Error {
  /** Whether the server may have done what it was asked. */
  readonly sent: boolean;

  constructor(sent: boolean, cause: unknown) {
    super("no answer came", { cause });
    this.sent = sent;
  }

  /** What the caller is told when it is not tried again. */
  told(): HttpError {
    if (!this.sent) return unreachable(this.cause);
    const message = "The connection was lost before the answer came: whether the call took effect is not known";
    return new HttpError(message, 503, "SERVICE_UNAVAILABLE", { cause: this.cause });
  }
}

/** The program has disconnected: it is not tried again. */
export class Disconnected extends Lost {}

/** The channel has expired: after a new handshake the same call is made again. */
export function sessionExpired(): HttpError {
  return new HttpError("The encrypted session has expired", 401, "SESSION_EXPIRED");
}

/** The error that a server answered. */
export function failed({ code, message, status, path }: Failure): HttpError {
  const known = status >= 400 && status <= 599 ? status : 502;
  return rebuildError({ code, message, status: known, ...(path === undefined ? {} : { path }) });
}

/** How often a call has been tried, and whether it is tried again. */
export class Attempts {
  readonly #reads: boolean;
  #retries = 0;
  #timedOut = false;

  /** A call that only reads is also repeated when it took too long. */
  constructor(reads: boolean) {
    this.#reads = reads;
  }

  /** The time of the next attempt, where `left` milliseconds remain; the caller may have set a limit. */
  timeout(left: number, limited: boolean): number {
    return this.#reads && !limited && !this.#timedOut ? Math.min(left, DEFAULT_TIMEOUT_MS / 3) : left;
  }

  /** Milliseconds until the next attempt; undefined where this was the last one. */
  again(error: unknown): number | undefined {
    if (error instanceof HttpError && error.code === "TIMEOUT") {
      const first = this.#reads && !this.#timedOut;
      this.#timedOut = true;
      return first ? 0 : undefined;
    }
    if (error instanceof Disconnected) return undefined;
    const pause = error instanceof Lost || isExpired(error) ? 0 : isNotTaken(error) ? backoff(this.#retries) : undefined;
    if (pause === undefined || this.#retries >= MAX_RETRIES) return undefined;
    this.#retries += 1;
    return pause;
  }
}

function isExpired(error: unknown): boolean {
  return error instanceof HttpError && error.code === "SESSION_EXPIRED";
}

/** A function's own 502 or 503 is an answer. */
function isNotTaken(error: unknown): boolean {
  return error instanceof HttpError && error.code === NOT_TAKEN;
}
