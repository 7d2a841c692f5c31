import { expect, test } from "vitest";
import { ADDRESS, call, drain, fixture, hex, node, PLATFORMS, response, unhex, withRandom } from "../testing/wire.js";
import { AES_256_GCM, CHACHA20_POLY1305, type Cipher, type Primitives } from "./crypto/primitives.js";
import { Secret } from "./crypto/secret.js";
import {
  Attempt,
  Client,
  finishHandshake,
  handshake,
  type Node,
  type Pass,
  Post,
  request,
  Server,
} from "./server.js";

interface Transcripts {
  readonly streams: readonly {
    readonly name: string;
    readonly client_random: string;
    readonly server_random: string;
    readonly frames: readonly { readonly from: "client" | "server"; readonly bytes: string }[];
    readonly ticket?: string;
    readonly resume_psk?: string;
  }[];
  readonly post: {
    readonly client_random: string;
    readonly server_random: string;
    readonly call_id: string;
    readonly post_secret: string;
    readonly handshake: { readonly request: string; readonly response: string };
    readonly calls: { readonly request: string; readonly response: string };
  };
}

const told = fixture<Transcripts>("transcripts.json");
const TIME = { monotonic: 0, unix: 1_800_000_000_000 };
const schema = new Uint8Array(32).fill(0x5c);

/** Gives the bytes of a tape, and says how many are left. */
function tape(primitives: Primitives, text: string): { primitives: Primitives; left: () => number } {
  const bytes = unhex(text);
  let at = 0;
  const random = (into: Uint8Array): void => into.set(bytes.subarray(at, (at += into.length)));
  return { primitives: withRandom(primitives, random), left: () => bytes.length - at };
}

/** Who speaks a transcript, with all frames that went by. */
class Conversation {
  readonly frames: { from: string; bytes: string }[] = [];
  readonly client: Client;
  readonly server: Server;

  constructor(client: Client, server: Server) {
    this.client = client;
    this.server = server;
  }

  async exchange(): Promise<void> {
    for (;;) {
      const up = this.client.pollTransmit();
      const frame = up ?? this.server.pollTransmit();
      if (!frame) return;
      this.frames.push({ from: up ? "client" : "server", bytes: hex(frame) });
      await (up ? this.server : this.client).handleFrame(frame, TIME);
    }
  }

  /** Something of every type. */
  async converse(): Promise<void> {
    const { client, server } = this;
    await this.exchange();
    const called = await client.call(call("getUser"), TIME);
    const streamed = await client.call(call("list"), TIME);
    const topic = await client.subscribe("users", 1, TIME);
    await client.credit(streamed, 2, TIME);
    await this.exchange();
    await server.respond(response(called), TIME);
    await server.send({ inReplyTo: streamed, item: Uint8Array.of(1, 2) }, TIME);
    await server.send({ inReplyTo: topic, item: Uint8Array.of(3) }, TIME);
    await server.fail({ inReplyTo: streamed, code: "TIMEOUT", message: "", status: 504 }, TIME);
    await this.exchange();
    await client.cancel(topic, TIME);
    await this.exchange();
    await server.respond(response(topic), TIME);
    await client.close(TIME);
    await this.exchange();
  }
}

function passOf(ticket: string, psk: string): Pass {
  const [resume, post] = [new Secret<"resume psk">(unhex(psk)), new Secret<"post secret">(new Uint8Array(32))];
  return { ticket: unhex(ticket), resume, post, cipher: AES_256_GCM, goodForMs: 0, maxFrame: 0 };
}

for (const [platform, load] of Object.entries(PLATFORMS)) {
  test.each(told.streams)(`${platform}: $name`, async (stream) => {
    const [ours, theirs] = [stream.client_random, stream.server_random];
    const [us, them] = [tape(await load(), ours), tape(await load(), theirs)];
    const often = stream.frames.length > 10 ? { rekeyRecords: 3 } : {};
    const own: Node = await node(them.primitives, often);
    for (let i = 0; stream.frames.length <= 10 && i < 600; i++) {
      own.admission.enter(Uint8Array.of(0, 0, i >> 8, i & 255));
    }
    const ciphers: Cipher[] = [stream.name.startsWith("chacha") ? CHACHA20_POLY1305 : AES_256_GCM];
    const pass = stream.ticket && stream.resume_psk ? passOf(stream.ticket, stream.resume_psk) : undefined;
    const pins = own.keys.map((key) => key.public);
    const client = await Client.connect({ primitives: us.primitives, pins, offer: { ciphers, schema }, pass }, TIME);
    const conversation = new Conversation(client, Server.accept(own, ADDRESS, TIME));
    await (stream.frames.length > 10 ? conversation.converse() : conversation.exchange());
    expect(conversation.frames).toEqual(stream.frames);
    expect([us.left(), them.left()]).toEqual([0, 0]);
    expect(drain(() => client.pollEvent()).at(0)).toMatchObject({ type: "Opened", resumed: pass !== undefined });
  });

  test(`${platform}: a handshake and calls by POST`, async () => {
    const { post: spoken } = told;
    const [us, them] = [tape(await load(), spoken.client_random), tape(await load(), spoken.server_random)];
    const own = await node(them.primitives);
    const pin = own.keys[0]?.public as Uint8Array;
    const offer = { ciphers: [CHACHA20_POLY1305] as const, schema };
    const { attempt, frame } = await Attempt.start(us.primitives, pin, offer);
    expect(hex(frame)).toBe(spoken.handshake.request);
    const { body: opened, error } = await handshake(own, frame, ADDRESS, TIME);
    expect([hex(opened), error]).toEqual([spoken.handshake.response, undefined]);
    const finished = await finishHandshake(attempt, opened);
    if (finished.type !== "Pass") throw new Error(finished.type);
    expect(hex(finished.pass.post.expose())).toBe(spoken.post_secret);

    const calls = [call("getUser"), call("list")];
    const id = unhex(spoken.call_id);
    const { pending, numbers, body } = await request(us.primitives, finished.pass, calls, id);
    expect(hex(body)).toBe(spoken.calls.request);
    const [one, other] = numbers as [number, number];
    const post = await Post.open(own, body, TIME);
    await post.respond(response(one));
    await post.fail({ inReplyTo: other, code: "TIMEOUT", message: "", status: 0 });
    expect(hex(post.finish())).toBe(spoken.calls.response);
    expect(await pending.read(unhex(spoken.calls.response))).toMatchObject({
      type: "Replies",
      replies: [{ response: response(one) }, { failure: { inReplyTo: other, code: "TIMEOUT" } }],
      pass: undefined,
    });
    expect([us.left(), them.left()]).toEqual([0, 0]);
  });
}
