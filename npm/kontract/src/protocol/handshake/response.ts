/**
 * RESPONSE in its three forms: the handshake's second message, a cookie, and a refusal.
 *
 * "Every header field of RESPONSE is fixed or derived: compare for equality."
 */
import { isZero, numberOf } from "../bytes.js";
import { KEY } from "../crypto/exchange.js";
import { TAG } from "../crypto/primitives.js";
import { misbehaved } from "../error.js";
import {
  COOKIE,
  encodeHeader,
  HANDSHAKE_RESPONSE,
  HEADER,
  handshakeFrame,
  type Kind,
  readFrame,
} from "../frame/index.js";
import { MAX_FRAME } from "../limits.js";

/** A RESPONSE as it lies in the bytes of a server. */
export type Response =
  /** `e_s(32) ‖ AEAD(payload2) ‖ tag` */
  | { readonly type: "Accepted"; readonly body: Uint8Array }
  /** The same INIT again, with this cookie. */
  | { readonly type: "Cookie"; readonly body: Uint8Array }
  /** Whatever was wrong: "never a distinction". */
  | { readonly type: "Refused"; readonly body: Uint8Array };

/** Reads the answer to an INIT for this static key. */
export function readResponse(bytes: Uint8Array, key: number): Response {
  const { header, nonce, body } = readFrame(bytes, MAX_FRAME, isResponse);
  const { flags, length } = header;
  if (header.sequence !== 0 || header.reserved !== key || !isZero(nonce)) misbehaved("WrongHeader");
  if (length === 0 && flags === COOKIE) return { type: "Cookie", body };
  if (length === 0 && flags === 0 && isZero(body)) return { type: "Refused", body };
  if (length < KEY || flags !== 0) misbehaved("WrongHeader");
  return { type: "Accepted", body };
}

/** Writes it, for a client that named this static key. */
export function writeResponse({ type, body }: Response, key: number): Uint8Array {
  const flags = type === "Cookie" ? COOKIE : 0;
  const length = body.length - TAG;
  const head = encodeHeader({ kind: HANDSHAKE_RESPONSE, flags, sequence: 0, length, reserved: key });
  return handshakeFrame(head, body);
}

/**
 * The one answer to whatever a server does not take before a session is open. It depends on nothing
 * but the key id in the frame that it answers.
 */
export function refusal(frame: Uint8Array): Uint8Array {
  const key = frame.length < HEADER ? 0 : numberOf(frame.subarray(12, HEADER));
  return writeResponse({ type: "Refused", body: new Uint8Array(TAG) }, key);
}

/** Whether a frame answers an INIT. */
export function isResponse(kind: Kind): boolean {
  return kind === HANDSHAKE_RESPONSE;
}
