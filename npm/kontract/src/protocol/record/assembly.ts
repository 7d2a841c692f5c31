/** Messages of several frames: every frame but the last has MORE, and all have one type. */
import { concat } from "../bytes.js";
import { misbehaved, misused } from "../error.js";
import { CLOSE, type Header, type Kind, MORE, PADDED } from "../frame/index.js";
import { MAX_FRAGMENTS, MAX_MESSAGE } from "../limits.js";
import { unpad } from "./padding.js";

/** A message that has arrived whole. */
export interface Message {
  readonly kind: Kind;
  /** The sequence of its first frame, by which answers name it. */
  readonly sequence: number;
  readonly body: Uint8Array;
}

/** What has arrived of a message so far. */
export class Assembly {
  #begun: { kind: Kind; sequence: number; parts: Uint8Array[]; length: number } | undefined;

  /**
   * Takes the plaintext of the next frame; returns the message that it completes. Between the frames
   * of a message only CLOSE may come.
   */
  take({ kind, flags }: Header, sequence: number, plaintext: Uint8Array): Message | undefined {
    const body = flags & PADDED ? unpad(plaintext) : plaintext;
    if (kind === CLOSE) this.#begun = undefined;
    const begun = (this.#begun ??= { kind, sequence, parts: [], length: 0 });
    if (begun.kind !== kind) misbehaved("Interrupted");
    begun.parts.push(body);
    begun.length += body.length;
    if (begun.length > MAX_MESSAGE) misbehaved("MessageTooLong");
    if (flags & MORE) {
      // The frame that completes the message counts, too.
      if (begun.parts.length >= MAX_FRAGMENTS) misbehaved("TooManyFragments");
      return undefined;
    }
    this.#begun = undefined;
    return { kind, sequence: begun.sequence, body: begun.parts.length === 1 ? body : concat(...begun.parts) };
  }

  /** Bytes of a message that wait for its rest. */
  get held(): number {
    return this.#begun?.length ?? 0;
  }

  /** Whether nothing waits for its rest. */
  get isEmpty(): boolean {
    return this.#begun === undefined;
  }
}

/** The plaintext of a frame, with its flags. */
export interface Fragment {
  readonly flags: number;
  readonly part: Uint8Array;
}

/** Divides a message into the plaintexts of its frames. */
export function fragments(message: Uint8Array, maxFrame: number): Fragment[] {
  const count = Math.max(Math.ceil(message.length / maxFrame), 1);
  if (message.length > MAX_MESSAGE || count > MAX_FRAGMENTS) misused("MessageTooLong");
  return Array.from({ length: count }, (_, i) => ({
    flags: i === count - 1 ? 0 : MORE,
    part: message.subarray(i * maxFrame, (i + 1) * maxFrame),
  }));
}
