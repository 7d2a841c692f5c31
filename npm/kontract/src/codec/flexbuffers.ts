import { CodecError } from "./errors.js";

export function encodeFlex(_value: unknown, path: string): Uint8Array {
  throw new CodecError(path, "not built yet");
}

export function decodeFlex(_bytes: Uint8Array, path: string): unknown {
  throw new CodecError(path, "not built yet");
}
