import { HttpError } from "../errors.js";

/** No answer within the time that there was. */
export function tooLate(): HttpError {
  return new HttpError("The server did not answer in time", 504, "TIMEOUT");
}

/** Nobody was there. */
export function unreachable(cause: unknown): HttpError {
  return new HttpError("The server cannot be reached", 503, "SERVICE_UNAVAILABLE", { cause });
}
