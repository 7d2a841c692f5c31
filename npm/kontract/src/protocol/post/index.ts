/**
 * Sessionless calls: each is one POST that any gateway can answer (wire document, POST).
 *
 * ```text
 * request  = u16 len ‖ ticket ‖ call_id(16) ‖ random(16) ‖ frames
 * response = server_random(32) ‖ frames
 * ```
 *
 * The frames of each are numbered from 0 under a key of their own. A handshake is an INIT in a
 * request's place; the answer is a RESPONSE, followed, when it was accepted, by the first record of
 * the session: an `RPC_RESPONSE` to {@link HANDSHAKE} that brings the ticket.
 */
import { concat, equal, prefixed, utf8 } from "../bytes.js";
import { expand } from "../crypto/kdf.js";
import type { Cipher, Primitives } from "../crypto/primitives.js";
import type { PostSecret } from "../crypto/secret.js";
import { misbehaved } from "../error.js";
import { type Kind, takeFrame } from "../frame/index.js";
import { MAX_CALLS } from "../limits.js";
import {
  Assembly,
  fragments,
  type Message,
  nonceOf,
  openRecord,
  type RecordKey,
  sealRecord,
} from "../record/index.js";

/** The key of one direction of one POST, and what its frames are bound to. */
export class Line {
  readonly #key: RecordKey;
  readonly #bound: Uint8Array;
  #sequence = 0;

  private constructor(key: RecordKey, bound: Uint8Array) {
    this.#key = key;
    this.#bound = bound;
  }

  /**
   * `key ‖ iv = HKDF-Expand(post_secret, LP("raystream-v1 post c2s") ‖ call_id ‖ random, 44)`;
   * `AAD = header ‖ SHA-256(ticket) ‖ call_id ‖ random`
   */
  static async request(
    primitives: Primitives,
    secret: PostSecret,
    cipher: Cipher,
    ticket: Uint8Array,
    fresh: Uint8Array,
  ): Promise<Line> {
    const bound = concat(await primitives.sha256(ticket), fresh);
    return Line.#of(primitives, secret, cipher, "c2s", fresh, bound);
  }

  /**
   * `key ‖ iv = HKDF-Expand(post_secret, LP("raystream-v1 post s2c") ‖ SHA-256(request) ‖
   * server_random, 44)`; `AAD = header ‖ SHA-256(request) ‖ server_random`
   */
  static async response(
    primitives: Primitives,
    secret: PostSecret,
    cipher: Cipher,
    digest: Uint8Array,
    random: Uint8Array,
  ): Promise<Line> {
    const bound = concat(digest, random);
    return Line.#of(primitives, secret, cipher, "s2c", bound, bound);
  }

  static async #of(
    primitives: Primitives,
    secret: PostSecret,
    cipher: Cipher,
    direction: string,
    context: Uint8Array,
    bound: Uint8Array,
  ): Promise<Line> {
    const info = concat(prefixed(utf8(`raystream-v1 post ${direction}`)), context);
    const material = await expand(primitives, secret.expose(), info, 44);
    const aead = await primitives.aead(cipher, material.subarray(0, 32));
    material.fill(0, 0, 32);
    return new Line({ aead, iv: material.subarray(32) }, bound);
  }

  /** Appends a message's frames; returns the sequence of the first. */
  async seal(kind: Kind, message: Uint8Array, maxFrame: number, frames: Uint8Array[]): Promise<number> {
    const first = this.#sequence;
    for (const { flags, part } of fragments(message, maxFrame)) {
      frames.push(await sealRecord(this.#key, kind, flags, this.#sequence++, 0, this.#bound, part));
    }
    return first;
  }

  /** Reads all messages of a body. */
  async open(body: Uint8Array, maxFrame: number, allowed: (kind: Kind) => boolean): Promise<Message[]> {
    const messages: Message[] = [];
    const assembly = new Assembly();
    while (body.length > 0) {
      const frame = takeFrame(body, maxFrame, allowed);
      body = frame.rest;
      const sequence = this.#sequence++;
      if (frame.header.sequence !== sequence) misbehaved("WrongSequence");
      if (frame.header.reserved !== 0) misbehaved("WrongEpoch");
      if (!equal(frame.nonce, nonceOf(sequence, 0))) misbehaved("WrongNonce");
      const plaintext = await openRecord(this.#key, frame, this.#bound);
      const message = assembly.take(frame.header, sequence, plaintext);
      if (message) messages.push(message);
      if (messages.length > MAX_CALLS) misbehaved("TooManyCalls");
    }
    if (!assembly.isEmpty) misbehaved("Interrupted");
    return messages;
  }
}
