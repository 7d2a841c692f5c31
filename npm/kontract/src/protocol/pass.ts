import type { Cipher } from "./crypto/primitives.js";
import type { PostSecret, ResumePsk } from "./crypto/secret.js";
import type { Established } from "./handshake/index.js";

/** A ticket in the hands of the client: it opens POSTs and the next stream. */
export interface Pass {
  readonly ticket: Uint8Array;
  readonly resume: ResumePsk;
  readonly post: PostSecret;
  readonly cipher: Cipher;
  /** How long the ticket is good for, from when it came. */
  readonly goodForMs: number;
  /** The longest ciphertext of a frame. */
  readonly maxFrame: number;
}

/** The pass of a session, with the ticket that a record brought. */
export function passOf({ keys, accepted }: Established, ticket: Uint8Array): Pass {
  return {
    ticket,
    resume: keys.resume,
    post: keys.post,
    cipher: accepted.cipher,
    goodForMs: accepted.expiresMs,
    maxFrame: accepted.maxFrame,
  };
}
