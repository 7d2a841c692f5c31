/**
 * Random schedules of two peers, with a wire that reorders, repeats, drops, cuts and changes frames.
 *
 * What is delivered is always a beginning of what was sent, in its order, each once; a frame that is
 * not the next one, or not as it was sent, ends the session that gets it, and no other does.
 */
import { expect, test } from "vitest";
import { call, drain, endingOf, Pair, PATIENCE, response, rounds, Seeded } from "../testing/wire.js";
import type { ClientEvent, ServerEvent } from "./server.js";

/** One direction of the wire. */
class Wire {
  readonly sent: Uint8Array[] = [];
  /** How many have been delivered as they were sent. */
  next = 0;
  #nonce = "";

  take(frame: Uint8Array): void {
    // "(key, nonce) never repeats": within a session nonces only grow.
    const nonce = Buffer.from(frame.subarray(16, 24)).toString("hex");
    expect(nonce > this.#nonce).toBe(true);
    this.#nonce = nonce;
    this.sent.push(frame);
  }

  /** The next frame, or what an attacker makes of the wire. */
  deliver(tamper: number, at: number): { frame: Uint8Array; genuine: boolean } | undefined {
    const next = this.sent[this.next];
    if (!next) return undefined;
    const changed = (): Uint8Array | undefined => {
      const frame = next.slice();
      const byte = at % frame.length;
      if (tamper === 8) frame[byte] = (frame[byte] as number) ^ (1 << (at % 8));
      if (tamper === 9) return frame.subarray(0, byte);
      if (tamper === 10) return Uint8Array.from([...frame, 0]);
      // The frame is lost, and another comes in its place.
      if (tamper === 11) return this.sent[this.next + 1 + (at % 3)];
      return tamper === 8 ? frame : this.sent[at % this.next];
    };
    if (tamper < 8 || tamper > 12 || (tamper === 12 && this.next === 0)) {
      this.next++;
      return { frame: next, genuine: true };
    }
    const frame = changed();
    return frame && { frame, genuine: false };
  }
}

class Model {
  readonly #pair: Pair;
  readonly #wires = { up: new Wire(), down: new Wire() };
  readonly #asked: string[] = [];
  readonly #heard: string[] = [];
  readonly #answered: string[] = [];
  readonly #learned: string[] = [];
  readonly #open = new Set<number>();
  ended: { client: string | undefined; server: string | undefined } = { client: undefined, server: undefined };

  constructor(pair: Pair) {
    this.#pair = pair;
  }

  drain(): void {
    const { client, server } = this.#pair;
    for (const frame of drain(() => client.pollTransmit())) this.#wires.up.take(frame);
    for (const frame of drain(() => server.pollTransmit())) this.#wires.down.take(frame);
    for (const event of drain(() => server.pollEvent())) this.#serverLearns(event);
    for (const event of drain(() => client.pollEvent())) this.#clientLearns(event);
    expect(this.#asked.slice(0, this.#heard.length), "what a server hears was asked").toEqual(this.#heard);
    expect(this.#answered.slice(0, this.#learned.length), "what a client learns was answered").toEqual(this.#learned);
  }

  #serverLearns(event: ServerEvent): void {
    expect(this.ended.server, `${event.type} after the end`).toBeUndefined();
    if (event.type === "Call" || event.type === "Subscribe") {
      this.#open.add(event.sequence);
      this.#heard.push(event.type === "Call" ? event.call.method : event.topic);
    }
    this.ended.server = endingOf([event]);
  }

  #clientLearns(event: ClientEvent): void {
    expect(this.ended.client, `${event.type} after the end`).toBeUndefined();
    if (event.type === "Response") this.#learned.push(`result of ${event.response.inReplyTo}`);
    if (event.type === "Failure") this.#learned.push(`error of ${event.failure.inReplyTo}`);
    if (event.type === "Item") this.#learned.push(`item ${event.item.item} of ${event.item.inReplyTo}`);
    this.ended.client = endingOf([event]);
  }

  async step(op: number, kind: number, at: number): Promise<void> {
    const { client, server, time } = this.#pair;
    const done = (work: Promise<unknown>): Promise<boolean> => work.then(() => true, () => false);
    const target = [...this.#open][at % Math.max(this.#open.size, 1)];
    if (op < 2) {
      const method = `call ${this.#asked.length}`;
      if (await done(client.call({ ...call(method), args: new Uint8Array(at % 9000) }, time))) this.#asked.push(method);
    } else if (op === 2) {
      const topic = `topic ${this.#asked.length}`;
      if (await done(client.subscribe(topic, kind % 4, time))) this.#asked.push(topic);
    } else if (op < 5 && target !== undefined) {
      const failure = { inReplyTo: target, code: "X", message: "", status: 500 };
      const result = kind % 2 === 0;
      if (await done(result ? server.respond(response(target), time) : server.fail(failure, time))) {
        this.#answered.push(`${result ? "result" : "error"} of ${target}`);
        this.#open.delete(target);
      }
    } else if (op === 5 && target !== undefined) {
      const item = Uint8Array.of(kind, op);
      if (await done(server.send({ inReplyTo: target, item }, time))) this.#answered.push(`item ${item} of ${target}`);
    } else if (op === 6) {
      await done(kind % 2 === 0 ? client.cancel(at % 40, time) : client.credit(at % 40, kind, time));
    } else if (op === 7) {
      this.#pair.time = { ...time, monotonic: time.monotonic + at };
      await client.handleTimeout(this.#pair.time);
      await server.handleTimeout(this.#pair.time);
    } else if (op > 7) {
      await this.#deliver(op < 10 ? "server" : "client", kind, at);
    }
    this.drain();
  }

  /** A frame that was tampered with ends a session, a genuine one never does as a failure. */
  async #deliver(to: "client" | "server", tamper: number, at: number): Promise<void> {
    const delivered = this.#wires[to === "server" ? "up" : "down"].deliver(tamper, at);
    if (!delivered) return;
    const before = this.ended[to];
    await this.#pair[to].handleFrame(delivered.frame, this.#pair.time);
    this.drain();
    const after = this.ended[to];
    if (before !== undefined) expect(after).toBe(before);
    else expect(after?.startsWith("Failed: ") ?? false, after).toBe(!delivered.genuine);
  }
}

test("what is delivered is a beginning of what was sent", PATIENCE, async () => {
  let tampered = 0;
  for (let seed = 1; seed <= rounds(60, 3000); seed++) {
    const random = new Seeded(seed);
    const pair = await Pair.open(seed, { maxFrame: 4096, rekeyRecords: 5 });
    const model = new Model(pair);
    // Most deliveries are genuine, so that sessions live long enough to have something to lose.
    const tampering = random.below(2) === 0 ? 8 : 16;
    for (let left = 1 + random.below(160); left > 0; left--) {
      await model.step(random.below(12), random.below(tampering), random.below(65_536));
    }
    await pair.client.handleEnd();
    await pair.server.handleEnd();
    model.drain();
    expect(model.ended.client).toBeDefined();
    expect(model.ended.server).toBeDefined();
    if (`${model.ended.client}${model.ended.server}`.includes("Failed")) tampered++;
  }
  expect(tampered).toBeGreaterThan(10);
});
