/** What the two messages of a handshake carry. */
import { big, concat, Cursor, numberOf, prefixed } from "../bytes.js";
import { AES_256_GCM, CHACHA20_POLY1305, type Cipher } from "../crypto/primitives.js";
import { misbehaved, misused } from "../error.js";
import { MAX_FRAME_EVER, MIN_FRAME } from "../limits.js";

/** What a client says first. It can be replayed, so it holds no credentials. */
export interface Hello {
  /** What the client can, best first; of numbers that are unknown here nothing is kept. */
  readonly ciphers: readonly Cipher[];
  /** SHA-256 over sorted (route, ABI hash); informs, never refuses. */
  readonly schema: Uint8Array;
}

/** `u8 version=1; u8 n; n × u8 cipher; 32 B schema; u16 pad_len; padding to ≥ 256 B` */
export function encodeHello({ ciphers, schema }: Hello): Uint8Array {
  if (ciphers.length === 0 || ciphers.length > 255 || schema.length !== SCHEMA) misused("NotConfigured");
  const hello = concat(Uint8Array.of(VERSION, ciphers.length, ...ciphers), schema);
  return concat(hello, prefixed(new Uint8Array(Math.max(0, LEAST - hello.length - 2))));
}

/** Reads it. */
export function decodeHello(bytes: Uint8Array): Hello {
  const cursor = new Cursor(bytes);
  const version = cursor.number(1);
  const ciphers = cursor.take(cursor.number(1) ?? 0);
  const schema = cursor.take(SCHEMA);
  const padding = cursor.prefixed();
  const whole = version === VERSION && padding && cursor.at === bytes.length && bytes.length >= LEAST;
  if (!ciphers || !schema || !whole) misbehaved("MalformedPayload");
  return { ciphers: Array.from(ciphers).filter(isCipher), schema: schema.slice() };
}

/** What a server answers. */
export interface Accepted {
  /** A UUID of version 7; not secret. */
  readonly session: Uint8Array;
  readonly cipher: Cipher;
  /** How long the ticket is good for, from now: there are no clocks on the wire. */
  readonly expiresMs: number;
  readonly heartbeatS: number;
  /** The longest ciphertext of a frame, in both directions. */
  readonly maxFrame: number;
  /** After how many records a sender changes its key. */
  readonly rekeyRecords: number;
}

/**
 * `session_id(16); u8 cipher; u64 expires_ms; u16 heartbeat_s; u32 max_frame; u32 rekey_records;
 * u16 len ‖ ticket; u8 accepted_epoch = 0`
 *
 * The ticket is empty: it holds keys that depend on the hash of this very payload. It follows in a
 * record that replies to the handshake.
 */
export function encodeAccepted(accepted: Accepted): Uint8Array {
  return concat(
    accepted.session,
    big(accepted.cipher, 1),
    big(accepted.expiresMs, 8),
    big(accepted.heartbeatS, 2),
    big(accepted.maxFrame, 4),
    big(accepted.rekeyRecords, 4),
    new Uint8Array(3),
  );
}

/** Reads it. */
export function decodeAccepted(bytes: Uint8Array): Accepted {
  if (bytes.length !== ACCEPTED) misbehaved("MalformedPayload");
  const number = (from: number, to: number): number => numberOf(bytes.subarray(from, to));
  const cipher = number(16, 17);
  const accepted = {
    session: bytes.slice(0, 16),
    expiresMs: number(17, 25),
    heartbeatS: number(25, 27),
    maxFrame: number(27, 31),
    rekeyRecords: number(31, 35),
  };
  const sound =
    number(35, ACCEPTED) === 0 &&
    accepted.heartbeatS > 0 &&
    accepted.rekeyRecords > 0 &&
    accepted.maxFrame >= MIN_FRAME &&
    accepted.maxFrame <= MAX_FRAME_EVER;
  if (!sound || !isCipher(cipher)) misbehaved("MalformedPayload");
  return { ...accepted, cipher };
}

/** Whether it is the number of a cipher. */
export function isCipher(number: number): number is Cipher {
  return number === CHACHA20_POLY1305 || number === AES_256_GCM;
}

const VERSION = 1;
const SCHEMA = 32;
const ACCEPTED = 38;
/** Bytes of the first payload at least, so that an answer is not much longer than its question. */
const LEAST = 256;
