import { decodeFlex, encodeFlex } from "../codec/flexbuffers.js";
import type { WebSocketLike } from "../client/index.js";
import { type Call, primitives, type Time } from "../protocol/index.js";
import { Node, nodeSecret, PrivateKey, Server } from "../protocol/server.js";
import { key } from "./raystream.js";

/** A place where WebSockets lead to, in this process: the protocol's server behind each of them. */
export class Place {
  readonly sockets: PairedSocket[] = [];
  /** Calls that have arrived, by the socket they came through. */
  readonly calls: { call: Call; socket: number }[] = [];
  /** Requests that were given up. */
  readonly cancelled: number[] = [];
  /** How many items of a stream were sent. */
  most = 0;
  /** Nobody opens. */
  closed = false;
  /** Frames are read, and what would be answered is not sent. */
  silent = false;
  /** Calls are not answered, for now. */
  holding = false;
  readonly node: Node;

  private constructor(node: Node) {
    this.node = node;
  }

  static async make(): Promise<Place> {
    const platform = await primitives();
    const keys = [await PrivateKey.of(platform, key(1))];
    return new Place(new Node(platform, keys, await nodeSecret(platform, key(9))));
  }

  /** The class of WebSockets that lead here. */
  get WebSocket(): new (url: string) => WebSocketLike {
    const place = this;
    return class extends PairedSocket {
      constructor() {
        super(place);
      }
    };
  }
}

/** One end of a connection; the other end is a `Server`. */
export class PairedSocket implements WebSocketLike {
  binaryType = "";
  onopen: WebSocketLike["onopen"] = null;
  onmessage: WebSocketLike["onmessage"] = null;
  onclose: WebSocketLike["onclose"] = null;
  onerror: WebSocketLike["onerror"] = null;
  /** Whether its session came from an earlier one. */
  isOpen = false;
  sent = 0;
  #leaving = false;
  readonly #place: Place;
  readonly #number: number;
  readonly #server: Server;
  readonly #counts = new Map<number, { next: number; until: number; failing: boolean; busy: boolean }>();

  constructor(place: Place) {
    this.#place = place;
    this.#number = place.sockets.push(this) - 1;
    this.#server = Server.accept(place.node, new Uint8Array(4), now());
    queueMicrotask(() => {
      this.isOpen = !place.closed && !this.#leaving;
      if (this.isOpen) this.onopen?.({} as never);
      else this.onclose?.({} as never);
    });
  }

  send(data: Uint8Array): void {
    if (!this.isOpen) throw new Error("the socket is closed");
    this.sent += 1;
    void this.#server.handleFrame(data.slice(), now()).then(() => this.#pump());
  }

  close(): void {
    // One that was not open yet tells so when it would have been.
    this.#leaving = true;
    if (!this.isOpen) return;
    this.isOpen = false;
    queueMicrotask(() => this.onclose?.({} as never));
    void this.#server.handleEnd();
  }

  /** Sends what is no frame. */
  say(data: unknown): void {
    this.onmessage?.({ data });
  }

  #pump(): void {
    for (let event = this.#server.pollEvent(); event !== undefined; event = this.#server.pollEvent()) {
      if (event.type === "Call") this.#answer(event.sequence, event.call);
      if (event.type === "Credit") void this.#count(event.target);
      if (event.type === "Cancel") this.#place.cancelled.push(event.target);
      if (event.type === "Ended") this.close();
    }
    for (let frame = this.#server.pollTransmit(); frame !== undefined; frame = this.#server.pollTransmit()) {
      if (this.isOpen && !this.#place.silent) this.onmessage?.({ data: frame.slice().buffer });
    }
  }

  /** Streams the numbers of a call of `count`, as far as the client has asked for them. */
  async #count(sequence: number): Promise<void> {
    const count = this.#counts.get(sequence);
    if (count === undefined || count.busy) return;
    count.busy = true;
    while (count.next < count.until && this.#server.creditOf(sequence) > 0) {
      this.#place.most = Math.max(this.#place.most, count.next + 1);
      await this.#server.send({ inReplyTo: sequence, item: item(count.next++) }, now());
    }
    count.busy = false;
    if (count.next < count.until || !this.#counts.delete(sequence)) return this.#pump();
    if (count.failing) await this.#server.fail({ inReplyTo: sequence, code: "NOT_FOUND", message: "no more", status: 404 }, now());
    else await this.#server.respond({ inReplyTo: sequence, status: 200, headers: [], result: new Uint8Array() }, now());
    this.#pump();
  }

  #answer(inReplyTo: number, call: Call): void {
    this.#place.calls.push({ call, socket: this.#number });
    if (this.#place.holding) return;
    if (call.method === "count") {
      const [until, failing] = decodeFlex(call.args, "args") as [number, boolean?];
      this.#counts.set(inReplyTo, { next: 0, until, failing: failing === true, busy: false });
      return;
    }
    const result = encodeFlex([call.method], "result");
    void this.#server.respond({ inReplyTo, status: 200, headers: [], result }, now()).then(() => this.#pump());
  }
}

function item(value: unknown): Uint8Array {
  return encodeFlex([value], "result");
}

function now(): Time {
  return { monotonic: Math.floor(performance.now()), unix: Date.now() };
}
