import { isZero, numberOf } from "../bytes.js";
import { misbehaved, misused, ProtocolError } from "../error.js";
import type { Exchange, Primitives } from "./primitives.js";

/** Bytes of a key, private or public. */
export const KEY = 32;

/** The first four bytes of the key's SHA-256, by which frames name a static key, as a number. */
export async function keyId(primitives: Primitives, key: Uint8Array): Promise<number> {
  return numberOf((await primitives.sha256(key)).subarray(0, 4));
}

/** A private key, with its public one. */
export class PrivateKey {
  #exchange: Exchange | undefined;
  /** The key that the other side is told. */
  readonly public: Uint8Array;
  /** The public key's id. */
  readonly id: number;

  private constructor(exchange: Exchange, id: number) {
    this.#exchange = exchange;
    this.public = exchange.public;
    this.id = id;
  }

  /** The key of these bytes, which can be wiped then. */
  static async of(primitives: Primitives, bytes: Uint8Array): Promise<PrivateKey> {
    if (bytes.length !== KEY) misused("NotConfigured");
    const exchange = await primitives.x25519(bytes);
    return new PrivateKey(exchange, await keyId(primitives, exchange.public));
  }

  /** A key for one handshake. */
  static async generate(primitives: Primitives): Promise<PrivateKey> {
    const bytes = randomBytes(primitives, KEY);
    const key = await PrivateKey.of(primitives, bytes);
    bytes.fill(0);
    return key;
  }

  /** What both sides compute. "Every Diffie–Hellman output is checked non-zero." */
  async agree(peer: Uint8Array): Promise<Uint8Array> {
    const exchange = this.#exchange ?? misused("NotConfigured");
    let shared: Uint8Array;
    try {
      shared = await exchange.agree(peer);
    } catch {
      return misbehaved("WeakKey");
    }
    if (isZero(shared)) misbehaved("WeakKey");
    return shared;
  }

  /** Lets go of it: the platform wipes what it made ready. */
  wipe(): void {
    this.#exchange = undefined;
  }
}

/** So many random bytes. */
export function randomBytes(primitives: Primitives, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  try {
    primitives.random(bytes);
  } catch {
    throw new ProtocolError("platform", "NoRandomness");
  }
  return bytes;
}
