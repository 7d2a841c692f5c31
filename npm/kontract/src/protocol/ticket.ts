/**
 * Tickets: what a server must know of a channel, sealed for itself and handed to the client (wire
 * document, Tickets and resume). Any gateway with the same secret opens them.
 *
 * ```text
 * ticket = u32 BE e ‖ nonce(24) ‖ XChaCha20-Poly1305(K_ticket(e), nonce, contents, AAD = u32 BE e)
 * K_ticket(e) = HKDF(KONTRACT_SECRET, info = "ticket" ‖ u32 BE e), e = ⌊t / 12 h⌋
 * contents = post_secret(32) ‖ resume_psk(32) ‖ u8 cipher ‖ u64 BE iat ‖ u64 BE exp ‖ schema(32)
 * ```
 */
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { big, concat, Cursor, utf8 } from "./bytes.js";
import { randomBytes } from "./crypto/exchange.js";
import { expand, extract } from "./crypto/kdf.js";
import type { Cipher, Primitives } from "./crypto/primitives.js";
import { type NodeSecret, type PostSecret, type ResumePsk, Secret } from "./crypto/secret.js";
import { misbehaved } from "./error.js";
import type { Established } from "./handshake/index.js";
import { isCipher } from "./handshake/payload.js";
import type { Time } from "./input.js";
import { TICKET_EPOCH_MS, TICKET_MS } from "./limits.js";

/** What a ticket says. It proves a channel, not a person. */
export interface Ticket {
  readonly post: PostSecret;
  readonly resume: ResumePsk;
  readonly cipher: Cipher;
  /**
   * When the first ticket of the chain was made, in Unix milliseconds: renewing and resuming keep it.
   */
  readonly begun: number;
  /** Until when it is good, in Unix milliseconds. */
  readonly expires: number;
  /** SHA-256 over the client's sorted (route, ABI hash). */
  readonly schema: Uint8Array;
}

/** The ticket of a session that was opened just now. */
export function ticketOf({ keys, accepted, begun, schema }: Established, time: Time, idleMs: number): Ticket {
  const { post, resume } = keys;
  return { post, resume, cipher: accepted.cipher, begun, expires: expiry(begun, time, idleMs), schema };
}

/** The same channel for another while. */
export function renewed(ticket: Ticket, time: Time, idleMs: number): Ticket {
  return { ...ticket, expires: expiry(ticket.begun, time, idleMs) };
}

/** Seals it under the key of the time. */
export async function sealTicket(
  primitives: Primitives,
  secret: NodeSecret,
  ticket: Ticket,
  time: Time,
): Promise<Uint8Array> {
  const epoch = big(epochOf(time), EPOCH);
  const key = await ticketKey(primitives, secret, epoch);
  const nonce = randomBytes(primitives, NONCE);
  const contents = concat(
    ticket.post.expose(),
    ticket.resume.expose(),
    big(ticket.cipher, 1),
    big(ticket.begun, 8),
    big(ticket.expires, 8),
    ticket.schema,
  );
  const sealed = xchacha20poly1305(key, nonce, epoch).encrypt(contents);
  contents.fill(0);
  key.fill(0);
  return concat(epoch, nonce, sealed);
}

/** Opens a ticket that is still good. */
export async function openTicket(
  primitives: Primitives,
  secret: NodeSecret,
  bytes: Uint8Array,
  time: Time,
): Promise<Ticket> {
  if (bytes.length !== EPOCH + NONCE + CONTENTS + 16) misbehaved("BadTicket");
  const cursor = new Cursor(bytes);
  const epoch = cursor.take(EPOCH) as Uint8Array;
  const nonce = cursor.take(NONCE) as Uint8Array;
  // "current and previous accepted"
  const age = epochOf(time) - (new Cursor(epoch).number(EPOCH) as number);
  if (age !== 0 && age !== 1) misbehaved("TicketExpired");
  const key = await ticketKey(primitives, secret, epoch);
  let contents: Uint8Array;
  try {
    contents = xchacha20poly1305(key, nonce, epoch).decrypt(cursor.rest());
  } catch {
    return misbehaved("BadTicket");
  } finally {
    key.fill(0);
  }
  const ticket = readTicket(contents);
  contents.fill(0);
  if (time.unix >= ticket.expires) misbehaved("TicketExpired");
  return ticket;
}

function readTicket(contents: Uint8Array): Ticket {
  const cursor = new Cursor(contents);
  const take = (length: number): Uint8Array => (cursor.take(length) as Uint8Array).slice();
  const number = (length: number): number => cursor.number(length) as number;
  const post: PostSecret = new Secret(take(32));
  const resume: ResumePsk = new Secret(take(32));
  const cipher = number(1);
  if (!isCipher(cipher)) misbehaved("BadTicket");
  return { post, resume, cipher, begun: number(8), expires: number(8), schema: take(32) };
}

/** `KONTRACT_SECRET` as keys are made of it. */
export async function nodeSecret(primitives: Primitives, secret: Uint8Array): Promise<NodeSecret> {
  return new Secret(await extract(primitives, new Uint8Array(0), secret));
}

/** "`session_idle` after last renewal, 24 h absolute" */
function expiry(begun: number, time: Time, idleMs: number): number {
  return Math.min(time.unix + idleMs, begun + TICKET_MS);
}

function epochOf(time: Time): number {
  return Math.floor(time.unix / TICKET_EPOCH_MS);
}

function ticketKey(primitives: Primitives, secret: NodeSecret, epoch: Uint8Array): Promise<Uint8Array> {
  return expand(primitives, secret.expose(), concat(utf8("ticket"), epoch), 32);
}

const EPOCH = 4;
const NONCE = 24;
const CONTENTS = 113;
