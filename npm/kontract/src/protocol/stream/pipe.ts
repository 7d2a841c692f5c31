/** Both halves of a session's records. */
import type { Primitives } from "../crypto/primitives.js";
import { CLOSE, type Kind, readFrame } from "../frame/index.js";
import type { Accepted } from "../handshake/payload.js";
import { Assembly, fragments, type Message, Opener, Sealer } from "../record/index.js";
import type { Direction, Traffic } from "../schedule.js";

export class Pipe<Out extends Direction, In extends Direction> {
  readonly #sealer: Sealer<Out>;
  readonly #opener: Opener<In>;
  readonly #assembly = new Assembly();
  readonly #maxFrame: number;

  private constructor(sealer: Sealer<Out>, opener: Opener<In>, maxFrame: number) {
    this.#sealer = sealer;
    this.#opener = opener;
    this.#maxFrame = maxFrame;
  }

  static async of<Out extends Direction, In extends Direction>(
    primitives: Primitives,
    { cipher, rekeyRecords, maxFrame }: Accepted,
    out: Traffic<Out>,
    incoming: Traffic<In>,
    now: number,
  ): Promise<Pipe<Out, In>> {
    const sealer = await Sealer.of(primitives, cipher, out, rekeyRecords, now);
    return new Pipe(sealer, await Opener.of(primitives, cipher, incoming), maxFrame);
  }

  /** Seals a message into as many frames as it takes; returns the sequence of the first. */
  async send(kind: Kind, body: Uint8Array, now: number, frames: Uint8Array[]): Promise<number> {
    const first = this.#sealer.sequence;
    for (const { flags, part } of fragments(body, this.#maxFrame)) {
      frames.push(await this.#sealer.seal(kind, flags, part, now));
    }
    return first;
  }

  /** Refuses a message of a length that cannot be sent. */
  takes(body: Uint8Array): void {
    fragments(body, this.#maxFrame);
  }

  /** Says that nothing will follow. */
  async close(now: number, frames: Uint8Array[]): Promise<void> {
    frames.push(await this.#sealer.seal(CLOSE, 0, new Uint8Array(0), now));
  }

  /** Bytes of an incoming message that wait for its rest. */
  get held(): number {
    return this.#assembly.held;
  }

  /** Opens the next frame; returns the message that it completes. */
  async receive(bytes: Uint8Array, allowed: (kind: Kind) => boolean): Promise<Message | undefined> {
    const frame = readFrame(bytes, this.#maxFrame, allowed);
    const { sequence } = this.#opener;
    return this.#assembly.take(frame.header, sequence, await this.#opener.open(frame));
  }

  /** Overwrites the keys. */
  wipe(): void {
    this.#sealer.wipe();
    this.#opener.wipe();
  }
}
