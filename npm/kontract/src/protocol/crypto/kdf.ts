import { big, concat } from "../bytes.js";
import type { Primitives } from "./primitives.js";

/** HKDF-Extract with SHA-256. */
export async function extract(
  primitives: Primitives,
  salt: Uint8Array,
  secret: Uint8Array,
): Promise<Uint8Array> {
  // HMAC fills a short key up with zeros itself, but WebCrypto takes none that is empty.
  const key = new Uint8Array(Math.max(salt.length, HASH));
  key.set(salt);
  const extracted = await primitives.hmac(key, secret);
  key.fill(0);
  return extracted;
}

/** HKDF-Expand with SHA-256, to so many bytes. */
export async function expand(
  primitives: Primitives,
  key: Uint8Array,
  info: Uint8Array,
  length: number,
): Promise<Uint8Array> {
  const output = new Uint8Array(length);
  let block: Uint8Array = new Uint8Array(0);
  for (let at = 0; at < length; at += HASH) {
    const input = concat(block, info, big(at / HASH + 1, 1));
    block.fill(0);
    block = await primitives.hmac(key, input);
    input.fill(0);
    output.set(block.subarray(0, length - at), at);
  }
  block.fill(0);
  return output;
}

const HASH = 32;
