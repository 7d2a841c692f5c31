import { describe, expect, test } from "vitest";
import { changed } from "../../testing/forger.js";
import { blamesOf, listed } from "../../testing/misbehaviour/listed.js";
import { ANSWERS, frames, REQUESTS } from "../../testing/misbehaviour/posts.js";
import { call, errorOf, Pair, response } from "../../testing/wire.js";
import { concat } from "../bytes.js";
import { Line } from "../post/index.js";
import { RPC_CALL, RPC_RESPONSE } from "../frame/index.js";
import { encodeResponse } from "../message/index.js";
import { type Node, type Pass, Post, type Primitives, type Requested, request, type Time } from "../server.js";

/** A node and the pass of a client. */
class Bench {
  readonly primitives: Primitives;
  readonly node: Node;
  readonly time: Time;
  pass: Pass;

  private constructor({ primitives, node, time }: Pair, pass: Pass) {
    this.primitives = primitives;
    this.node = node;
    this.time = time;
    this.pass = pass;
  }

  static async of(options = {}): Promise<Bench> {
    const pair = await Pair.of(71, options);
    await pair.exchange();
    const event = pair.clientEvents().find((event) => event.type === "Pass");
    if (!event) throw new Error("no pass");
    return new Bench(pair, event.pass);
  }

  request(calls = [call("a"), call("b")]): Promise<Requested> {
    return request(this.primitives, this.pass, calls, new Uint8Array(16).fill(5));
  }

  open(body: Uint8Array): Promise<Post> {
    return Post.open(this.node, body, this.time);
  }

  async answer(body: Uint8Array): Promise<Uint8Array> {
    const post = await this.open(body);
    for (const number of post.calls.keys()) await post.respond(response(number));
    return post.finish();
  }
}

describe("a server opens no request that was changed", () => {
  test("of all that are listed", () => {
    expect(blamesOf(REQUESTS)).toEqual(listed("requests"));
  });

  test.each(REQUESTS)("%s", async (_, change, blame) => {
    const bench = await Bench.of();
    const { body } = await bench.request();
    expect((await bench.open(body)).calls.size).toBe(2);
    const wrong = changed(body, change);
    expect(await errorOf(() => bench.open(wrong))).toBe(`peer: ${blame}`);
    const refused = Post.refused(wrong);
    expect(refused.length === 44 && refused.subarray(16).every((byte) => byte === 0)).toBe(true);
  });
});

describe("a client reads no response that was changed", () => {
  test("of all that are listed", () => {
    expect(blamesOf(ANSWERS)).toEqual(listed("answers"));
  });

  test.each(ANSWERS)("%s", async (_, change, blame) => {
    const bench = await Bench.of();
    const { pending, body } = await bench.request();
    const answer = changed(await bench.answer(body), change);
    expect(await errorOf(() => pending.read(answer))).toBe(`peer: ${blame}`);
  });
});

test("responses belong to their request and answer each call once", async () => {
  const bench = await Bench.of();
  const [first, second] = [await bench.request(), await bench.request()];
  expect(first.body).not.toEqual(second.body);
  const [toFirst, toSecond] = [await bench.answer(first.body), await bench.answer(second.body)];
  expect(await errorOf(() => first.pending.read(toSecond))).toBe("peer: Unauthentic");
  expect(await errorOf(() => second.pending.read(toFirst))).toBe("peer: Unauthentic");
  const post = await bench.open(second.body);
  const [number] = second.numbers as [number];
  await post.respond(response(number));
  const twice = { inReplyTo: number, code: "X", message: "", status: 500 };
  expect(await errorOf(() => post.fail(twice))).toBe("program: UnknownRequest");
  expect(await errorOf(() => post.respond(response(99)))).toBe("program: UnknownRequest");
  expect(await errorOf(() => post.finish())).toBe("program: UnknownRequest");
});

test("a response that answers a call twice is refused", async () => {
  const bench = await Bench.of();
  const { pending, body } = await bench.request();
  const random = new Uint8Array(32);
  const digest = await bench.primitives.sha256(body);
  const line = await Line.response(bench.primitives, bench.pass.post, bench.pass.cipher, digest, random);
  const sealed = [random];
  for (const number of [0, 1, 0]) {
    await line.seal(RPC_RESPONSE, encodeResponse(response(number)), bench.pass.maxFrame, sealed);
  }
  expect(await errorOf(() => pending.read(concat(...sealed)))).toBe("peer: UnknownReply");
});

test("a replayed request gives other bytes to the same calls", async () => {
  const bench = await Bench.of();
  const { pending, body } = await bench.request();
  const [one, two] = [await bench.answer(body), await bench.answer(body)];
  expect(one.subarray(0, 32)).not.toEqual(two.subarray(0, 32));
  expect(one.subarray(60, 80)).not.toEqual(two.subarray(60, 80));
  expect(await pending.read(two)).toMatchObject({ type: "Replies", replies: { length: 2 } });
});

test("a message without its last frame is not read", async () => {
  const bench = await Bench.of({ maxFrame: 4096 });
  const { pending, numbers, body } = await bench.request([{ ...call("long"), args: new Uint8Array(5000) }]);
  const post = await bench.open(body);
  await post.respond({ ...response(numbers[0] as number), result: new Uint8Array(5000) });
  const cut = frames(Array.from(body)) + 4096 + 44;
  expect(await errorOf(() => bench.open(body.subarray(0, cut)))).toBe("peer: Interrupted");
  const answer = post.finish().subarray(0, 32 + 4096 + 44);
  expect(await errorOf(() => pending.read(answer))).toBe("peer: Interrupted");
});

test("a request of more calls than a session may have is refused", async () => {
  const bench = await Bench.of();
  const many = Array.from({ length: 129 }, () => call("m"));
  expect(await errorOf(() => bench.request(many))).toBe("program: TooManyCalls");
  expect(await errorOf(() => bench.request([]))).toBe("program: TooManyCalls");
  const { body } = await bench.request(many.slice(1));
  expect((await bench.open(body)).calls.size).toBe(128);
  const { post, cipher, ticket, maxFrame } = bench.pass;
  const fresh = new Uint8Array(32);
  const line = await Line.request(bench.primitives, post, cipher, ticket, fresh);
  const sealed: Uint8Array[] = [];
  for (let i = 0; i < 129; i++) await line.seal(RPC_CALL, new Uint8Array(0), maxFrame, sealed);
  const forged = concat(body.subarray(0, 2 + ticket.length), fresh, ...sealed);
  expect(await errorOf(() => bench.open(forged))).toBe("peer: TooManyCalls");
});
