import { misbehaved } from "../error.js";

/** Bytes of a header. */
export const HEADER = 16;

/** What a frame is. */
export type Kind = number;
export const HANDSHAKE_INIT: Kind = 0x01;
export const HANDSHAKE_RESPONSE: Kind = 0x02;
export const RPC_CALL: Kind = 0x10;
export const RPC_RESPONSE: Kind = 0x11;
export const RPC_ERROR: Kind = 0x12;
export const SUBSCRIBE: Kind = 0x20;
export const EVENT: Kind = 0x21;
export const HEARTBEAT: Kind = 0x30;
export const CLOSE: Kind = 0xff;

/** An INIT with a ticket. */
export const RESUME = 1;
/** An INIT with a cookie, or a RESPONSE that is nothing but one. */
export const COOKIE = 2;
/** The message goes on in the next frame. */
export const MORE = 4;
/** The plaintext ends in padding. */
export const PADDED = 8;

/** The first sixteen bytes of a frame. */
export interface Header {
  readonly kind: Kind;
  readonly flags: number;
  /** The low half of the sequence; in handshakes zero. */
  readonly sequence: number;
  /** Bytes of ciphertext. */
  readonly length: number;
  /** In handshakes the static key's id, in records the epoch. */
  readonly reserved: number;
}

/** The header's bytes. */
export function encodeHeader(header: Header): Uint8Array {
  const bytes = new Uint8Array(HEADER);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, VERSION);
  view.setUint8(1, header.kind);
  view.setUint16(2, header.flags);
  view.setUint32(4, header.sequence);
  view.setUint32(8, header.length);
  view.setUint32(12, header.reserved);
  return bytes;
}

/** Reads the header of bytes that hold one, of a type that is `allowed`. */
export function decodeHeader(bytes: Uint8Array, allowed: (kind: Kind) => boolean): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEADER);
  if (view.getUint8(0) !== VERSION) misbehaved("WrongVersion");
  const kind = view.getUint8(1);
  const known = FLAGS[kind];
  if (known === undefined || !allowed(kind)) misbehaved("WrongType");
  const flags = view.getUint16(2);
  if ((flags & ~known) !== 0) misbehaved("WrongFlags");
  return {
    kind,
    flags,
    sequence: view.getUint32(4),
    length: view.getUint32(8),
    reserved: view.getUint32(12),
  };
}

/** What a server takes of an open session. */
export function fromClient(kind: Kind): boolean {
  return kind === RPC_CALL || kind === SUBSCRIBE || kind === HEARTBEAT || kind === CLOSE;
}

/** What a client takes of an open session. */
export function fromServer(kind: Kind): boolean {
  return (
    kind === RPC_RESPONSE || kind === RPC_ERROR || kind === EVENT || kind === HEARTBEAT || kind === CLOSE
  );
}

const VERSION = 1;
/** The flags that may stand on each type. */
const FLAGS: Readonly<Record<Kind, number>> = {
  [HANDSHAKE_INIT]: RESUME | COOKIE,
  [HANDSHAKE_RESPONSE]: COOKIE,
  [RPC_CALL]: MORE | PADDED,
  [RPC_RESPONSE]: MORE | PADDED,
  [RPC_ERROR]: MORE | PADDED,
  [SUBSCRIBE]: MORE | PADDED,
  [EVENT]: MORE | PADDED,
  [HEARTBEAT]: PADDED,
  [CLOSE]: PADDED,
};
