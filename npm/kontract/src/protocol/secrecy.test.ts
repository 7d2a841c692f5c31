import { inspect } from "node:util";
import { expect, test } from "vitest";
import { ADDRESS, call, errorOf, hex, node, Pair } from "../testing/wire.js";
import { equal, isZero } from "./bytes.js";
import { PrivateKey } from "./crypto/exchange.js";
import { Secret } from "./crypto/secret.js";
import { Attempt, type Pass, Post, request } from "./server.js";
import { answer } from "./handshake/server.js";
import { rekeyed } from "./schedule.js";

/** Everything that may end in a log of a value. */
function printed(value: unknown): string {
  const json = (): string => JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one)) ?? "";
  const shown = [inspect(value, { depth: 12, showHidden: true, maxArrayLength: null }), json(), String(value)];
  return shown.join("\n").toLowerCase();
}

/** Whether some bytes are in a text, as numbers of any base or as text. */
function hides(value: unknown, secrets: readonly Uint8Array[]): void {
  const text = printed(value);
  const plain = text.replaceAll(/\s+/g, "");
  for (const secret of secrets) {
    const part = secret.subarray(0, 6);
    const decimal = Array.from(part).join(",");
    const indexed = Array.from(part, (byte, i) => `"${i}":${byte}`).join(",");
    const spaced = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    for (const form of [hex(part), decimal, indexed, Buffer.from(secret).toString("base64").toLowerCase().slice(0, 8)]) {
      expect(plain.includes(form), form).toBe(false);
    }
    expect(text.includes(spaced)).toBe(false);
  }
}

function passOf(pair: Pair): Pass {
  const event = pair.clientEvents().find((event) => event.type === "Pass");
  if (!event) throw new Error("no pass");
  return event.pass;
}

test("no key is printed", async () => {
  const bytes = new Uint8Array(32).fill(0xd3);
  const { primitives } = await Pair.of(1);
  // What looks for them finds them where they are not hidden.
  expect(() => hides({ bytes }, [bytes])).toThrow();
  hides(new Secret(bytes), [bytes]);
  hides(await PrivateKey.of(primitives, bytes), [bytes]);
});

test("no machine prints what it holds", async () => {
  const pair = await Pair.of(91);
  const { primitives, node: own, time } = pair;
  const offer = { ciphers: own.ciphers, schema: new Uint8Array(32) };
  const { attempt, frame } = await Attempt.start(primitives, own.keys[0]?.public as Uint8Array, offer);
  const { established } = await answer(own, frame, ADDRESS, time);
  if (!established) throw new Error("refused");
  const { keys } = established;
  const secrets = [keys.toServer.key, keys.toClient.key, keys.toClient.iv, keys.resume, keys.post, keys.exporter];
  hides(established, secrets.map((secret) => secret.expose()));
  hides(attempt, [new Uint8Array(32).fill(0x11)]);
  hides(own, [new Uint8Array(32).fill(0x11), own.secret.expose()]);

  await pair.exchange();
  const pass = passOf(pair);
  hides(pass, [pass.post.expose(), pass.resume.expose()]);
  await pair.client.call(call("m"), time);
  await pair.carryUp();
  const { pending, body } = await request(primitives, pass, [call("m")], new Uint8Array(16));
  hides([pair.client, pair.server, pending], [pass.post.expose(), pass.resume.expose()]);
  expect(printed([pair.client, pair.server, pending])).not.toContain("hush");
  const error = await Post.open(own, body.slice(0, -1), time).catch((error: unknown) => error);
  hides(error, [pass.post.expose(), pass.ticket.subarray(28), body.subarray(-20)]);
});

test("what is wiped is gone", async () => {
  const pair = await Pair.of(92);
  const { frame } = await Attempt.start(
    pair.primitives,
    pair.node.keys[0]?.public as Uint8Array,
    { ciphers: [2], schema: new Uint8Array(32) },
  );
  const { established } = await answer(pair.node, frame, ADDRESS, pair.time);
  const key = established?.keys.toServer.key as Secret<string>;
  expect(isZero(key.expose())).toBe(false);
  key.wipe();
  expect(isZero(key.expose())).toBe(true);
  const own = await PrivateKey.of(pair.primitives, new Uint8Array(32).fill(5));
  own.wipe();
  expect(await errorOf(() => own.agree(own.public))).toBe("program: NotConfigured");
  // Random bytes that a key is made of are wiped at once.
  const given: Uint8Array[] = [];
  const random = (bytes: Uint8Array): void => void given.push(bytes.fill(6));
  await PrivateKey.generate({ ...pair.primitives, random });
  expect(given.map(isZero)).toEqual([true]);
});

test("no key and nonce come twice", async () => {
  const seen = new Set<string>();
  const add = (one: string): void => {
    expect(seen.has(one)).toBe(false);
    seen.add(one);
  };
  let pass: Pass | undefined;
  for (let round = 0; round < 8; round++) {
    const pair = await Pair.of(93 + round, {}, pass);
    const { primitives } = pair;
    const init = pair.client.pollTransmit() as Uint8Array;
    const { established } = await answer(await node(primitives), init, ADDRESS, pair.time);
    if (!established) throw new Error("refused");
    let { toServer, toClient } = established.keys;
    for (let epoch = 0; epoch < 4; epoch++) {
      for (const { key, iv } of [toServer, toClient]) add(hex(key.expose()) + hex(iv.expose()));
      [toServer, toClient] = [await rekeyed(primitives, toServer), await rekeyed(primitives, toClient)];
    }
    const next = await Pair.of(200 + round, {}, pass);
    await next.exchange();
    const got = (pass = passOf(next));
    const id = new Uint8Array(16).fill(4);
    const [one, two] = [
      await request(next.primitives, got, [call("m")], id),
      await request(next.primitives, got, [call("m")], id),
    ];
    const random = got.ticket.length + 18;
    expect(one.body.subarray(0, random)).toEqual(two.body.subarray(0, random));
    expect(one.body.subarray(random, random + 16)).not.toEqual(two.body.subarray(random, random + 16));
    expect(one.body.subarray(random + 44)).not.toEqual(two.body.subarray(random + 44));
  }
});

test("bytes are the same or not, whatever their length", () => {
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
  expect(equal(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 3))).toBe(false);
  expect(equal(new Uint8Array(0), new Uint8Array(0))).toBe(true);
});
