import { type ErrorBody, type HttpError, rebuildError } from "../errors.js";
import { callerBody, wellFormed } from "../runtime/failure.js";
import { describe } from "../runtime/log.js";

/** What was thrown: what the caller may know of it, and the whole for the log. */
export type Description = [body: ErrorBody | undefined, detail: string];

export function describeThrown(thrown: unknown): Description {
  return [callerBody(thrown), wellFormed(detailOf(thrown))];
}

/** Message, stack and causes. */
export function detailOf(thrown: unknown): string {
  return describe(thrown, withStack);
}

// A stack of QuickJS does not begin with the message.
function withStack(error: Error): string {
  const stack = String(error.stack ?? "").trimEnd();
  return stack === "" ? String(error) : `${String(error)}\n${stack}`;
}

/** Makes the error that an operation of the gateway failed with. */
export function makeError(code: string, status: number, message: string, path?: string): HttpError {
  return rebuildError({ code, status, message, ...(path == null ? {} : { path }) });
}
