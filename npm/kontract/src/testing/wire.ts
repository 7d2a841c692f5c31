import { readFileSync } from "node:fs";
import * as nodeCrypto from "node:crypto";
import { nobleChacha } from "../protocol/crypto/noble-cipher.js";
import { nobleX25519 } from "../protocol/crypto/noble-exchange.js";
import { nodePrimitives } from "../protocol/crypto/node.js";
import { AES_256_GCM, CHACHA20_POLY1305, type Primitives } from "../protocol/crypto/primitives.js";
import { webPrimitives } from "../protocol/crypto/web.js";
import {
  addressOf,
  type Call,
  Client,
  type ClientEvent,
  type Config,
  Node,
  nodeSecret,
  type Pass,
  PrivateKey,
  ProtocolError,
  type Response,
  Server,
  type ServerEvent,
  type Time,
} from "../protocol/server.js";

/** The platforms of which tests can be run here. */
export const PLATFORMS: Readonly<Record<string, () => Promise<Primitives>>> = {
  node: async () => nodePrimitives(nodeCrypto) as Primitives,
  web: webPrimitives,
  noble: async () => ({ ...(await webPrimitives()), x25519: nobleX25519, aead: nobleAead }),
};

const nobleAead: Primitives["aead"] = async (cipher, key) =>
  cipher === CHACHA20_POLY1305 ? nobleChacha(key) : (await webPrimitives()).aead(AES_256_GCM, key);

/** Bytes that are the same in every run of a seed (SplitMix64). */
export class Seeded {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  next(): bigint {
    this.#state = BigInt.asUintN(64, this.#state + 0x9e37_79b9_7f4a_7c15n);
    let z = this.#state;
    z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return z ^ (z >> 31n);
  }

  below(bound: number): number {
    return Number(this.next() % BigInt(Math.max(bound, 1)));
  }

  fill(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += 8) {
      let word = this.next();
      for (let i = at; i < Math.min(at + 8, bytes.length); i++) {
        bytes[i] = Number(word & 0xffn);
        word >>= 8n;
      }
    }
  }

  bytes(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.fill(bytes);
    return bytes;
  }
}

/** A platform with other random bytes. */
export function withRandom(primitives: Primitives, random: (bytes: Uint8Array) => void): Primitives {
  return { ...primitives, random };
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

export function unhex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, "hex"));
}

/** Reads `fixtures/wire/<name>`. */
export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../../../../fixtures/wire/${name}`, import.meta.url), "utf8")) as T;
}

/** How often a randomized test goes round: `long` with `KONTRACT_PROVE`. */
export function rounds(short: number, long: number): number {
  return process.env["KONTRACT_PROVE"] === "1" ? long : short;
}

/** For tests that go on for long: a busy machine, or `KONTRACT_PROVE`. */
export const PATIENCE = { timeout: rounds(3, 60) * 60_000 };

/** All that a machine has to give at the moment. */
export function drain<T>(poll: () => T | undefined): T[] {
  const all: T[] = [];
  for (let one = poll(); one !== undefined; one = poll()) all.push(one);
  return all;
}

export const ADDRESS = addressOf("192.0.2.1") as Uint8Array;
export const TIME: Time = { monotonic: 1_000_000, unix: 1_800_000_000_000 };

export async function node(
  primitives: Primitives,
  options: ConstructorParameters<typeof Node>[3] = {},
): Promise<Node> {
  const key = await PrivateKey.of(primitives, new Uint8Array(32).fill(0x11));
  const secret = new TextEncoder().encode("a secret of thirty-two characters");
  return new Node(primitives, [key], await nodeSecret(primitives, secret), options);
}

export function config(primitives: Primitives, node: Node, pass?: Pass): Config {
  const offer = { ciphers: [CHACHA20_POLY1305, AES_256_GCM] as const, schema: new Uint8Array(32).fill(0x5c) };
  return { primitives, pins: node.keys.map((key) => key.public), offer, pass };
}

export function call(method: string): Call {
  return {
    method,
    args: new TextEncoder().encode("arguments"),
    metadata: [["authorization", "Bearer hush"]],
    id: new Uint8Array(16).fill(7),
  };
}

export function response(inReplyTo: number): Response {
  return { inReplyTo, status: 200, headers: [], result: new TextEncoder().encode("result") };
}

/** What a rejection or an exception says: the party and what it did. */
export async function errorOf(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ProtocolError) return `${error.blame}: ${error.what}`;
    throw error;
  }
  return "none";
}

/** A client and a server with a wire between them. */
export class Pair {
  time = TIME;
  readonly primitives: Primitives;
  readonly node: Node;
  client: Client;
  server: Server;

  private constructor(primitives: Primitives, node: Node, client: Client, server: Server) {
    this.primitives = primitives;
    this.node = node;
    this.client = client;
    this.server = server;
  }

  /** Peers that have not exchanged a frame. */
  static async of(seed: number, options: ConstructorParameters<typeof Node>[3] = {}, pass?: Pass): Promise<Pair> {
    const random = new Seeded(seed);
    const platform = await (PLATFORMS["node"] as () => Promise<Primitives>)();
    const primitives = withRandom(platform, (bytes) => random.fill(bytes));
    const own = await node(primitives, options);
    const client = await Client.connect(config(primitives, own, pass), TIME);
    return new Pair(primitives, own, client, Server.accept(own, ADDRESS, TIME));
  }

  /** Peers with an open session, and the events of its beginning taken away. */
  static async open(seed: number, options: ConstructorParameters<typeof Node>[3] = {}): Promise<Pair> {
    const pair = await Pair.of(seed, options);
    await pair.exchange();
    pair.clientEvents();
    pair.serverEvents();
    return pair;
  }

  /** Another client, to the same node. */
  async connect(pass?: Pass): Promise<void> {
    this.client = await Client.connect(config(this.primitives, this.node, pass), this.time);
    this.server = Server.accept(this.node, ADDRESS, this.time);
  }

  /** Carries frames until there is none left. */
  async exchange(): Promise<void> {
    while ((await this.carryUp()) + (await this.carryDown()) > 0);
  }

  async carryUp(): Promise<number> {
    const frames = drain(() => this.client.pollTransmit());
    for (const frame of frames) await this.server.handleFrame(frame, this.time);
    return frames.length;
  }

  async carryDown(): Promise<number> {
    const frames = drain(() => this.server.pollTransmit());
    for (const frame of frames) await this.client.handleFrame(frame, this.time);
    return frames.length;
  }

  clientEvents(): ClientEvent[] {
    return drain(() => this.client.pollEvent());
  }

  serverEvents(): ServerEvent[] {
    return drain(() => this.server.pollEvent());
  }

  /** Lets time pass, with all that falls due meanwhile. */
  async wait(milliseconds: number): Promise<void> {
    const end = this.time.monotonic + milliseconds;
    for (;;) {
      const due = Math.min(this.client.pollTimeout() ?? Infinity, this.server.pollTimeout() ?? Infinity);
      const now = Math.max(Math.min(due, end), this.time.monotonic);
      this.time = { monotonic: now, unix: this.time.unix + now - this.time.monotonic };
      if (due > end) return;
      await this.client.handleTimeout(this.time);
      await this.server.handleTimeout(this.time);
      await this.exchange();
    }
  }
}

/** How a session ended, if it has, and why. */
export function endingOf(events: readonly (ClientEvent | ServerEvent)[]): string | undefined {
  const ended = events.find((event) => event.type === "Ended");
  return ended && (ended.error ? `${ended.how}: ${ended.error.what}` : ended.how);
}
