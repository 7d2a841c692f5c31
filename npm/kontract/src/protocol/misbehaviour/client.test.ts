import { describe, expect, test } from "vitest";
import { forgedServer } from "../../testing/forger.js";
import { blamesOf, listed } from "../../testing/misbehaviour/listed.js";
import { BY_SERVERS, OF_ANY_RECORD } from "../../testing/misbehaviour/records.js";
import { call, drain, endingOf, errorOf } from "../../testing/wire.js";
import { CLOSE, RPC_RESPONSE } from "../frame/index.js";

/** The client's first record is a heartbeat, the second a call, the third a subscription with one credit. */
const CALL = 1;
const SUBSCRIPTION = 2;

describe("a client ends a session at the first failure", () => {
  test("of all that are listed", () => {
    expect(blamesOf(BY_SERVERS)).toEqual(listed("records of servers"));
  });

  test.each([...OF_ANY_RECORD, ...BY_SERVERS])("%s", async (_, make, blame) => {
    const [pair, forger] = await forgedServer(41);
    expect(await pair.client.call(call("open"), pair.time)).toBe(CALL);
    expect(await pair.client.subscribe("users", 1, pair.time)).toBe(SUBSCRIPTION);
    drain(() => pair.client.pollTransmit());
    const frames = await make(forger, RPC_RESPONSE);
    for (const frame of frames.slice(0, -1)) await pair.client.handleFrame(frame, pair.time);
    expect(endingOf(pair.clientEvents()), "too early").toBeUndefined();
    await pair.client.handleFrame(frames.at(-1) as Uint8Array, pair.time);
    const events = pair.clientEvents();
    expect(endingOf(events)).toBe(`Failed: ${blame}`);
    expect(events.length, "something was delivered").toBe(1);
    expect(pair.client.pollTransmit(), "something was said").toBeUndefined();
    expect(pair.client.pollTimeout()).toBeUndefined();
    await pair.client.handleFrame(await forger.respond(CALL), pair.time);
    await pair.client.handleEnd();
    expect(pair.clientEvents(), "it went on").toEqual([]);
    expect(await errorOf(() => pair.client.call(call("late"), pair.time))).toBe("program: NotOpen");
  });
});

test("an answer that comes twice ends the session", async () => {
  const [pair, forger] = await forgedServer(42);
  await pair.client.call(call("open"), pair.time);
  const answer = await forger.respond(CALL);
  await pair.client.handleFrame(answer, pair.time);
  expect(pair.clientEvents()).toMatchObject([{ type: "Response" }]);
  await pair.client.handleFrame(answer, pair.time);
  expect(endingOf(pair.clientEvents())).toBe("Failed: WrongSequence");
});

test("calls of a connection that was cut off are unknown", async () => {
  const [pair, forger] = await forgedServer(43);
  await pair.client.call(call("open"), pair.time);
  await pair.client.handleEnd();
  expect(pair.clientEvents()).toEqual([{ type: "Ended", how: "Truncated", unanswered: [CALL] }]);
  const [closed, other] = await forgedServer(44);
  await closed.client.handleFrame(await other.plain(CLOSE), closed.time);
  expect(endingOf(closed.clientEvents())).toBe("ClosedByPeer");
  await pair.client.handleFrame(await forger.respond(CALL), pair.time);
  expect(pair.clientEvents()).toEqual([]);
});
