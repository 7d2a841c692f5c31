import { afterEach, beforeEach, expect, test } from "vitest";
import { Place } from "../../testing/paired-socket.js";
import { key, streamOf, stubOf, wireOf } from "../../testing/raystream.js";
import { __kontract_stream, configure, disconnect, NotFoundError } from "../index.js";

let place: Place;
let stream: ReturnType<typeof streamOf>;
beforeEach(async () => {
  place = await Place.make();
  stream = streamOf(await wireOf(key(1)));
  configure({ baseUrl: "http://place", transport: undefined, webSocket: place.WebSocket, token: null });
});
afterEach(async () => {
  await disconnect();
  configure({ baseUrl: undefined, transport: undefined, webSocket: undefined });
});

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

async function take(items: AsyncIterable<unknown>): Promise<unknown[]> {
  const taken: unknown[] = [];
  for await (const item of items) taken.push(item);
  return taken;
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 50; turns += 1) await new Promise((resolve) => setImmediate(resolve));
}

test("items come in order, and then the end", async () => {
  expect(await take(stream("count", [100]))).toEqual(numbers(100));
  expect(await take(stream("count", [0]))).toEqual([]);
});

test("nothing is asked for before the first item is, and no more than can be kept", async () => {
  const items = stream("count", [100]);
  await settle();
  expect(place.sockets).toEqual([]);
  expect((await items.next()).value).toBe(0);
  await settle();
  expect(place.most).toBe(32);
  for (let taken = 1; taken < 16; taken += 1) await items.next();
  await settle();
  expect(place.most).toBe(48);
  expect(await items.return(undefined)).toEqual({ value: undefined, done: true });
  await settle();
  expect(place.cancelled).toHaveLength(1);
});

test("an error comes behind the items before it", async () => {
  const taken: unknown[] = [];
  const reading = (async () => {
    for await (const item of stream("count", [3, true])) taken.push(item);
  })();
  await expect(reading).rejects.toBeInstanceOf(NotFoundError);
  expect(taken).toEqual([0, 1, 2]);
});

test("who gives up gets his own reason, and the server is told", async () => {
  const controller = new AbortController();
  const items = stream("count", [1], { signal: controller.signal });
  place.holding = true;
  const first = expect(items.next()).rejects.toThrow("no longer");
  await settle();
  controller.abort(new Error("no longer"));
  await first;
  await settle();
  expect(place.cancelled).toHaveLength(1);
});

test("too long a time between two items is TIMEOUT", async () => {
  place.holding = true;
  await expect(stream("count", [1], { timeout: 30 }).next()).rejects.toMatchObject({ status: 504, code: "TIMEOUT" });
});

test("a stream that is cut off fails after its first item, and begins anew before it where it reads", async () => {
  const items = stream("count", [100]);
  await items.next();
  place.sockets[0]?.close();
  await expect(take(items)).rejects.toMatchObject({ status: 503, message: /not known/ });

  place.holding = true;
  const writing = stream("count", [2]).next();
  writing.catch(() => {});
  await settle();
  place.sockets.at(-1)?.close();
  await expect(writing).rejects.toMatchObject({ status: 503 });

  const reading = take(streamOf(await wireOf(key(1)), true)("count", [2]));
  await settle();
  place.holding = false;
  place.sockets.at(-1)?.close();
  expect(await reading).toEqual([0, 1]);
});

test("calls go on beside a stream", async () => {
  const wire = await wireOf(key(1));
  const items = streamOf(wire)("count", [3]);
  expect((await items.next()).value).toBe(0);
  configure({ transport: "stream" });
  expect(await stubOf(wire)("greet")).toBe("greet");
  expect(await take(items)).toEqual([1, 2]);
  expect(place.sockets).toHaveLength(1);
});

test("a way that cannot stream says what can", async () => {
  configure({ transport: "post" });
  await expect(stream("count", [1]).next()).rejects.toMatchObject({ status: 400, message: /count streams its result, which needs raystream/ });
  configure({ transport: undefined });
  await expect(__kontract_stream("count", [], {}).next()).rejects.toThrow("kontract keys generate");
});
