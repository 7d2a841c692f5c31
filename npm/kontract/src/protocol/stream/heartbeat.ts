/** The client asks whether the server is there: every 60 s ± 10 %. */
import { numberOf } from "../bytes.js";
import { randomBytes } from "../crypto/exchange.js";
import type { Primitives } from "../crypto/primitives.js";
import { misbehaved } from "../error.js";
import { HEARTBEAT_MISSES } from "../limits.js";

export class Heartbeat {
  readonly #primitives: Primitives;
  readonly #intervalMs: number;
  /** Nonces without an echo, oldest first. */
  #pending: bigint[] = [];
  /** When the next one is sent. */
  due = 0;

  constructor(primitives: Primitives, seconds: number, now: number) {
    this.#primitives = primitives;
    this.#intervalMs = seconds * 1000;
    this.#schedule(now);
  }

  /** How many were missed in a row. */
  get missed(): number {
    return this.#pending.length;
  }

  /** Whether as many were missed as end a session. */
  get isLost(): boolean {
    return this.missed >= HEARTBEAT_MISSES;
  }

  /** The nonce of the next one, whose turn it is. */
  beat(now: number): bigint {
    const bytes = randomBytes(this.#primitives, 8);
    const nonce = new DataView(bytes.buffer).getBigUint64(0);
    this.#pending.push(nonce);
    this.#schedule(now);
    return nonce;
  }

  /** An echo. Those that were sent before it will have none any more: records keep their order. */
  echo(nonce: bigint): void {
    const place = this.#pending.indexOf(nonce);
    if (place < 0) misbehaved("UnknownHeartbeat");
    this.#pending.splice(0, place + 1);
  }

  #schedule(now: number): void {
    const jitter = numberOf(randomBytes(this.#primitives, 2));
    const tenth = Math.floor(this.#intervalMs / 10);
    this.due = now + this.#intervalMs - tenth + Math.floor((tenth * 2 * jitter) / 65_536);
  }
}
