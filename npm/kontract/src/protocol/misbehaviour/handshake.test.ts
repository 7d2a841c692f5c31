import { describe, expect, test } from "vitest";
import { INITS, type Knocker, passOf } from "../../testing/misbehaviour/inits.js";
import { blamesOf, listed } from "../../testing/misbehaviour/listed.js";
import { ADDRESS, config, drain, endingOf, node, Pair } from "../../testing/wire.js";
import { addressOf } from "../address.js";
import { AES_256_GCM } from "../crypto/primitives.js";
import type { Misbehaviour } from "../error.js";
import { Attempt } from "../handshake/client.js";
import { refusal } from "../handshake/response.js";
import { Client, Server } from "../server.js";

type LateCase = readonly [name: string, init: (knocker: Knocker, pair: Pair) => Promise<Uint8Array>, blame: Misbehaviour];

/** What a server is only told after a while. */
const LATE: readonly LateCase[] = [
  ["a ticket of the day before", (knocker, pair) => goodLater(knocker, pair, 24 * 60 * 60 * 1000), "TicketExpired"],
  ["a ticket that was idle for too long", (knocker, pair) => goodLater(knocker, pair, 5 * 60 * 1000), "TicketExpired"],
];

async function goodLater({ primitives, pin, pass }: Knocker, pair: Pair, milliseconds: number): Promise<Uint8Array> {
  pair.time = { ...pair.time, unix: pair.time.unix + milliseconds };
  const offer = { ciphers: [AES_256_GCM], schema: new Uint8Array(32) } as const;
  return (await Attempt.start(primitives, pin, offer, await pass())).frame;
}

function knockerOf({ primitives, node }: Pair): Knocker {
  let seed = 999;
  return { primitives, pin: node.keys[0]?.public as Uint8Array, pass: () => passOf(seed--) };
}

describe("a server answers every bad INIT with the one refusal", () => {
  test("of all that are listed", () => {
    expect(blamesOf([...INITS, ...LATE])).toEqual(listed("INITs"));
  });

  test.each([...INITS, ...LATE])("%s", async (_, make, blame) => {
    const pair = await Pair.of(51);
    const init = await make(knockerOf(pair), pair);
    await pair.server.handleFrame(init, pair.time);
    const frames = drain(() => pair.server.pollTransmit());
    expect(frames).toEqual([refusal(init)]);
    expect(frames[0]?.length).toBe(44);
    expect(frames[0]?.subarray(16).every((byte) => byte === 0)).toBe(true);
    expect(pair.serverEvents()).toMatchObject([{ type: "Refused", error: { blame: "peer", what: blame } }]);
    expect(pair.node.admission.unconfirmed).toBe(0);
    // Nothing has changed: a good INIT is taken.
    const client = await Client.connect(config(pair.primitives, pair.node), pair.time);
    drain(() => pair.client.pollTransmit());
    pair.client = client;
    await pair.exchange();
    expect(pair.clientEvents().map(({ type }) => type)).toEqual(["Opened", "Pass"]);
  });
});

test("an INIT that is replayed opens nothing", async () => {
  const pair = await Pair.of(53);
  const init = pair.client.pollTransmit() as Uint8Array;
  await pair.server.handleFrame(init, pair.time);
  await pair.carryDown();
  const first = pair.client.pollTransmit() as Uint8Array;
  const replayed = Server.accept(pair.node, ADDRESS, pair.time);
  await replayed.handleFrame(init, pair.time);
  await replayed.handleFrame(first, pair.time);
  expect(endingOf(drain(() => replayed.pollEvent()))).toBe("Failed: Unauthentic");
});

test("an address and a connection have only so many handshakes", async () => {
  const pair = await Pair.of(55);
  let refused = 0;
  for (let i = 0; i < 41; i++) {
    const server = Server.accept(pair.node, ADDRESS, pair.time);
    await server.handleFrame(Uint8Array.of(1, 1), pair.time);
    const [event] = drain(() => server.pollEvent());
    if (event?.type === "Refused" && event.error.what === "TooManyHandshakes") refused++;
  }
  expect(refused).toBe(1);
  const other = await Pair.of(56);
  for (let i = 0; i < 16; i++) await other.server.handleFrame(Uint8Array.of(1, 1), other.time);
  expect(endingOf(other.serverEvents())).toBe("Failed: TooManyHandshakes");
});

test("half-open sessions make way for later ones", async () => {
  const { admission } = await node((await Pair.of(1)).primitives);
  for (let count = 0; count < 40; count++) {
    expect(admission.enter(ADDRESS).evicted !== undefined).toBe(count >= 32);
  }
  for (let index = 0; index < 12_000; index++) {
    const { evicted } = admission.enter(Uint8Array.of(10, 0, index >> 8, index & 255));
    expect(evicted !== undefined).toBe(index >= 10_000 - 32);
  }
  expect(admission.unconfirmed).toBe(10_000);
});

test("a cookie of another address or key is none", async () => {
  const pair = await Pair.of(57);
  for (let i = 0; i < 600; i++) pair.node.admission.enter(Uint8Array.of(0, 0, i >> 8, i & 255));
  await pair.carryUp();
  const cookie = pair.server.pollTransmit() as Uint8Array;
  await pair.client.handleFrame(cookie, pair.time);
  const again = pair.client.pollTransmit() as Uint8Array;
  const elsewhere = Server.accept(pair.node, addressOf("192.0.2.2") as Uint8Array, pair.time);
  await elsewhere.handleFrame(again, pair.time);
  const other = elsewhere.pollTransmit() as Uint8Array;
  expect([other.length, other[3]]).toEqual([44, 2]);
  expect(other).not.toEqual(cookie);
  // A server that asks for a second cookie.
  await pair.client.handleFrame(other, pair.time);
  expect(endingOf(pair.clientEvents())).toBe("Failed: CookieRepeated");
});
