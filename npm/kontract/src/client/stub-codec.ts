import { isCodecError } from "../codec/errors.js";
import { HttpError, invalid } from "../errors.js";
import type { Codec } from "./types.js";

/** Writes the arguments of a call; what does not match their types is INVALID_REQUEST. */
export function encodeArguments({ encode }: Codec, args: readonly unknown[]): Uint8Array<ArrayBuffer> {
  try {
    return encode(args) as Uint8Array<ArrayBuffer>;
  } catch (error) {
    if (!isCodecError(error)) throw error;
    throw invalid(error.message, error.path, error);
  }
}

/** Reads the result of a call; what cannot be read is the server's fault. */
export function decodeResult(route: string, { decode }: Codec, bytes: Uint8Array): unknown {
  try {
    return decode(bytes);
  } catch (error) {
    if (!isCodecError(error)) throw error;
    const message =
      `The answer of ${route} is not what this client expects (${error.message}). ` +
      "Client and server may come from different builds";
    // Bytes that are no message at all have no path.
    const path = error.path === "" ? {} : { path: error.path };
    throw new HttpError(message, 502, undefined, { ...path, cause: error });
  }
}

/** Whether an answer of this status has no result. */
export function isBodyless(status: number): boolean {
  return status === 204 || (status >= 300 && status < 400);
}
