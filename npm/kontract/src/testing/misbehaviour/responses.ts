import { PrivateKey } from "../../protocol/crypto/exchange.js";
import { AES_256_GCM, type Primitives } from "../../protocol/crypto/primitives.js";
import type { Misbehaviour } from "../../protocol/error.js";
import { Attempt } from "../../protocol/handshake/client.js";
import { readInit } from "../../protocol/handshake/init.js";
import { Responder } from "../../protocol/handshake/noise.js";
import { encodeAccepted } from "../../protocol/handshake/payload.js";
import { refusal, writeResponse } from "../../protocol/handshake/response.js";
import { ACCEPTED, changed, flip, put } from "../forger.js";

/** Somebody who answers an INIT. */
export interface Answerer {
  readonly primitives: Primitives;
  readonly init: Uint8Array;
  /** The server's key. */
  readonly key: PrivateKey;
}

type Change = (bytes: number[]) => void;
export type ResponseCase = readonly [name: string, response: (answerer: Answerer) => Promise<Uint8Array>, blame: Misbehaviour];

const frame = (change: Change) => async (answerer: Answerer): Promise<Uint8Array> =>
  changed(await answerWith(answerer, () => {}), change);
const payload = (change: Change) => (answerer: Answerer): Promise<Uint8Array> => answerWith(answerer, change);

/** What clients must refuse in a RESPONSE's place. */
export const RESPONSES: readonly ResponseCase[] = [
  ["the client's own INIT", async ({ init }) => init, "WrongType"],
  ["a record in a RESPONSE's place", frame(put(1, 0x11)), "WrongType"],
  ["another version", frame(put(0, 3)), "WrongVersion"],
  ["a RESPONSE of another key", frame(flip(13, 1)), "WrongHeader"],
  ["a RESPONSE with a sequence", frame(put(4, 1)), "WrongHeader"],
  ["a RESPONSE with a nonce", frame(put(16, 1)), "WrongHeader"],
  ["a RESPONSE with RESUME", frame(put(3, 1)), "WrongFlags"],
  ["a RESPONSE that calls itself a cookie", frame(put(3, 2)), "WrongHeader"],
  ["a RESPONSE that was cut off", frame((b) => void b.splice(60)), "WrongLength"],
  ["a RESPONSE with more behind it", frame((b) => void b.push(1)), "WrongLength"],
  [
    "a RESPONSE too short for a key",
    frame((b) => {
      b.splice(60);
      b.splice(8, 4, 0, 0, 0, 16);
    }),
    "WrongHeader",
  ],
  ["a refusal that says something", async ({ init }) => changed(refusal(init), put(43, 1)), "WrongHeader"],
  ["another ephemeral key", frame(flip(28, 1)), "Unauthentic"],
  ["a weak ephemeral key", frame((b) => void b.fill(0, 28, 60)), "WeakKey"],
  ["a bit of the payload", frame(flip(61, 1)), "Unauthentic"],
  ["a bit of the tag", frame(flip(-1, 1)), "Unauthentic"],
  ["a RESPONSE to another client", async (a) => answerWith({ ...a, init: await initFor(a, a.key) }, () => {}), "Unauthentic"],
  [
    "a RESPONSE by who has another key",
    async (a) => {
      const key = await PrivateKey.of(a.primitives, new Uint8Array(32).fill(0x99));
      const answer = await answerWith({ ...a, key, init: await initFor(a, key) }, () => {});
      return changed(answer, (bytes) => void bytes.splice(12, 4, ...a.init.subarray(12, 16)));
    },
    "Unauthentic",
  ],
  ["a cipher that does not exist", payload(put(16, 3)), "MalformedPayload"],
  ["no heartbeat", payload((b) => void b.fill(0, 25, 27)), "MalformedPayload"],
  ["frames of nothing", payload((b) => void b.fill(0, 27, 31)), "MalformedPayload"],
  ["frames of gigabytes", payload((b) => void b.fill(0xff, 27, 31)), "MalformedPayload"],
  ["a new key for every nothing", payload((b) => void b.fill(0, 31, 35)), "MalformedPayload"],
  ["a ticket that cannot be", payload(put(36, 1)), "MalformedPayload"],
  ["a later epoch", payload(put(37, 1)), "MalformedPayload"],
  ["a payload that was cut off", payload((b) => void b.splice(20)), "MalformedPayload"],
];

/** A RESPONSE whose payload was changed, sealed as it must be. */
export async function answerWith({ primitives, init, key }: Answerer, change: Change): Promise<Uint8Array> {
  const read = readInit(init);
  const responder = await Responder.read(primitives, read.prologue, key, undefined, read.message);
  const ephemeral = await PrivateKey.generate(primitives);
  const { message } = await responder.answer(ephemeral, changed(encodeAccepted(ACCEPTED), change));
  return writeResponse({ type: "Accepted", body: message }, read.key);
}

async function initFor({ primitives }: Answerer, key: PrivateKey): Promise<Uint8Array> {
  const offer = { ciphers: [AES_256_GCM], schema: new Uint8Array(32) } as const;
  return (await Attempt.start(primitives, key.public, offer)).frame;
}
