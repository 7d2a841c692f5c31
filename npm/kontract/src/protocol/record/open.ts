import { equal } from "../bytes.js";
import type { Cipher, Primitives } from "../crypto/primitives.js";
import { misbehaved } from "../error.js";
import type { Frame } from "../frame/index.js";
import { EPOCH_RECORDS, LAST_SEQUENCE } from "../limits.js";
import type { Direction, Traffic } from "../schedule.js";
import { type EpochKey, epochKey, nonceOf, openRecord } from "./index.js";

/** The receiving half of a session. A frame that is refused changes nothing. */
export class Opener<D extends Direction> {
  #key: EpochKey<D>;
  /** The sequence of the next record. */
  sequence = 0;
  /** Under the current key. */
  records = 0;

  private constructor(key: EpochKey<D>) {
    this.#key = key;
  }

  /** Starts at sequence 0. */
  static async of<D extends Direction>(
    primitives: Primitives,
    cipher: Cipher,
    traffic: Traffic<D>,
  ): Promise<Opener<D>> {
    return new Opener(await epochKey(primitives, cipher, traffic));
  }

  /** The epoch of the current key. */
  get epoch(): number {
    return this.#key.traffic.epoch;
  }

  /** Opens the next record. Its type, flags and length were checked when it was read. */
  async open(frame: Frame): Promise<Uint8Array> {
    if (this.sequence >= LAST_SEQUENCE) misbehaved("SessionTooLong");
    const { sequence, reserved: epoch } = frame.header;
    // "header seq = low32(seq64)"
    if (sequence !== this.sequence >>> 0) misbehaved("WrongSequence");
    // "reserved = epoch ∈ {current, current+1}"
    const next = epoch === this.epoch + 1;
    if (epoch !== this.epoch && !next) misbehaved("WrongEpoch");
    if (!equal(frame.nonce, nonceOf(this.sequence, epoch))) misbehaved("WrongNonce");
    // "the receiver refuses beyond 2^23 records in an epoch"
    if (!next && this.records >= EPOCH_RECORDS) misbehaved("EpochTooLong");
    const key = next ? await this.#key.next() : this.#key;
    const plaintext = await openRecord(key, frame);
    if (next) {
      this.wipe();
      this.#key = key;
      this.records = 0;
    }
    this.sequence++;
    this.records++;
    return plaintext;
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.#key.wipe();
  }
}
