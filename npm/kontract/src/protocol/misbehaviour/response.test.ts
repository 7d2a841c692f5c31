import { describe, expect, test } from "vitest";
import { blamesOf, listed } from "../../testing/misbehaviour/listed.js";
import { type Answerer, answerWith, RESPONSES } from "../../testing/misbehaviour/responses.js";
import { config, endingOf, Pair } from "../../testing/wire.js";
import type { PrivateKey } from "../crypto/exchange.js";
import { CHACHA20_POLY1305 } from "../crypto/primitives.js";
import { Client } from "../server.js";

function answererOf({ primitives, node, client }: Pair): Answerer {
  return { primitives, init: client.pollTransmit() as Uint8Array, key: node.keys[0] as PrivateKey };
}

describe("a client ends at every bad RESPONSE", () => {
  test("of all that are listed", () => {
    expect(blamesOf(RESPONSES)).toEqual(listed("RESPONSEs"));
  });

  test.each(RESPONSES)("%s", async (_, make, blame) => {
    const pair = await Pair.of(59);
    const response = await make(answererOf(pair));
    await pair.client.handleFrame(response, pair.time);
    const events = pair.clientEvents();
    expect(endingOf(events)).toBe(`Failed: ${blame}`);
    expect(events.length).toBe(1);
    expect(pair.client.pollTransmit(), "something was said").toBeUndefined();
    expect(pair.client.pollTimeout()).toBeUndefined();
  });
});

test("a cipher that was not offered is a downgrade", async () => {
  const pair = await Pair.of(62);
  const given = config(pair.primitives, pair.node);
  const offer = { ...given.offer, ciphers: [CHACHA20_POLY1305] as const };
  pair.client = await Client.connect({ ...given, offer }, pair.time);
  await pair.client.handleFrame(await answerWith(answererOf(pair), () => {}), pair.time);
  expect(endingOf(pair.clientEvents())).toBe("Failed: CipherNotOffered");
});
