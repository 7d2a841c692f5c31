import { describe, expect, test } from "vitest";
import { forgedClient } from "../../testing/forger.js";
import { blamesOf, listed } from "../../testing/misbehaviour/listed.js";
import { BY_CLIENTS, OF_ANY_RECORD } from "../../testing/misbehaviour/records.js";
import { call, drain, endingOf, errorOf, Pair, response } from "../../testing/wire.js";
import { HEARTBEAT, RPC_CALL, RPC_RESPONSE } from "../frame/index.js";
import { refusal } from "../handshake/response.js";
import { UNCONFIRMED_MS } from "../limits.js";
import { encodeHeartbeat } from "../message/index.js";

const CASES = [...OF_ANY_RECORD, ...BY_CLIENTS];

describe("a server ends an open session at the first failure", () => {
  test("of all that are listed", () => {
    expect(blamesOf(OF_ANY_RECORD)).toEqual(listed("records"));
    expect(blamesOf(BY_CLIENTS)).toEqual(listed("records of clients"));
  });

  test.each(CASES)("%s", async (_, make, blame) => {
    const [pair, forger] = await forgedClient(31);
    await pair.server.handleFrame(await forger.plain(HEARTBEAT, encodeHeartbeat(1n)), pair.time);
    drain(() => pair.server.pollTransmit());
    pair.serverEvents();
    const frames = await make(forger, RPC_CALL);
    for (const frame of frames.slice(0, -1)) await pair.server.handleFrame(frame, pair.time);
    expect(endingOf(pair.serverEvents()), "too early").toBeUndefined();
    await pair.server.handleFrame(frames.at(-1) as Uint8Array, pair.time);
    const events = pair.serverEvents();
    expect(endingOf(events)).toBe(`Failed: ${blame}`);
    expect(events.length, "something was delivered").toBe(1);
    expect(pair.server.pollTransmit(), "something was said").toBeUndefined();
    expect(pair.server.pollTimeout()).toBeUndefined();
    await pair.server.handleFrame(await forger.call(), pair.time);
    await pair.server.handleEnd();
    expect(pair.serverEvents(), "it went on").toEqual([]);
    expect(await errorOf(() => pair.server.respond(response(0), pair.time))).toBe("program: NotOpen");
  });
});

describe("a half-open session ends with the one refusal", () => {
  // An INIT begins anew, and what opens the session ends an open one.
  const opening = ["MalformedMessage", "UnknownTarget"];
  test.each(CASES.filter(([name, , blame]) => !name.includes("INIT") && !opening.includes(blame)))(
    "%s",
    async (_, make, blame) => {
      const [pair, forger] = await forgedClient(32);
      pair.serverEvents();
      const frames = await make(forger, RPC_CALL);
      for (const frame of frames) await pair.server.handleFrame(frame, pair.time);
      expect(endingOf(pair.serverEvents())).toBe(`Failed: ${blame}`);
      const said = drain(() => pair.server.pollTransmit());
      // The first of several has opened the session, which then ends without a word.
      if (frames.length === 1) expect(said).toEqual([refusal(frames[0] as Uint8Array)]);
      else expect(said.every((frame) => frame[1] === RPC_RESPONSE)).toBe(true);
      expect(pair.node.admission.unconfirmed).toBe(0);
    },
  );
});

test("a session that is never confirmed is forgotten", async () => {
  const [pair] = await forgedClient(33);
  expect(pair.node.admission.unconfirmed).toBe(1);
  const time = { ...pair.time, monotonic: pair.time.monotonic + UNCONFIRMED_MS };
  expect(pair.server.pollTimeout()).toBe(time.monotonic);
  await pair.server.handleTimeout(time);
  expect(endingOf(pair.serverEvents())).toBe("HandshakeTimedOut");
  expect(pair.node.admission.unconfirmed).toBe(0);
});

test("a session that made way is not opened by its first record", async () => {
  const [pair, forger] = await forgedClient(34);
  for (let i = 0; i < 32; i++) pair.node.admission.enter(Uint8Array.of(192, 0, 2, 1));
  await pair.server.handleFrame(await forger.call(), pair.time);
  const events = pair.serverEvents();
  expect(endingOf(events)).toBe("Evicted");
  expect(events.some((event) => event.type === "Call")).toBe(false);
  const [other] = await forgedClient(36);
  await other.server.evict();
  expect(endingOf(other.serverEvents())).toBe("Evicted");
});

test("a connection that ends without CLOSE was cut off", async () => {
  const pair = await Pair.open(35);
  const number = await pair.client.call(call("open"), pair.time);
  await pair.exchange();
  pair.serverEvents();
  await pair.server.handleEnd();
  expect(pair.serverEvents()).toEqual([{ type: "Ended", how: "Truncated", unanswered: [number] }]);
});
