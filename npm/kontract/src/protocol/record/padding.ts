/** The plaintext of a PADDED record is `message ‖ zeros ‖ u16 BE number of zeros`. */
import { big, concat, isZero, numberOf } from "../bytes.js";
import { misbehaved } from "../error.js";

/**
 * Pads a message so that the plaintext is a multiple of `block` bytes long, with at most 65535 zeros.
 */
export function pad(message: Uint8Array, block: number): Uint8Array {
  const least = message.length + LENGTH;
  const zeros = Math.min(Math.ceil(least / block) * block - least, 0xffff);
  return concat(message, new Uint8Array(zeros), big(zeros, LENGTH));
}

/** The message of a padded plaintext. */
export function unpad(plaintext: Uint8Array): Uint8Array {
  const rest = plaintext.length - LENGTH;
  const end = rest - numberOf(plaintext.subarray(Math.max(rest, 0)));
  if (rest < 0 || end < 0 || !isZero(plaintext.subarray(end, rest))) misbehaved("WrongPadding");
  return plaintext.subarray(0, end);
}

const LENGTH = 2;
