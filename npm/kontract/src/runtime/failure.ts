import { codeOfStatus, type ErrorBody, isHttpError, NOT_TAKEN } from "../errors.js";
import { describe, type Logger } from "./log.js";

/** An error as it is answered. */
export interface FailureBody extends ErrorBody {
  /** Only in development. */
  stack?: string;
}

/** The call that failed, for the log. */
export interface FailedCall {
  callId: string;
  route?: string;
}

/**
 * What the caller learns of an error. An {@link HttpError} was made for the
 * caller; of any other error the detail goes to the log and nowhere else.
 */
export function failureBody(error: unknown, call: FailedCall, log: Logger, dev = false): FailureBody {
  const body = callerBody(error);
  if (body !== undefined && repeated.has(error as object)) return body;
  if (body === undefined || body.status >= 500) {
    log({ level: "error", message: body?.message ?? "The call failed", ...call, error });
  }
  return { ...(body ?? INTERNAL), ...(dev ? { stack: describe(error) } : {}) };
}

/** Says that a call failed so before: it was logged then, and the stack of now is that of nothing. */
export function asRepeated<E extends Error>(error: E): E {
  repeated.add(error);
  return error;
}

const repeated = new WeakSet<object>();

/** What the caller learns of an error that was thrown. */
export function bodyOf(error: unknown): ErrorBody {
  return callerBody(error) ?? INTERNAL;
}

/** What the caller learns; undefined for an error that is none of his business. */
export function callerBody(error: unknown): ErrorBody | undefined {
  if (!isHttpError(error)) return undefined;
  const { code, message, status, path } = error;
  if (!Number.isInteger(status) || status < 400 || status > 599) return undefined;
  return {
    // That of a server which the function has called: this one has begun the call.
    code: code === NOT_TAKEN ? codeOfStatus(status) : wellFormed(String(code)),
    message: wellFormed(String(message)),
    status,
    ...(path === undefined ? {} : { path: wellFormed(String(path)) }),
  };
}

/** The text with U+FFFD for each half of a pair without the other: UTF-8 has none. */
export function wellFormed(text: string): string {
  return text.replace(LONE_SURROGATE, "\u{fffd}");
}

const LONE_SURROGATE = /\p{Surrogate}/gu;

const INTERNAL: ErrorBody = Object.freeze({
  code: "INTERNAL_ERROR",
  message: "Internal error (details in the log, with the call id)",
  status: 500,
});
