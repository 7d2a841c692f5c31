import { concat, prefixed, utf8 } from "../../protocol/bytes.js";
import { keyId, PrivateKey } from "../../protocol/crypto/exchange.js";
import { AES_256_GCM, type Primitives } from "../../protocol/crypto/primitives.js";
import type { Misbehaviour } from "../../protocol/error.js";
import { handshakeFrame } from "../../protocol/frame/index.js";
import { Attempt } from "../../protocol/handshake/client.js";
import { initHeader, prologue } from "../../protocol/handshake/init.js";
import { Initiator } from "../../protocol/handshake/noise.js";
import { encodeHello } from "../../protocol/handshake/payload.js";
import type { Pass } from "../../protocol/server.js";
import { nodeSecret, openTicket, sealTicket } from "../../protocol/ticket.js";
import { changed, flip, put } from "../forger.js";
import { Pair } from "../wire.js";

/** Somebody who knocks at a server. */
export interface Knocker {
  readonly primitives: Primitives;
  /** The server's key. */
  readonly pin: Uint8Array;
  /** What an earlier session was given, another one each time. */
  pass(): Promise<Pass>;
}

export type InitCase = readonly [name: string, init: (knocker: Knocker) => Promise<Uint8Array>, blame: Misbehaviour];

const schema = new Uint8Array(32);
const offer = { ciphers: [AES_256_GCM], schema } as const;
const hello = (): Uint8Array => encodeHello(offer);

/** What servers must refuse in an INIT's place. */
export const INITS: readonly InitCase[] = [
  ["nothing", async () => new Uint8Array(0), "WrongLength"],
  ["half a header", but((b) => void b.splice(9)), "WrongLength"],
  ["a header alone", but((b) => void b.splice(16)), "WrongLength"],
  ["an INIT that was cut off", but((b) => void b.splice(100)), "WrongLength"],
  ["an INIT with more behind it", but((b) => void b.push(0)), "WrongLength"],
  ["another version", but(put(0, 0)), "WrongVersion"],
  ["a RESPONSE", but(put(1, 2)), "WrongType"],
  ["a call before the handshake", but(put(1, 0x10)), "WrongType"],
  ["CLOSE before the handshake", but(put(1, 0xff)), "WrongType"],
  ["a flag that does not exist", but(put(3, 0x10)), "WrongFlags"],
  ["MORE", but(put(3, 4)), "WrongFlags"],
  ["megabytes announced", but(put(9, 0xff)), "FrameTooLong"],
  ["a sequence", but(put(7, 1)), "WrongHeader"],
  ["a nonce", but(put(20, 1)), "WrongHeader"],
  ["a key that is not ours", but(flip(12, 1)), "UnknownKey"],
  ["another ephemeral key", but(flip(30, 1)), "Unauthentic"],
  ["a weak ephemeral key", but((b) => void b.fill(0, 28, 60)), "WeakKey"],
  ["a bit of the payload", but(flip(70, 1)), "Unauthentic"],
  ["a ticket that is not there", but(put(3, 1)), "WrongLength"],
  ["a cookie that is not there", but(put(3, 2)), "Unauthentic"],
  [
    "an INIT without an ephemeral key",
    but((b) => {
      b.splice(44);
      b.fill(0, 8, 12);
    }),
    "WrongLength",
  ],
  ["no cipher", saying(concat(Uint8Array.of(1, 0), schema, prefixed(new Uint8Array(220)))), "NoCommonCipher"],
  ["ciphers that do not exist", saying(changed(hello(), put(2, 99))), "NoCommonCipher"],
  ["a payload of another version", saying(changed(hello(), put(0, 2))), "MalformedPayload"],
  ["a payload without padding", saying(concat(hello().subarray(0, 35), new Uint8Array(2))), "MalformedPayload"],
  ["padding of another length", saying(concat(hello(), new Uint8Array(1))), "MalformedPayload"],
  ["more ciphers than there are", saying(changed(hello(), put(1, 255))), "MalformedPayload"],
  ["no payload", saying(new Uint8Array(0)), "MalformedPayload"],
  ["a ticket of nothing", ticketOf(() => new Uint8Array(0)), "BadTicket"],
  ["a ticket of zeros", ticketOf((own) => own.slice().fill(0, 28)), "BadTicket"],
  ["a ticket of another application", ticketOf(() => foreignTicket()), "BadTicket"],
  ["a ticket of the epoch before", ticketOf((own) => changed(own, (b) => void (b[3] = (b[3] as number) - 1))), "BadTicket"],
  ["a ticket that was taken from another", ticketOf(async (_, knocker) => (await knocker.pass()).ticket), "Unauthentic"],
  [
    "a ticket that was cut out",
    async (knocker) => {
      const frame = await withPass(knocker, await knocker.pass());
      return changed(frame, (bytes) => {
        bytes.splice(28, 2 + (bytes[29] as number));
        bytes[3] = 0;
        const length = bytes.length - 44;
        bytes.splice(8, 4, 0, 0, length >> 8, length & 255);
      });
    },
    "Unauthentic",
  ],
];

type Change = (bytes: number[]) => void;

function but(change: Change): (knocker: Knocker) => Promise<Uint8Array> {
  return async (knocker) => changed(await goodInit(knocker), change);
}

/** An INIT that nobody may refuse. */
export async function goodInit({ primitives, pin }: Knocker): Promise<Uint8Array> {
  return (await Attempt.start(primitives, pin, offer)).frame;
}

async function withPass({ primitives, pin }: Knocker, pass: Pass): Promise<Uint8Array> {
  return (await Attempt.start(primitives, pin, offer, pass)).frame;
}

/** An INIT with another ticket in the place of its own. */
function ticketOf(other: (own: Uint8Array, knocker: Knocker) => Uint8Array | Promise<Uint8Array>): InitCase[1] {
  return async (knocker) => {
    const pass = await knocker.pass();
    return withPass(knocker, { ...pass, ticket: await other(pass.ticket, knocker) });
  };
}

/** The ticket of a server that has another secret. */
async function foreignTicket(): Promise<Uint8Array> {
  const { primitives, node, time } = await Pair.of(998);
  const pass = await passOf(999);
  const ticket = await openTicket(primitives, node.secret, pass.ticket, time);
  return sealTicket(primitives, await nodeSecret(primitives, utf8("another secret")), ticket, time);
}

/** What a session of {@link Pair} was given. */
export async function passOf(seed: number): Promise<Pass> {
  const pair = await Pair.of(seed);
  await pair.exchange();
  const event = pair.clientEvents().find((event) => event.type === "Pass");
  if (!event) throw new Error("no pass");
  return event.pass;
}

/** An INIT with this payload, sealed as it must be. */
function saying(payload: Uint8Array): (knocker: Knocker) => Promise<Uint8Array> {
  return async ({ primitives, pin }) => {
    const head = initHeader(await keyId(primitives, pin), 0, new Uint8Array(0), payload.length);
    const ephemeral = await PrivateKey.generate(primitives);
    const mixed = prologue(head, new Uint8Array(0));
    const { message } = await Initiator.start(primitives, mixed, pin, undefined, ephemeral, payload);
    return handshakeFrame(head, message);
  };
}
