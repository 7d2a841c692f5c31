import { x25519 } from "@noble/curves/ed25519.js";
import type { Exchange } from "./primitives.js";

/** X25519 in JavaScript. */
export function nobleX25519(secret: Uint8Array): Exchange {
  const key = secret.slice();
  return { public: x25519.getPublicKey(key), agree: (point) => x25519.getSharedSecret(key, point) };
}
