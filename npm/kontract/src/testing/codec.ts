import { CodecError } from "../codec/errors.js";
import { decodeFlex, encodeFlex } from "../codec/flexbuffers.js";
import type { RouteCodec } from "../runtime/routes.js";

/**
 * A codec as the compiler generates them, of a route that takes at most so many
 * arguments of any JSON data and returns the same.
 */
export function dataCodec(most = Number.POSITIVE_INFINITY): RouteCodec {
  const checked = (args: readonly unknown[]): unknown[] => {
    if (args.length > most) throw new CodecError("args", `expected at most ${most}`);
    return [...args];
  };
  return {
    decodeRequest: (bytes) => checked(decodeFlex(bytes, "args") as unknown[]),
    readRequest(json) {
      encodeFlex(json, "args");
      return checked(json);
    },
    encodeResponse: (result) => encodeFlex(result === undefined ? [] : [result], "result"),
    writeResponse(result) {
      if (result !== undefined) encodeFlex(result, "result");
      return result;
    },
  };
}

/** What a stub has of such a codec. */
export const dataStub = {
  encode: (args: readonly unknown[]): Uint8Array => encodeFlex(args, "args"),
  decode: (bytes: Uint8Array): unknown => (decodeFlex(bytes, "result") as unknown[])[0],
};
