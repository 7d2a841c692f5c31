import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import type { Aead } from "./primitives.js";

/** ChaCha20-Poly1305 in JavaScript. */
export function nobleChacha(bytes: Uint8Array): Aead {
  const key = bytes.slice();
  return {
    seal: (nonce, aad, text) => chacha20poly1305(key, nonce, aad).encrypt(text),
    open: (nonce, aad, sealed) => chacha20poly1305(key, nonce, aad).decrypt(sealed),
  };
}
