import type { Awaitable } from "../input.js";

/** A cipher of records, by its number on the wire. */
export type Cipher = typeof CHACHA20_POLY1305 | typeof AES_256_GCM;
export const CHACHA20_POLY1305 = 1;
export const AES_256_GCM = 2;

/** Bytes of a tag. */
export const TAG = 16;

/** A key made ready for its cipher. */
export interface Aead {
  /** Ciphertext and tag. */
  seal(nonce: Uint8Array, aad: Uint8Array, text: Uint8Array): Awaitable<Uint8Array>;
  /** The text of ciphertext and tag; anything thrown means that the tag does not fit. */
  open(nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Awaitable<Uint8Array>;
}

/** A private key made ready for X25519. */
export interface Exchange {
  readonly public: Uint8Array;
  /** What both sides compute. Of a point that makes zeros it gives zeros, or throws. */
  agree(point: Uint8Array): Awaitable<Uint8Array>;
}

/** What the protocol needs of a platform. What it takes and gives is copied, never kept. */
export interface Primitives {
  /** The ciphers of records that it has, the fastest first. */
  readonly ciphers: readonly Cipher[];
  /** Fills the bytes with what nobody can foretell. */
  random(bytes: Uint8Array): void;
  sha256(bytes: Uint8Array): Awaitable<Uint8Array>;
  /** HMAC with SHA-256, of a key of 32 bytes at least. */
  hmac(key: Uint8Array, bytes: Uint8Array): Awaitable<Uint8Array>;
  /** Makes a private key of 32 bytes ready for X25519. */
  x25519(secret: Uint8Array): Awaitable<Exchange>;
  /** Makes a key of 32 bytes ready; of ChaCha20-Poly1305 always. */
  aead(cipher: Cipher, key: Uint8Array): Awaitable<Aead>;
}
