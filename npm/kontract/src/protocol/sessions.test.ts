import { expect, test } from "vitest";
import { ADDRESS, call, config, drain, endingOf, errorOf, node, Pair, response } from "../testing/wire.js";
import { PrivateKey } from "./crypto/exchange.js";
import { CHACHA20_POLY1305 } from "./crypto/primitives.js";
import {
  Attempt,
  Client,
  finishHandshake,
  handshake,
  isHandshake,
  type Pass,
  Post,
  ProtocolError,
  request,
  Server,
} from "./server.js";
import { openTicket, renewed, sealTicket } from "./ticket.js";

const DAY = 24 * 60 * 60 * 1000;

function passOf(pair: Pair): Pass {
  const event = pair.clientEvents().find((event) => event.type === "Pass");
  if (!event) throw new Error("no pass");
  return event.pass;
}

test("calls are answered and items flow as credit allows", async () => {
  const pair = await Pair.open(1);
  const { client, server, time } = pair;
  // Not awaited one by one: they are done in this order.
  const [first, second, topic] = await Promise.all([
    client.call(call("first"), time),
    client.call(call("second"), time),
    client.subscribe("users", 1, time),
  ]);
  expect([first, second, topic]).toEqual([1, 2, 3]);
  await pair.exchange();
  expect(pair.serverEvents()).toEqual([
    { type: "Call", sequence: first, call: call("first") },
    { type: "Call", sequence: second, call: call("second") },
    { type: "Subscribe", sequence: topic, topic: "users" },
  ]);
  const failure = { inReplyTo: second, code: "NOT_FOUND", message: "", status: 404 };
  const item = { inReplyTo: topic, item: Uint8Array.of(1, 2, 3) };
  await server.fail(failure, time);
  await server.send(item, time);
  expect(await errorOf(() => server.send(item, time))).toBe("program: NoCredit");
  expect(await errorOf(() => server.send({ ...item, inReplyTo: 99 }, time))).toBe("program: UnknownRequest");
  await server.respond(response(first), time);
  expect(await errorOf(() => server.respond(response(first), time))).toBe("program: UnknownRequest");
  await client.credit(topic, 2, time);
  expect(await errorOf(() => client.credit(99, 2, time))).toBe("program: UnknownRequest");
  expect(await errorOf(() => client.cancel(99, time))).toBe("program: UnknownRequest");
  await pair.exchange();
  expect([server.creditOf(topic), server.creditOf(99)]).toEqual([2, 0]);
  expect(pair.clientEvents()).toEqual([
    { type: "Failure", failure },
    { type: "Item", item },
    { type: "Response", response: response(first) },
  ]);
  const third = await client.call(call("third"), time);
  await client.cancel(third, time);
  await client.cancel(topic, time);
  await client.close(time);
  await pair.exchange();
  expect(pair.serverEvents().slice(1)).toEqual([
    { type: "Call", sequence: third, call: call("third") },
    { type: "Cancel", target: third },
    { type: "Unsubscribe", target: topic },
    { type: "Ended", how: "ClosedByPeer", unanswered: [topic, third] },
  ]);
  expect(server.creditOf(topic)).toBe(0);
});

test("what is asked about an answered request is passed over", async () => {
  const pair = await Pair.open(17);
  const number = await pair.client.call(call("m"), pair.time);
  await pair.carryUp();
  await pair.server.respond(response(number), pair.time);
  await pair.client.cancel(number, pair.time);
  await pair.exchange();
  expect(pair.serverEvents().map(({ type }) => type)).toEqual(["Call"]);
  await pair.server.close(pair.time);
  await pair.exchange();
  expect(endingOf(pair.clientEvents())).toBe("ClosedByPeer");
});

test("a session resumes on another gateway and falls back when its ticket is too old", async () => {
  const pair = await Pair.of(2);
  await pair.exchange();
  const pass = passOf(pair);
  const resumed = await Pair.of(3, {}, pass);
  await resumed.exchange();
  expect(resumed.clientEvents()[0]).toMatchObject({ type: "Opened", resumed: true });
  const late = await Pair.of(4, {}, pass);
  late.time = { ...late.time, unix: late.time.unix + 5 * 60 * 1000 };
  await late.exchange();
  expect(late.clientEvents()[0]).toMatchObject({ type: "Opened", resumed: false });
});

test("a client finds the key that a server has after a rotation", async () => {
  const pair = await Pair.of(5);
  const other = await PrivateKey.of(pair.primitives, new Uint8Array(32).fill(0x77));
  const given = config(pair.primitives, pair.node);
  pair.client = await Client.connect({ ...given, pins: [other.public, ...given.pins] }, pair.time);
  await pair.exchange();
  expect(pair.clientEvents()[0]?.type).toBe("Opened");
  pair.client = await Client.connect({ ...given, pins: [other.public] }, pair.time);
  pair.server = Server.accept(pair.node, ADDRESS, pair.time);
  await pair.exchange();
  expect(endingOf(pair.clientEvents())).toBe("Refused");
});

test("a busy node asks for a cookie first", async () => {
  const pair = await Pair.of(6);
  for (let i = 0; i < 512; i++) pair.node.admission.enter(Uint8Array.of(10, 0, i & 1, i >> 1));
  await pair.carryUp();
  expect(pair.node.admission.unconfirmed).toBe(512);
  const cookie = pair.server.pollTransmit() as Uint8Array;
  expect([cookie.length, ...cookie.subarray(0, 4)]).toEqual([44, 1, 2, 0, 2]);
  await pair.client.handleFrame(cookie, pair.time);
  await pair.exchange();
  expect(pair.clientEvents()[0]?.type).toBe("Opened");
});

test("a client without an answer tries three times with new keys", async () => {
  const pair = await Pair.of(7);
  const keys: Uint8Array[] = [];
  for (let i = 0; i < 3; i++) {
    keys.push((pair.client.pollTransmit() as Uint8Array).slice(28, 60));
    // Too early: nothing happens.
    await pair.client.handleTimeout(pair.time);
    pair.time = { ...pair.time, monotonic: pair.client.pollTimeout() as number };
    await pair.client.handleTimeout(pair.time);
  }
  expect(keys[0]).not.toEqual(keys[1]);
  expect(keys[1]).not.toEqual(keys[2]);
  expect(endingOf(pair.clientEvents())).toBe("HandshakeTimedOut");
  await pair.client.handleTimeout(pair.time);
  await pair.client.close(pair.time);
  expect(pair.clientEvents()).toEqual([]);
});

test("answers that come late are passed over", async () => {
  const pair = await Pair.of(8);
  const first = pair.client.pollTransmit() as Uint8Array;
  pair.time = { ...pair.time, monotonic: pair.time.monotonic + 5000 };
  await pair.client.handleTimeout(pair.time);
  await pair.server.handleFrame(first, pair.time);
  await pair.exchange();
  expect(pair.clientEvents()[0]?.type).toBe("Opened");
  expect(pair.node.admission.unconfirmed).toBe(0);
});

test("heartbeats keep a session alive until it must be renewed", async () => {
  const pair = await Pair.open(9);
  await pair.wait(49 * 60 * 1000);
  const passes = pair.clientEvents();
  expect(passes.every(({ type }) => type === "Pass")).toBe(true);
  expect(passes.length).toBeGreaterThanOrEqual(15);
  expect(passes.length).toBeLessThanOrEqual(25);
  await pair.wait(2 * 60 * 1000);
  expect(pair.clientEvents().some(({ type }) => type === "Refresh")).toBe(true);
  await pair.wait(10 * 60 * 1000);
  const endings = [endingOf(pair.clientEvents()), endingOf(pair.serverEvents())];
  expect(endings.every((how) => how === "TooOld" || how === "ClosedByPeer"), `${endings}`).toBe(true);
});

test("a server, too, ends a session that is too old", async () => {
  const pair = await Pair.open(18);
  const beat = { ...pair.time, monotonic: pair.time.monotonic + 59 * 60 * 1000 };
  await pair.client.call(call("late"), pair.time);
  for (const frame of drain(() => pair.client.pollTransmit())) await pair.server.handleFrame(frame, beat);
  expect(pair.server.pollTimeout()).toBe(pair.time.monotonic + 60 * 60 * 1000);
  await pair.server.handleTimeout({ ...beat, monotonic: pair.server.pollTimeout() as number });
  expect(endingOf(pair.serverEvents())).toBe("TooOld");
  await pair.server.handleTimeout(beat);
  await pair.server.close(beat);
  expect(pair.serverEvents()).toEqual([]);
});

test("a client misses three heartbeats and a server hears nothing", async () => {
  const pair = await Pair.open(10);
  const number = await pair.client.call(call("open"), pair.time);
  const events = [];
  for (let due = pair.client.pollTimeout(); due !== undefined; due = pair.client.pollTimeout()) {
    pair.time = { ...pair.time, monotonic: due };
    await pair.client.handleTimeout(pair.time);
    events.push(...pair.clientEvents());
  }
  expect(events).toEqual([
    { type: "Missed", count: 1 },
    { type: "Missed", count: 2 },
    { type: "Ended", how: "Lost", unanswered: [number] },
  ]);
  pair.time = { ...pair.time, monotonic: pair.server.pollTimeout() as number };
  await pair.server.handleTimeout(pair.time);
  expect(endingOf(pair.serverEvents())).toBe("Lost");
});

test("a POST is answered by any gateway", async () => {
  const pair = await Pair.of(11);
  const { primitives, node: first } = pair;
  const second = await node(primitives);
  const offer = { ciphers: [CHACHA20_POLY1305] as const, schema: new Uint8Array(32).fill(9) };
  const { attempt, frame } = await Attempt.start(primitives, first.keys[0]?.public as Uint8Array, offer);
  expect(isHandshake(frame)).toBe(true);
  const { body: opened } = await handshake(first, frame, ADDRESS, pair.time);
  const finished = await finishHandshake(attempt, opened);
  if (finished.type !== "Pass") throw new Error(finished.type);

  let time = { ...pair.time, unix: pair.time.unix + 4 * 60 * 1000 };
  const calls = [call("a"), call("b")];
  const { pending, numbers, body } = await request(primitives, finished.pass, calls, new Uint8Array(16));
  expect(isHandshake(body)).toBe(false);
  const post = await Post.open(second, body, time);
  const [a, b] = numbers as [number, number];
  expect([...post.calls]).toEqual([[a, call("a")], [b, call("b")]]);
  expect(post.schema).toEqual(offer.schema);
  const failure = { inReplyTo: b, code: "FORBIDDEN", message: "", status: 403 };
  await Promise.all([post.fail(failure), post.respond(response(a))]);
  const answer = await pending.read(post.finish());
  if (answer.type !== "Replies" || !answer.pass) throw new Error(answer.type);
  expect(answer.replies).toEqual([{ type: "Failure", failure }, { type: "Response", response: response(a) }]);

  time = { ...time, unix: time.unix + 4 * 60 * 1000 };
  const renewed = await request(primitives, answer.pass, calls, new Uint8Array(16));
  expect((await Post.open(first, renewed.body, time)).calls.size).toBe(2);
  const late = await request(primitives, finished.pass, calls, new Uint8Array(16));
  expect(await errorOf(() => Post.open(first, late.body, time))).toBe("peer: TicketExpired");
  expect(await late.pending.read(Post.refused(late.body))).toEqual({ type: "Expired" });
});

test("a handshake by POST is refused, asked for a cookie, or cut off", async () => {
  const { primitives, node, time } = await Pair.of(19);
  const pin = node.keys[0]?.public as Uint8Array;
  const offer = { ciphers: [CHACHA20_POLY1305] as const, schema: new Uint8Array(32) };
  const other = await PrivateKey.of(primitives, new Uint8Array(32).fill(0x77));
  const wrong = await Attempt.start(primitives, other.public, offer);
  const refused = await handshake(node, wrong.frame, ADDRESS, time);
  expect(refused.error?.what).toBe("UnknownKey");
  expect(await finishHandshake(wrong.attempt, refused.body)).toEqual({ type: "Refused" });
  const more = Uint8Array.from([...refused.body, 0]);
  expect(await errorOf(() => finishHandshake(wrong.attempt, more))).toBe("peer: WrongLength");

  for (let i = 0; i < 512; i++) node.admission.enter(Uint8Array.of(10, 0, i & 1, i >> 1));
  const { attempt, frame } = await Attempt.start(primitives, pin, offer);
  const again = await finishHandshake(attempt, (await handshake(node, frame, ADDRESS, time)).body);
  if (again.type !== "Again") throw new Error(again.type);
  const { body, error } = await handshake(node, again.frame, ADDRESS, time);
  expect(error).toBeUndefined();
  const cut = body.subarray(0, body.length - 1);
  expect(await errorOf(() => finishHandshake(again.attempt, cut))).toBe("peer: WrongLength");
});

test("long messages travel in frames and keys change underway", async () => {
  const pair = await Pair.of(13, { maxFrame: 4096, rekeyRecords: 3 });
  await pair.exchange();
  pair.serverEvents();
  const long = { ...call("long"), args: new Uint8Array(100_000).fill(0xa5) };
  await Promise.all(Array.from({ length: 5 }, () => pair.client.call(long, pair.time)));
  await pair.exchange();
  const events = pair.serverEvents();
  expect(events.length).toBe(5);
  const whole = (event: (typeof events)[number]): boolean =>
    event.type === "Call" && Buffer.compare(event.call.args, long.args) === 0;
  expect(events.every(whole)).toBe(true);
  const longer = { ...long, args: new Uint8Array(64 * 4096) };
  expect(await errorOf(() => pair.client.call(longer, pair.time))).toBe("program: MessageTooLong");
  await pair.client.call(call("short"), pair.time);
  await pair.exchange();
  expect(pair.serverEvents().length).toBe(1);
});

test("a chain of tickets ends after a day", async () => {
  const pair = await Pair.of(14);
  await pair.exchange();
  const pass = passOf(pair);
  const { primitives, node: own } = pair;
  const ticket = await openTicket(primitives, own.secret, pass.ticket, pair.time);
  const { begun } = ticket;
  expect([begun, ticket.expires]).toEqual([pair.time.unix, pair.time.unix + own.sessionIdleMs]);
  const time = { ...pair.time, unix: pair.time.unix + DAY - 60_000 };
  const last = renewed(ticket, time, own.sessionIdleMs);
  expect([last.begun, last.expires]).toEqual([begun, begun + DAY]);
  const sealed = await sealTicket(primitives, own.secret, last, time);
  pair.time = time;
  await pair.connect({ ...pass, ticket: sealed });
  await pair.exchange();
  const next = await openTicket(primitives, own.secret, passOf(pair).ticket, time);
  expect([next.begun, next.expires]).toEqual([begun, begun + DAY]);
});

test("heartbeats of many clients spread", async () => {
  const waits = new Set<number>();
  for (let seed = 100; seed < 140; seed++) {
    const pair = await Pair.open(seed);
    waits.add((pair.client.pollTimeout() as number) - pair.time.monotonic);
  }
  expect(waits.size).toBeGreaterThan(30);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(54_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(66_000);
  expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(6000);
});

test("what a peer would not take is not sent", async () => {
  const pair = await Pair.open(16);
  const { client, server, time } = pair;
  const full = Array.from({ length: 64 }, () => ["name", "value"] as const);
  const more = [...full, ["one", "more"] as const];
  expect(await errorOf(() => client.call({ ...call("m"), metadata: more }, time))).toBe("program: TooManyPairs");
  const number = await client.call({ ...call("m"), metadata: full }, time);
  await pair.exchange();
  const answer = { ...response(number), headers: full };
  expect(await errorOf(() => server.respond({ ...answer, headers: more }, time))).toBe("program: TooManyPairs");
  await server.respond(answer, time);
  await pair.exchange();
  expect(pair.clientEvents()).toEqual([{ type: "Response", response: answer }]);
  for (let i = 0; i < 128; i++) await client.call(call("m"), time);
  expect(await errorOf(() => client.call(call("m"), time))).toBe("program: TooManyCalls");
  for (let i = 0; i < 64; i++) await client.subscribe("users", 0, time);
  expect(await errorOf(() => client.subscribe("users", 0, time))).toBe("program: TooManySubscriptions");
  await pair.exchange();
  expect(endingOf(pair.serverEvents())).toBeUndefined();
});

test("what is not configured is said", async () => {
  const { primitives, node, time } = await Pair.of(20);
  const given = config(primitives, node);
  const connect = (changed: object): Promise<string> => errorOf(() => Client.connect({ ...given, ...changed }, time));
  expect(await connect({ pins: [] })).toBe("program: NotConfigured");
  expect(await connect({ pins: [new Uint8Array(31)] })).toBe("program: NotConfigured");
  expect(await connect({ offer: { ...given.offer, ciphers: [] } })).toBe("program: NotConfigured");
  expect(await connect({ offer: { ...given.offer, schema: new Uint8Array(3) } })).toBe("program: NotConfigured");
  expect(await errorOf(() => PrivateKey.of(primitives, new Uint8Array(31)))).toBe("program: NotConfigured");
  const resume = { ticket: new Uint8Array(70_000) } as Pass;
  expect(await connect({ pass: resume })).toBe("program: WrongTicket");
  expect(await errorOf(() => request(primitives, resume, [call("m")], new Uint8Array(16)))).toBe("program: WrongTicket");
});

test("a platform without random bytes ends what needs them", async () => {
  const pair = await Pair.open(21);
  const dry = { ...pair.primitives, random: () => { throw new Error("no entropy"); } };
  expect(await errorOf(() => Client.connect(config(dry, pair.node), pair.time))).toBe("platform: NoRandomness");
  const waiting = await Client.connect(config({ ...pair.primitives, random: once(pair) }, pair.node), pair.time);
  await waiting.handleTimeout({ ...pair.time, monotonic: waiting.pollTimeout() as number });
  const events = drain(() => waiting.pollEvent());
  expect(endingOf(events)).toBe("Failed: NoRandomness");
});

/** Random bytes for the first who asks. */
function once({ primitives }: Pair): (bytes: Uint8Array) => void {
  let left = 1;
  return (bytes) => {
    if (left-- <= 0) throw new Error("no entropy");
    primitives.random(bytes);
  };
}

test("a platform whose cryptography fails ends a session as its own fault", async () => {
  const pair = await Pair.open(22);
  const broken = { ...pair.primitives, hmac: () => { throw new TypeError("broken"); } };
  const client = await Client.connect(config(pair.primitives, pair.node), pair.time);
  expect(client.pollTimeout()).toBeDefined();
  await expect(Client.connect(config(broken, pair.node), pair.time)).rejects.toThrow("broken");
  const server = Server.accept(pair.node, ADDRESS, pair.time);
  Object.assign(pair.node.primitives, broken);
  await server.handleFrame(client.pollTransmit() as Uint8Array, pair.time);
  const [event] = drain(() => server.pollEvent());
  expect(event).toMatchObject({ type: "Refused", error: { blame: "platform", what: "Cryptography" } });
  expect(event?.type === "Refused" && event.error instanceof ProtocolError).toBe(true);
});
