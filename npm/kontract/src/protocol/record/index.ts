/** Records: frames under a session's keys (wire document, Key schedule and Stream). */
import { concat } from "../bytes.js";
import type { Aead, Cipher, Primitives } from "../crypto/primitives.js";
import { misbehaved } from "../error.js";
import { encodeHeader, type Frame, HEADER, type Kind, NONCE, OVERHEAD } from "../frame/index.js";
import { type Direction, rekeyed, type Traffic } from "../schedule.js";

export * from "./assembly.js";
export * from "./open.js";
export * from "./padding.js";
export * from "./seal.js";

/** The key of records, made ready, with its IV. */
export interface RecordKey {
  readonly aead: Aead;
  readonly iv: Uint8Array;
}

/** The key of a direction's epoch, and the way to the next one. */
export interface EpochKey<D extends Direction> extends RecordKey {
  readonly traffic: Traffic<D>;
  next(): Promise<EpochKey<D>>;
  /** Overwrites it. */
  wipe(): void;
}

/** Makes the key of a direction's epoch ready. */
export async function epochKey<D extends Direction>(
  primitives: Primitives,
  cipher: Cipher,
  traffic: Traffic<D>,
): Promise<EpochKey<D>> {
  const { key, iv } = traffic;
  return {
    aead: await primitives.aead(cipher, key.expose()),
    iv: iv.expose(),
    traffic,
    next: async () => epochKey(primitives, cipher, await rekeyed(primitives, traffic)),
    wipe() {
      key.wipe();
      iv.wipe();
    },
  };
}

/** `seq64 BE ‖ epoch32 BE`, the nonce as it travels. */
export function nonceOf(sequence: number, epoch: number): Uint8Array {
  const nonce = new Uint8Array(NONCE);
  const view = new DataView(nonce.buffer);
  view.setUint32(0, sequence / 2 ** 32);
  view.setUint32(4, sequence);
  view.setUint32(8, epoch);
  return nonce;
}

/** Writes one frame. `bound` is authenticated behind the header. */
export async function sealRecord(
  { aead, iv }: RecordKey,
  kind: Kind,
  flags: number,
  sequence: number,
  epoch: number,
  bound: Uint8Array | undefined,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  const { length } = plaintext;
  const head = encodeHeader({ kind, flags, sequence, length, reserved: epoch });
  const nonce = nonceOf(sequence, epoch);
  const sealed = await aead.seal(masked(nonce, iv), bound ? concat(head, bound) : head, plaintext);
  const frame = new Uint8Array(OVERHEAD + length);
  frame.set(head);
  frame.set(nonce, HEADER);
  frame.set(sealed, HEADER + NONCE);
  return frame;
}

/** Reads one frame, whose place its caller has checked. */
export async function openRecord(
  { aead, iv }: RecordKey,
  { head, nonce, body }: Frame,
  bound?: Uint8Array,
): Promise<Uint8Array> {
  try {
    return await aead.open(masked(nonce, iv), bound ? concat(head, bound) : head, body);
  } catch {
    return misbehaved("Unauthentic");
  }
}

/** "record nonce = (seq64 BE ‖ epoch32 BE) xor `iv_dir`" */
function masked(nonce: Uint8Array, iv: Uint8Array): Uint8Array {
  return nonce.map((byte, i) => byte ^ (iv[i] as number));
}
