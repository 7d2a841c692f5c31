import type { Misbehaviour } from "../../protocol/error.js";
import { CLOSE, HEARTBEAT, type Kind, MORE, PADDED, RPC_CALL, SUBSCRIBE } from "../../protocol/frame/index.js";
import { encodeCall, encodeHeartbeat, encodeSubscribe, HANDSHAKE } from "../../protocol/message/index.js";
import { changed, flip, type Forger, put } from "../forger.js";
import { call } from "../wire.js";

/** What a peer does, how, and what it is blamed for. `kind` is a type that the other side takes. */
export type Case = readonly [
  name: string,
  frames: (forger: Forger, kind: Kind) => Promise<Uint8Array[]>,
  blame: Misbehaviour,
];

const zeros = (length: number): Uint8Array => new Uint8Array(length);

/** What either side must refuse of records, whatever they hold. */
export const OF_ANY_RECORD: readonly Case[] = [
  ["an INIT in an open session", (f, k) => f.changed(k, put(1, 1)), "WrongType"],
  ["a RESPONSE in an open session", (f, k) => f.changed(k, put(1, 2)), "WrongType"],
  ["a type that does not exist", (f, k) => f.changed(k, put(1, 0x7f)), "WrongType"],
  ["another version", (f, k) => f.changed(k, put(0, 2)), "WrongVersion"],
  ["a flag that does not exist", (f, k) => f.changed(k, put(2, 0x80)), "WrongFlags"],
  ["a flag of handshakes", (f, k) => f.changed(k, put(3, 1)), "WrongFlags"],
  ["MORE on a heartbeat", async (f) => [await f.seal(HEARTBEAT, MORE, zeros(0))], "WrongFlags"],
  ["MORE on a CLOSE", async (f) => [await f.seal(CLOSE, MORE, zeros(0))], "WrongFlags"],
  ["nothing at all", async () => [zeros(0)], "WrongLength"],
  ["half a header", (f, k) => f.changed(k, (b) => void b.splice(8)), "WrongLength"],
  ["a frame that was cut off", (f, k) => f.changed(k, (b) => void b.pop()), "WrongLength"],
  ["a frame with more behind it", (f, k) => f.changed(k, (b) => void b.push(0)), "WrongLength"],
  ["a header that announces gigabytes", (f, k) => f.changed(k, put(8, 0xff)), "FrameTooLong"],
  ["a frame just too long", async (f, k) => [await f.plain(k, zeros((1 << 20) + 1))], "FrameTooLong"],
  ["a header of another sequence", (f, k) => f.changed(k, flip(7, 1)), "WrongSequence"],
  [
    "a reused sequence",
    async (f, k) => {
      const begun = await f.seal(k, MORE, zeros(0));
      return [begun, begun];
    },
    "WrongSequence",
  ],
  [
    "a frame left out",
    async (f, k) => {
      await f.plain(k);
      return f.changed(k, () => {});
    },
    "WrongSequence",
  ],
  ["an epoch two ahead", (f, k) => f.changed(k, put(15, 2)), "WrongEpoch"],
  ["an epoch far ahead", (f, k) => f.changed(k, put(12, 0xff)), "WrongEpoch"],
  [
    "the next epoch under the old key",
    (f, k) =>
      f.changed(k, (b) => {
        b[15] = 1;
        b[27] = 1;
      }),
    "Unauthentic",
  ],
  ["a nonce of another sequence", (f, k) => f.changed(k, flip(23, 1)), "WrongNonce"],
  ["a nonce of another epoch", (f, k) => f.changed(k, put(27, 1)), "WrongNonce"],
  ["a bit of the ciphertext", (f, k) => f.changed(k, flip(28, 1)), "Unauthentic"],
  ["a bit of the tag", (f, k) => f.changed(k, flip(-1, 0x80)), "Unauthentic"],
  ["a flag that was not sealed", (f, k) => f.changed(k, put(3, 4)), "Unauthentic"],
  [
    "a message within another",
    async (f, k) => [await f.seal(k, MORE, Uint8Array.of(1, 2, 3)), await f.plain(HEARTBEAT)],
    "Interrupted",
  ],
  [
    "a message of more than 64 frames",
    (f, k) => f.many(64, () => f.seal(k, MORE, zeros(0))),
    "TooManyFragments",
  ],
  ["a message of 17 MiB", (f, k) => f.many(17, () => f.seal(k, MORE, zeros(1 << 20))), "MessageTooLong"],
  ["padding without its length", async (f, k) => [await f.seal(k, PADDED, zeros(1))], "WrongPadding"],
  ["padding longer than all", async (f, k) => [await f.seal(k, PADDED, Uint8Array.of(9, 9))], "WrongPadding"],
  [
    "padding that says something",
    async (f, k) => [await f.seal(k, PADDED, Uint8Array.of(1, 0, 1))],
    "WrongPadding",
  ],
  ["a message that is no table", async (f, k) => [await f.plain(k, zeros(40).fill(0xff))], "MalformedMessage"],
  ["a message of nothing", async (f, k) => [await f.plain(k)], "MalformedMessage"],
  ["a heartbeat of nothing", async (f) => [await f.plain(HEARTBEAT)], "MalformedMessage"],
  ["a CLOSE that says something", async (f) => [await f.plain(CLOSE, zeros(1))], "MalformedMessage"],
];

/** What servers must refuse. */
export const BY_CLIENTS: readonly Case[] = [
  ["an RPC_RESPONSE to a server", async (f) => [await f.respond(0)], "WrongType"],
  ["an RPC_ERROR to a server", async (f) => [await f.fail(0)], "WrongType"],
  ["an EVENT to a server", async (f) => [await f.item(0)], "WrongType"],
  ["the server's own frame", async (f) => [f.theirs], "WrongType"],
  ["a call with a short id", async (f) => [await f.plain(RPC_CALL, callWithShortId())], "MalformedMessage"],
  ["an operation that does not exist", async (f) => [await f.plain(SUBSCRIBE, unknownOperation())], "MalformedMessage"],
  ["129 calls at once", (f) => f.many(129, () => f.call()), "TooManyCalls"],
  [
    "65 subscriptions at once",
    (f) => f.many(65, () => f.subscribe({ op: "Subscribe", topic: "users", credit: 1 })),
    "TooManySubscriptions",
  ],
  [
    "a cancellation of what was not asked",
    async (f) => [await f.subscribe({ op: "Cancel", target: 99 })],
    "UnknownTarget",
  ],
  [
    "credit for what was not asked",
    async (f) => [await f.subscribe({ op: "Credit", target: 2 ** 63, n: 1 })],
    "UnknownTarget",
  ],
  [
    "an unsubscription of a call",
    async (f) => {
      const target = f.sealer.sequence;
      return [await f.call(), await f.subscribe({ op: "Unsubscribe", target })];
    },
    "UnknownTarget",
  ],
  [
    "a cancellation of a subscription",
    async (f) => {
      const target = f.sealer.sequence;
      const asked = await f.subscribe({ op: "Subscribe", topic: "users", credit: 1 });
      return [asked, await f.subscribe({ op: "Cancel", target })];
    },
    "UnknownTarget",
  ],
];

/** What clients must refuse, whatever they have asked for. */
export const BY_SERVERS: readonly Case[] = [
  ["a call to a client", async (f) => [await f.call()], "WrongType"],
  ["a subscription at a client", async (f) => [await f.plain(SUBSCRIBE)], "WrongType"],
  ["the client's own frame", async (f) => [f.theirs], "Unauthentic"],
  ["a result for nothing", async (f) => [await f.respond(77)], "UnknownReply"],
  ["a result for a heartbeat", async (f) => [await f.respond(0)], "UnknownReply"],
  ["a result for the handshake, without a ticket", async (f) => [await f.respond(HANDSHAKE)], "UnknownReply"],
  ["a result beyond all numbers", async (f) => [await f.respond(2 ** 63)], "UnknownReply"],
  ["an error for nothing", async (f) => [await f.fail(77)], "UnknownReply"],
  ["an item for nothing", async (f) => [await f.item(77)], "UnknownReply"],
  ["a second result", async (f) => [await f.respond(f.asked.call), await f.respond(f.asked.call)], "UnknownReply"],
  ["an error after a result", async (f) => [await f.respond(f.asked.call), await f.fail(f.asked.call)], "UnknownReply"],
  ["a result after an error", async (f) => [await f.fail(f.asked.call), await f.respond(f.asked.call)], "UnknownReply"],
  ["an item after the end", async (f) => [await f.respond(f.asked.stream), await f.item(f.asked.stream)], "UnknownReply"],
  ["an item without credit", async (f) => [await f.item(f.asked.call)], "NoCredit"],
  ["more items than credit", (f) => f.many(f.asked.credit + 1, () => f.item(f.asked.stream)), "NoCredit"],
  ["an echo of nothing", async (f) => [await f.plain(HEARTBEAT, encodeHeartbeat(1n))], "UnknownHeartbeat"],
];

/** A call whose id is short. */
function callWithShortId(): Uint8Array {
  const id = new TextEncoder().encode("0123456789abcdef");
  const body = encodeCall({ ...call("short"), id });
  const at = Buffer.from(body).indexOf("0123456789abcdef");
  return changed(body, (bytes) => void (bytes[at - 4] = 15));
}

function unknownOperation(): Uint8Array {
  const body = encodeSubscribe({ op: "Cancel", target: 0 });
  return changed(body, (bytes) => void (bytes[bytes.lastIndexOf(2)] = 9));
}
