/**
 * The frame: header, nonce, ciphertext, tag (wire document, Frame).
 *
 * ```text
 * off len  field
 *  0   1   version = 1
 *  1   1   type
 *  2   2   flags
 *  4   4   low half of the sequence
 *  8   4   length of the ciphertext
 * 12   4   handshake: id of the static key; records: epoch
 * 16  12   nonce
 * 28 len   ciphertext
 *  ..  16   tag
 * ```
 */
import { concat } from "../bytes.js";
import { TAG } from "../crypto/primitives.js";
import { misbehaved } from "../error.js";
import { decodeHeader, HEADER, type Header, type Kind } from "./header.js";

export * from "./header.js";

/** Bytes of a nonce. */
export const NONCE = 12;
/** Bytes of a frame beside its ciphertext. */
export const OVERHEAD = HEADER + NONCE + TAG;

/** A frame as it lies in the bytes of a peer. Nothing of it is authentic yet. */
export interface Frame {
  readonly header: Header;
  /** The header's bytes, which are authenticated as they came. */
  readonly head: Uint8Array;
  readonly nonce: Uint8Array;
  /** Ciphertext and tag. */
  readonly body: Uint8Array;
  /** What follows the frame. */
  readonly rest: Uint8Array;
}

/**
 * Reads bytes that are one frame. What a header says of them is checked in the document's order:
 * version, type (by `allowed`), flags, length, length of the whole.
 */
export function readFrame(bytes: Uint8Array, longest: number, allowed: (kind: Kind) => boolean): Frame {
  const frame = takeFrame(bytes, longest, allowed);
  // "total length exact"
  if (frame.rest.length > 0) misbehaved("WrongLength");
  return frame;
}

/** Reads the first of several frames. */
export function takeFrame(bytes: Uint8Array, longest: number, allowed: (kind: Kind) => boolean): Frame {
  if (bytes.length < HEADER) misbehaved("WrongLength");
  const header = decodeHeader(bytes, allowed);
  if (header.length > longest) misbehaved("FrameTooLong");
  const end = OVERHEAD + header.length;
  if (bytes.length < end) misbehaved("WrongLength");
  return {
    header,
    head: bytes.subarray(0, HEADER),
    nonce: bytes.subarray(HEADER, HEADER + NONCE),
    body: bytes.subarray(HEADER + NONCE, end),
    rest: bytes.subarray(end),
  };
}

/**
 * A frame of the handshake: its nonce is zero, and `body` is at least the 16 bytes that stand where
 * other frames have their tag.
 */
export function handshakeFrame(head: Uint8Array, body: Uint8Array): Uint8Array {
  return concat(head, new Uint8Array(NONCE), body);
}
