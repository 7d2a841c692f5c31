import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { type RawData, type WebSocket, WebSocketServer } from "ws";
import type { PrivateKey } from "../protocol/crypto/exchange.js";
import { RPC_RESPONSE } from "../protocol/frame/index.js";
import { answer } from "../protocol/handshake/server.js";
import { Sealer } from "../protocol/record/index.js";
import { handshake, type Node, Post } from "../protocol/server.js";
import { Forger } from "./forger.js";
import type { Case } from "./misbehaviour/records.js";
import type { ResponseCase } from "./misbehaviour/responses.js";
import { ADDRESS, node, PLATFORMS, response, TIME } from "./wire.js";

/** A server of raystream that does what a test tells it to. */
export class Impostor {
  readonly node: Node;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;

  private constructor(node: Node) {
    this.node = node;
    this.#server = createServer((request, answer) => {
      // A page of another origin may call.
      answer.setHeader("access-control-allow-origin", "*");
      answer.setHeader("access-control-allow-headers", "*");
      if (request.method === "OPTIONS") answer.end();
      else void this.#post(request).then((body) => answer.end(body));
    });
    this.#sockets = new WebSocketServer({ server: this.#server });
  }

  static async listen(): Promise<Impostor> {
    const primitives = await PLATFORMS["node"]?.();
    if (!primitives) throw new Error("no platform");
    const impostor = new Impostor(await node(primitives));
    await once(impostor.#server.listen(0, "127.0.0.1"), "listening");
    return impostor;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get key(): PrivateKey {
    return this.node.keys[0] as PrivateKey;
  }

  /** Lets a client call, answers its INIT so, and resolves when it has gone. */
  async begin(call: () => void, make: ResponseCase[1]): Promise<void> {
    const meeting = await this.#meet(call);
    meeting.send(await make({ primitives: this.node.primitives, init: await meeting.next(), key: this.key }));
    await meeting.gone;
  }

  /** Lets a client call and ask for items, sends it such frames, and resolves when it has gone. */
  async goOn(call: () => void, ask: () => void, make: Case[1]): Promise<void> {
    const meeting = await this.#meet(call);
    const forger = await this.#open(meeting);
    ask();
    // The call, that of the items, and its credit.
    for (let count = 0; count < 3; count += 1) await meeting.next();
    forger.asked = { call: 1, stream: 2, credit: 32 };
    for (const frame of await make(forger, RPC_RESPONSE)) meeting.send(frame);
    await meeting.gone;
  }

  async #meet(call: () => void): Promise<Meeting> {
    const met = once(this.#sockets, "connection") as Promise<[WebSocket]>;
    call();
    const [socket] = await met;
    return new Meeting(socket);
  }

  /** Opens the session, and seals what the server says in it. */
  async #open(meeting: Meeting): Promise<Forger> {
    const { frame, established } = await answer(this.node, await meeting.next(), ADDRESS, TIME);
    if (!established) throw new Error("the client cannot begin");
    meeting.send(frame);
    const { keys, accepted } = established;
    const sealer = await Sealer.of(this.node.primitives, accepted.cipher, keys.toClient, accepted.maxFrame, 0);
    return new Forger(sealer, await meeting.next());
  }

  /** What is made of the answers to requests. */
  spoil: (answer: Uint8Array) => Uint8Array = (answer) => answer;
  /** Requests that were answered. */
  answered = 0;

  async #post(request: IncomingMessage): Promise<Uint8Array> {
    const body = new Uint8Array(await buffer(request));
    if (body[0] === 1) return (await handshake(this.node, body, ADDRESS, TIME)).body;
    const post = await Post.open(this.node, body, TIME);
    for (const number of post.calls.keys()) await post.respond(response(number));
    this.answered += 1;
    return this.spoil(post.finish());
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#server.close();
  }
}

/** A connection to an impostor. */
class Meeting {
  readonly #socket: WebSocket;
  readonly #arrived: Uint8Array[] = [];
  #wake = (): void => {};
  /** Resolves when the client has gone. */
  readonly gone: Promise<void>;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    this.gone = once(socket, "close").then(() => {});
    socket.on("message", (data: RawData) => {
      this.#arrived.push(new Uint8Array(data as Buffer));
      this.#wake();
    });
  }

  async next(): Promise<Uint8Array> {
    for (;;) {
      const frame = this.#arrived.shift();
      if (frame) return frame;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  send(frame: Uint8Array): void {
    this.#socket.send(frame);
  }
}
