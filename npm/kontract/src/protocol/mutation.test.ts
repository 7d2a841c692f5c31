import { expect, test } from "vitest";
import { ACCEPTED, forgedClient, forgedServer } from "../testing/forger.js";
import { ADDRESS, call, endingOf, errorOf, node, Pair, PATIENCE, response, rounds, Seeded, withRandom } from "../testing/wire.js";
import { AES_256_GCM } from "./crypto/primitives.js";
import { ProtocolError } from "./error.js";
import {
  EVENT,
  fromClient,
  HEARTBEAT,
  MORE,
  PADDED,
  RPC_CALL,
  RPC_ERROR,
  RPC_RESPONSE,
  readFrame,
  SUBSCRIBE,
} from "./frame/index.js";
import { Attempt } from "./handshake/client.js";
import { readInit } from "./handshake/init.js";
import { decodeAccepted, decodeHello, encodeAccepted, encodeHello } from "./handshake/payload.js";
import { readResponse, refusal } from "./handshake/response.js";
import { answer } from "./handshake/server.js";
import {
  decodeCall,
  decodeFailure,
  decodeHeartbeat,
  decodeItem,
  decodeResponse,
  decodeSubscribe,
  encodeCall,
  encodeFailure,
  encodeHeartbeat,
  encodeItem,
  encodeResponse,
  encodeSubscribe,
} from "./message/index.js";
import { Opener, pad, Sealer, unpad } from "./record/index.js";
import { Post, request } from "./server.js";
import { openTicket } from "./ticket.js";

/** Changes bytes as a fuzzer does: bits, bytes, numbers, cuts, repetitions, whole pieces. */
function mutate(given: Uint8Array, random: Seeded): Uint8Array {
  const bytes = Array.from(given);
  for (let times = random.below(5); times >= 0; times--) {
    const at = random.below(bytes.length);
    const kind = random.below(8);
    if (kind === 0 && bytes.length > 0) bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
    else if (kind === 1 && bytes.length > 0) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)] as number;
    else if (kind === 2 && bytes.length >= at + 4) {
      const number = [0, 1, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff][random.below(7)] as number;
      bytes.splice(at, 4, number & 255, (number >> 8) & 255, (number >> 16) & 255, number >>> 24);
    } else if (kind === 3) bytes.splice(at);
    else if (kind === 4) bytes.splice(at, 0, ...random.bytes(random.below(9)));
    else if (kind === 5) bytes.push(...bytes.slice(at, at + random.below(16)));
    else if (kind === 6) bytes.splice(at, random.below(8));
    else bytes.splice(0, bytes.length, ...random.bytes(random.below(64)));
  }
  return Uint8Array.from(bytes);
}

/** Gives a parser changed bytes: what it throws must blame the peer, and it must not take what it should not. */
async function fuzz(
  name: string,
  times: number,
  seeds: readonly Uint8Array[],
  parse: (bytes: Uint8Array) => unknown,
): Promise<void> {
  const random = new Seeded(Array.from(name).reduce((sum, letter) => sum + letter.charCodeAt(0), 0));
  for (let i = 0; i < times; i++) {
    const bytes = mutate(seeds[random.below(seeds.length)] as Uint8Array, random);
    try {
      await parse(bytes);
    } catch (error) {
      if (error instanceof ProtocolError && error.blame === "peer") continue;
      throw new Error(`${name}: ${Buffer.from(bytes).toString("hex")}`, { cause: error });
    }
  }
}

/** What is read must be written and read as the same. */
function stable<T>(decode: (bytes: Uint8Array) => T, encode: (value: T) => Uint8Array): (bytes: Uint8Array) => void {
  return (bytes) => {
    const value = decode(bytes);
    expect(decode(encode(value))).toEqual(value);
  };
}

test("no parser fails otherwise than it says", PATIENCE, async () => {
  const times = rounds(1500, 100_000);
  const pair = await Pair.of(81);
  const init = pair.client.pollTransmit() as Uint8Array;
  const answered = await answer(pair.node, init, ADDRESS, pair.time);
  const headers = Array.from({ length: 3 }, () => ["location", "/"] as const);
  const long = { ...response(9), headers, ticket: new Uint8Array(20).fill(1) };
  const failure = { inReplyTo: 1, code: "X", message: "", status: 400, path: "args[0]" };
  const key = pair.node.keys[0]?.id as number;
  await fuzz("frame", times, [init, refusal(init)], (bytes) => readFrame(bytes, 1 << 20, () => true));
  await fuzz("init", times, [init], readInit);
  await fuzz("response", times, [answered.frame, refusal(init)], (bytes) => readResponse(bytes, key));
  const hello = encodeHello({ ciphers: [AES_256_GCM], schema: new Uint8Array(32) });
  await fuzz("hello", times, [hello], decodeHello);
  await fuzz("accepted", times, [encodeAccepted(ACCEPTED)], stable(decodeAccepted, encodeAccepted));
  await fuzz("call", times, [encodeCall(call("m"))], stable(decodeCall, encodeCall));
  const results = [encodeResponse(response(1)), encodeResponse(long)];
  await fuzz("result", times, results, (bytes) => {
    // Numbers that no request can have are rounded.
    const value = decodeResponse(bytes);
    if (Number.isSafeInteger(value.inReplyTo)) expect(decodeResponse(encodeResponse(value))).toEqual(value);
  });
  await fuzz("error", times, [encodeFailure(failure)], decodeFailure);
  await fuzz("item", times, [encodeItem({ inReplyTo: 1, item: Uint8Array.of(1) })], decodeItem);
  const asked = [
    encodeSubscribe({ op: "Subscribe", topic: "users", credit: 1 }),
    encodeSubscribe({ op: "Credit", target: 1, n: 2 }),
  ];
  await fuzz("subscribe", times, asked, decodeSubscribe);
  await fuzz("heartbeat", times, [encodeHeartbeat(7n)], stable(decodeHeartbeat, encodeHeartbeat));
  await fuzz("padding", times, [pad(new Uint8Array(5), 64)], unpad);
});

test("no state takes what was changed", PATIENCE, async () => {
  const times = rounds(150, 20_000);
  const pair = await Pair.of(83);
  await pair.exchange();
  const event = pair.clientEvents().find((event) => event.type === "Pass");
  if (!event) throw new Error("no pass");
  const { primitives, node, time } = pair;
  const never = (given: Uint8Array, open: (bytes: Uint8Array) => Promise<unknown>) => async (bytes: Uint8Array) => {
    await open(bytes);
    if (Buffer.compare(given, bytes) !== 0) throw new Error("it was taken");
  };
  const { ticket } = event.pass;
  await fuzz("ticket", times, [ticket], never(ticket, (bytes) => openTicket(primitives, node.secret, bytes, time)));
  const { body, pending } = await request(primitives, event.pass, [call("a")], new Uint8Array(16));
  await fuzz("post", times, [body], never(body, (bytes) => Post.open(node, bytes, time)));
  const post = await Post.open(node, body, time);
  await post.respond(response(0));
  const answered = post.finish();
  await fuzz("answer", times, [answered], never(answered, (bytes) => pending.read(bytes)));
  const init = (await Pair.of(84)).client.pollTransmit() as Uint8Array;
  await fuzz("frames before a session", times, [init, body], async (bytes) => {
    const other = await Pair.of(85);
    await other.server.handleFrame(bytes, other.time);
    await other.client.handleFrame(bytes, other.time);
  });
});

/** What a peer with the keys says is no safer than what one without them does. */
test("no sealed message ends a session otherwise than it should", PATIENCE, async () => {
  const kinds = [
    [RPC_CALL, encodeCall(call("m"))],
    [RPC_RESPONSE, encodeResponse(response(1))],
    [RPC_ERROR, encodeFailure({ inReplyTo: 1, code: "X", message: "", status: 0 })],
    [SUBSCRIBE, encodeSubscribe({ op: "Credit", target: 0, n: 1 })],
    [EVENT, encodeItem({ inReplyTo: 2, item: Uint8Array.of(1) })],
    [HEARTBEAT, encodeHeartbeat(7n)],
  ] as const;
  const flags = [0, 0, MORE, PADDED];
  const random = new Seeded(87);
  for (let round = 0; round < rounds(40, 3000); round++) {
    const [left, toServer] = await forgedClient(round);
    const [right, toClient] = await forgedServer(round);
    await right.client.call(call("m"), right.time);
    await right.client.subscribe("users", 9, right.time);
    for (let i = 0; i < 16; i++) {
      const [kind, given] = kinds[random.below(kinds.length)] as (typeof kinds)[number];
      const body = random.below(3) > 0 ? mutate(given, random) : given;
      const flag = flags[random.below(flags.length)] as number;
      await left.server.handleFrame(await toServer.seal(kind, flag, body), left.time);
      await right.client.handleFrame(await toClient.seal(kind, flag, body), right.time);
    }
    await left.server.handleEnd();
    await right.client.handleEnd();
    for (const ending of [endingOf(left.serverEvents()), endingOf(right.clientEvents())]) {
      expect(ending).toMatch(/^(Truncated|Failed: (?!Cryptography|NoRandomness)\w+)$/);
    }
  }
});

function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const changed = bytes.slice();
  changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7));
  return changed;
}

/** "every single-bit flip of every handshake message and record rejected without state change" */
test("every bit counts", PATIENCE, async () => {
  const { primitives, time } = await Pair.of(86);
  // Each is started anew from the same random bytes: an attempt reads one answer.
  const seeded = (seed: number) => {
    const random = new Seeded(seed);
    return withRandom(primitives, (bytes) => random.fill(bytes));
  };
  const own = await node(seeded(2));
  const offer = { ciphers: [AES_256_GCM] as const, schema: new Uint8Array(32) };
  const start = () => Attempt.start(seeded(1), own.keys[0]?.public as Uint8Array, offer);
  const { attempt, frame: init } = await start();
  let now = time.monotonic;
  for (let bit = 0; bit < init.length * 8; bit++) {
    const changed = flipped(init, bit);
    const answered = await answer(own, changed, ADDRESS, { ...time, monotonic: (now += 1000) });
    const refused = answered.error?.blame === "peer" && !answered.established;
    if (!refused || Buffer.compare(answered.frame, refusal(changed)) !== 0) throw new Error(`bit ${bit} of INIT`);
  }
  const { frame, established } = await answer(own, init, ADDRESS, { ...time, monotonic: now + 1000 });
  if (!established) throw new Error("refused");
  for (let bit = 0; bit < frame.length * 8; bit++) {
    const { attempt: other } = await start();
    const error = await errorOf(() => other.finish(flipped(frame, bit)));
    if (!error.startsWith("peer: ")) throw new Error(`bit ${bit} of RESPONSE: ${error}`);
  }
  const outcome = await attempt.finish(frame);
  if (outcome.type !== "Established") throw new Error(outcome.type);

  const sealer = await Sealer.of(primitives, AES_256_GCM, outcome.established.keys.toServer, 2, 0);
  const opener = await Opener.of(primitives, AES_256_GCM, established.keys.toServer);
  const open = (bytes: Uint8Array): Promise<Uint8Array> => opener.open(readFrame(bytes, 1 << 20, fromClient));
  for (const epoch of [0, 0, 1, 1, 2]) {
    const text = new TextEncoder().encode("every bit");
    const record = await sealer.seal(RPC_CALL, 0, text, 0);
    for (let bit = 0; bit < record.length * 8; bit++) {
      // The type is no part of a record's place: another one that is allowed is refused by the tag.
      const error = await errorOf(() => open(flipped(record, bit)));
      if (!error.startsWith("peer: ")) throw new Error(`bit ${bit} of a record: ${error}`);
    }
    expect(await open(record)).toEqual(text);
    expect(opener.epoch).toBe(epoch);
  }
});

/** Texts that all lie in one place cost no more than they came with. */
test("a small message is not read as a large one", () => {
  const pair = (value: string) => ["k", value] as const;
  const metadata = [pair("v".repeat(10_000)), ...Array.from({ length: 63 }, () => pair("v"))];
  const body = encodeCall({ ...call("m"), metadata });
  const view = new DataView(body.buffer);
  const number = (at: number): number => view.getUint32(at, true);
  // The vtable stands behind the root's offset: its size, the table's, then a place for each field.
  const field = number(0) + view.getUint16(4 + 4 + 2 * 2, true);
  const first = field + number(field) + 4;
  const allLike = (entry: number): Uint8Array => {
    const target = first + 4 * entry + number(first + 4 * entry);
    const aliased = body.slice();
    const writing = new DataView(aliased.buffer);
    for (let i = 0; i < 64; i++) writing.setUint32(first + 4 * i, target - first - 4 * i, true);
    return aliased;
  };
  expect(decodeCall(allLike(1)).metadata).toEqual(Array.from({ length: 64 }, () => pair("v")));
  expect(() => decodeCall(allLike(0))).toThrow("MalformedMessage");
  expect(() => encodeCall({ ...call("m"), metadata: [...metadata, pair("v")] })).not.toThrow();
  expect(() => decodeCall(encodeCall({ ...call("m"), metadata: [...metadata, pair("v")] }))).toThrow("MalformedMessage");
});
