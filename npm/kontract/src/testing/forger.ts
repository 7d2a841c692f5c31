import { AES_256_GCM } from "../protocol/crypto/primitives.js";
import { ProtocolError } from "../protocol/error.js";
import { EVENT, type Kind, RPC_CALL, RPC_ERROR, RPC_RESPONSE, SUBSCRIBE } from "../protocol/frame/index.js";
import { Attempt } from "../protocol/handshake/client.js";
import { answer } from "../protocol/handshake/server.js";
import {
  encodeCall,
  encodeFailure,
  encodeItem,
  encodeResponse,
  encodeSubscribe,
  type Subscribe,
} from "../protocol/message/index.js";
import { Sealer } from "../protocol/record/index.js";
import type { Direction } from "../protocol/schedule.js";
import { ADDRESS, call, Pair } from "./wire.js";

/** What a server says in its RESPONSE. */
export const ACCEPTED = {
  session: new Uint8Array(16).fill(1),
  cipher: AES_256_GCM,
  expiresMs: 1,
  heartbeatS: 60,
  maxFrame: 1 << 20,
  rekeyRecords: 1,
} as const;

/** Records that a test seals itself, with the keys of one side. */
export class Forger {
  readonly sealer: Sealer<Direction>;
  /** A frame that the other side sealed. */
  readonly theirs: Uint8Array;
  /** What a client has asked for: a call, and so many items of a stream. */
  asked = { call: 1, stream: 2, credit: 1 };

  constructor(sealer: Sealer<Direction>, theirs: Uint8Array) {
    this.sealer = sealer;
    this.theirs = theirs;
  }

  seal(kind: Kind, flags: number, plaintext: Uint8Array): Promise<Uint8Array> {
    return this.sealer.seal(kind, flags, plaintext, 0);
  }

  plain(kind: Kind, plaintext: Uint8Array = new Uint8Array(0)): Promise<Uint8Array> {
    return this.seal(kind, 0, plaintext);
  }

  call(): Promise<Uint8Array> {
    return this.plain(RPC_CALL, encodeCall(call("forged")));
  }

  subscribe(asked: Subscribe): Promise<Uint8Array> {
    return this.plain(SUBSCRIBE, encodeSubscribe(asked));
  }

  respond(inReplyTo: number): Promise<Uint8Array> {
    const nothing = new Uint8Array(0);
    return this.plain(RPC_RESPONSE, encodeResponse({ inReplyTo, status: 0, headers: [], result: nothing }));
  }

  fail(inReplyTo: number): Promise<Uint8Array> {
    return this.plain(RPC_ERROR, encodeFailure({ inReplyTo, code: "NOT_FOUND", message: "", status: 0 }));
  }

  item(inReplyTo: number): Promise<Uint8Array> {
    return this.plain(EVENT, encodeItem({ inReplyTo, item: new Uint8Array(0) }));
  }

  /** A record of `kind` whose bytes were changed. */
  async changed(kind: Kind, change: (bytes: number[]) => void): Promise<Uint8Array[]> {
    return [changed(await this.plain(kind, encodeCall(call("changed"))), change)];
  }

  /** So many frames, one after the other. */
  async many(count: number, make: () => Promise<Uint8Array>): Promise<Uint8Array[]> {
    const frames: Uint8Array[] = [];
    for (let i = 0; i < count; i++) frames.push(await make());
    return frames;
  }
}

export function changed(bytes: Uint8Array, change: (bytes: number[]) => void): Uint8Array {
  const list = Array.from(bytes);
  change(list);
  return Uint8Array.from(list);
}

/** A change of one byte, by its place or, from behind, a negative one. */
export function flip(at: number, bits: number): (bytes: number[]) => void {
  return (bytes) => {
    const place = at < 0 ? bytes.length + at : at;
    bytes[place] = (bytes[place] as number) ^ bits;
  };
}

export function put(at: number, value: number): (bytes: number[]) => void {
  return (bytes) => void (bytes[at] = value);
}

/** A server and the keys of its client. The session is half open until a record is given. */
export async function forgedClient(seed: number): Promise<readonly [Pair, Forger]> {
  const pair = await Pair.of(seed);
  const pin = pair.node.keys[0]?.public as Uint8Array;
  const offer = { ciphers: [2] as const, schema: new Uint8Array(32) };
  const { attempt, frame } = await Attempt.start(pair.primitives, pin, offer);
  await pair.server.handleFrame(frame, pair.time);
  const theirs = pair.server.pollTransmit() as Uint8Array;
  const outcome = await attempt.finish(theirs);
  if (outcome.type !== "Established") throw new Error(outcome.type);
  const { keys, accepted } = outcome.established;
  return [pair, new Forger(await Sealer.of(pair.primitives, accepted.cipher, keys.toServer, 1 << 20, 0), theirs)];
}

/** A client in an open session, and the keys of its server. */
export async function forgedServer(seed: number): Promise<readonly [Pair, Forger]> {
  const pair = await Pair.of(seed);
  const init = pair.client.pollTransmit() as Uint8Array;
  const { frame, established } = await answer(pair.node, init, ADDRESS, pair.time);
  if (!established) throw new ProtocolError("peer", "UnknownKey");
  await pair.client.handleFrame(frame, pair.time);
  const theirs = pair.client.pollTransmit() as Uint8Array;
  pair.clientEvents();
  const { keys, accepted } = established;
  return [pair, new Forger(await Sealer.of(pair.primitives, accepted.cipher, keys.toClient, 1 << 20, 0), theirs)];
}
