/** INIT: `[u16 len ‖ ticket] [cookie16] ‖ e_c(32) ‖ AEAD(payload1) ‖ tag`. */
import { concat, Cursor, isZero, prefixed, utf8 } from "../bytes.js";
import { KEY } from "../crypto/exchange.js";
import { misbehaved, misused } from "../error.js";
import { COOKIE, encodeHeader, HANDSHAKE_INIT, readFrame, RESUME } from "../frame/index.js";

/** Bytes of a cookie. */
export const COOKIE_BYTES = 16;

/** An INIT as it lies in the bytes of a client. Nothing of it is authentic yet. */
export interface Init {
  /** The id of the static key that it is for. */
  readonly key: number;
  readonly ticket: Uint8Array | undefined;
  readonly cookie: Uint8Array | undefined;
  /** The client's ephemeral key, which its cookie is bound to. */
  readonly ephemeral: Uint8Array;
  /** `e_c ‖ AEAD(payload1) ‖ tag` */
  readonly message: Uint8Array;
  readonly prologue: Uint8Array;
}

/** Reads an INIT. */
export function readInit(bytes: Uint8Array): Init {
  const { header, head, nonce, body } = readFrame(bytes, LONGEST, (kind) => kind === HANDSHAKE_INIT);
  if (header.sequence !== 0 || !isZero(nonce)) misbehaved("WrongHeader");
  const cursor = new Cursor(body);
  const ticket = header.flags & RESUME ? (cursor.prefixed() ?? misbehaved("WrongLength")) : undefined;
  const cookie =
    header.flags & COOKIE ? (cursor.take(COOKIE_BYTES) ?? misbehaved("WrongLength")) : undefined;
  const message = cursor.rest();
  if (message.length < KEY) misbehaved("WrongLength");
  return {
    key: header.reserved,
    ticket,
    cookie,
    ephemeral: message.subarray(0, KEY),
    message,
    prologue: prologue(head, beforeMessage(ticket, cookie)),
  };
}

/** The header of an INIT with so many bytes of payload, and before its message. */
export function initHeader(key: number, flags: number, before: Uint8Array, payload: number): Uint8Array {
  const length = before.length + KEY + payload;
  return encodeHeader({ kind: HANDSHAKE_INIT, flags, sequence: 0, length, reserved: key });
}

/**
 * What both sides mix in before the first message:
 * `"raystream-v1" ‖ header ‖ (RESUME ? u16 len ‖ ticket) ‖ (COOKIE ? cookie)`
 */
export function prologue(head: Uint8Array, before: Uint8Array): Uint8Array {
  return concat(utf8("raystream-v1"), head, before);
}

/** What stands in the body before the client's ephemeral key. */
export function beforeMessage(ticket: Uint8Array | undefined, cookie: Uint8Array | undefined): Uint8Array {
  if (ticket && ticket.length > 0xffff) misused("WrongTicket");
  return concat(ticket ? prefixed(ticket) : NOTHING, cookie ?? NOTHING);
}

const NOTHING = /* @__PURE__ */ new Uint8Array(0);
/** A ticket, a cookie and a payload need no more: an INIT is held before anything of it is known. */
const LONGEST = 4096;
