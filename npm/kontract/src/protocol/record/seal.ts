import type { Cipher, Primitives } from "../crypto/primitives.js";
import { misbehaved } from "../error.js";
import { type Kind, OVERHEAD } from "../frame/index.js";
import { LAST_SEQUENCE, REKEY_BYTES, REKEY_MS, REKEY_RECORDS } from "../limits.js";
import type { Direction, Traffic } from "../schedule.js";
import { type EpochKey, epochKey, sealRecord } from "./index.js";

/** The sending half of a session. */
export class Sealer<D extends Direction> {
  #key: EpochKey<D>;
  /** Records that one key seals, at most. */
  readonly #most: number;
  /** The sequence of the next record. */
  sequence = 0;
  /** What the current key has sealed, and since when it has. */
  records = 0;
  bytes = 0;
  #since: number;

  private constructor(key: EpochKey<D>, most: number, now: number) {
    this.#key = key;
    this.#most = Math.min(Math.max(most, 1), REKEY_RECORDS);
    this.#since = now;
  }

  /** Starts at sequence 0. `now` is a monotonic time in milliseconds. */
  static async of<D extends Direction>(
    primitives: Primitives,
    cipher: Cipher,
    traffic: Traffic<D>,
    rekeyRecords: number,
    now: number,
  ): Promise<Sealer<D>> {
    return new Sealer(await epochKey(primitives, cipher, traffic), rekeyRecords, now);
  }

  /** The epoch of the current key. */
  get epoch(): number {
    return this.#key.traffic.epoch;
  }

  /** Seals one record, under a new key where the current one has done its share. */
  async seal(kind: Kind, flags: number, plaintext: Uint8Array, now: number): Promise<Uint8Array> {
    // "a session ends at 2^48"
    if (this.sequence >= LAST_SEQUENCE) misbehaved("SessionTooLong");
    const size = plaintext.length + OVERHEAD;
    // "Sender rekeys after 2^20 records, 2^36 bytes or 15 minutes"
    if (this.records >= this.#most || this.bytes + size > REKEY_BYTES || now - this.#since >= REKEY_MS) {
      await this.#rekey(now);
    }
    const sealed = sealRecord(this.#key, kind, flags, this.sequence, this.epoch, undefined, plaintext);
    this.sequence++;
    this.records++;
    this.bytes += size;
    return sealed;
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.#key.wipe();
  }

  async #rekey(now: number): Promise<void> {
    const key = await this.#key.next();
    this.wipe();
    this.#key = key;
    this.records = 0;
    this.bytes = 0;
    this.#since = now;
  }
}
