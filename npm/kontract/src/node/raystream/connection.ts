import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Call, Reply } from "../../protocol/index.js";
import { type Node, Server, type ServerEvent, type Slot } from "../../protocol/server.js";
import { failureBody } from "../../runtime/failure.js";
import type { Arrival } from "../arrivals.js";
import { LARGE } from "../backlog.js";
import { callIdOf, type Service, serveCall } from "./call.js";
import { Outlet } from "./outlet.js";
import { callerBytes, now } from "./peer.js";

/** What the connections of a server have in common. */
export interface Shared {
  /** Those without a first record, which may have to make way for others. */
  halfOpen: Map<Slot, Connection>;
  /** Something for the log. */
  note(error: unknown): void;
  ended(): void;
}

/** One client's stream: the protocol between a WebSocket and the calls that run. */
export class Connection {
  readonly #service: Service;
  readonly #socket: WebSocket;
  readonly #request: IncomingMessage;
  readonly #shared: Shared;
  readonly #server: Server;
  readonly #running = new Map<number, AbortController>();
  /** Where items leave. */
  readonly #outlets = new Map<number, Outlet>();
  #slot: Slot | undefined;
  #timer: NodeJS.Timeout | undefined;
  #due: number | undefined;
  #draining: (() => void) | undefined;
  #over = false;
  /** A message that has not arrived whole. */
  #arrival: Arrival | undefined;
  #dismissed = false;
  /** Frames that have come and were not looked at. */
  #unread = 0;

  constructor(node: Node, service: Service, socket: WebSocket, request: IncomingMessage, shared: Shared) {
    this.#service = service;
    this.#socket = socket;
    this.#request = request;
    this.#shared = shared;
    this.#server = Server.accept(node, callerBytes(request), now());
    const leave = service.backlog.enter({
      get bytes() {
        return socket.bufferedAmount;
      },
      end: () => socket.terminate(),
    });
    socket.binaryType = "nodebuffer";
    socket.on("message", (data, isBinary) => {
      if (isBinary) this.#receive(new Uint8Array(data as Buffer));
      else socket.close();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      leave();
      this.#run(this.#server.handleEnd());
    });
    this.#pump();
  }

  /** Ends the session when the calls that run have been answered. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#draining = resolve;
      if (this.#over) resolve();
      else if (this.#running.size === 0) this.#run(this.#server.close(now()));
    });
  }

  /** Another client needs its place. */
  evict(): void {
    this.#run(this.#server.evict());
  }

  /** While frames wait to be looked at, no more are read. */
  #receive(frame: Uint8Array): void {
    this.#unread += 1;
    if (this.#unread === MOST_UNREAD) this.#socket.pause();
    const read = this.#server.handleFrame(frame, now()).finally(() => {
      this.#unread -= 1;
      if (this.#unread === 0) this.#socket.resume();
    });
    this.#run(read);
  }

  /** Counts what has come of a message until it is whole. */
  #count(): void {
    const { held } = this.#server;
    if (held < (this.#arrival?.size ?? 0)) this.#arrived();
    if (held === 0 || this.#dismissed) return;
    this.#arrival ??= this.#service.arrivals.begin(() => {
      this.#dismissed = true;
      this.#arrived();
      this.evict();
    });
    this.#arrival.add(held - this.#arrival.size);
  }

  #arrived(): void {
    this.#arrival?.end();
    this.#arrival = undefined;
  }

  #run(work: Promise<void>): void {
    work.then(
      () => this.#pump(),
      (error: unknown) => {
        this.#shared.note(error);
        this.#socket.terminate();
      },
    );
  }

  #pump(): void {
    for (let frame = this.#server.pollTransmit(); frame !== undefined; frame = this.#server.pollTransmit()) this.#socket.send(frame);
    for (let event = this.#server.pollEvent(); event !== undefined; event = this.#server.pollEvent()) this.#learn(event);
    this.#count();
    const { bufferedAmount } = this.#socket;
    // Whoever does not read its answers is not kept waiting for more of them.
    if (bufferedAmount > MOST_UNTAKEN) this.#socket.terminate();
    else if (bufferedAmount > LARGE) this.#service.backlog.grew();
    this.#schedule(this.#server.pollTimeout());
  }

  #learn(event: ServerEvent): void {
    switch (event.type) {
      case "Entered":
        this.#leaveHalfOpen();
        this.#slot = event.slot;
        this.#shared.halfOpen.set(event.slot, this);
        if (event.evicted !== undefined) this.#shared.halfOpen.get(event.evicted)?.evict();
        break;
      case "Refused":
        this.#shared.note(event.error);
        break;
      case "Opened":
        this.#leaveHalfOpen();
        break;
      case "Call":
        void this.#call(event.sequence, event.call);
        break;
      case "Cancel":
        this.#abort(event.target);
        break;
      case "Subscribe":
        this.#run(this.#server.fail({ inReplyTo: event.sequence, code: "NOT_FOUND", message: "There is no such topic", status: 404 }, now()));
        break;
      case "Ended":
        this.#end(event.error);
        break;
      case "Credit":
        this.#outlets.get(event.target)?.wake();
        break;
      case "Unsubscribe":
        break;
    }
  }

  async #call(sequence: number, call: Call): Promise<void> {
    const controller = new AbortController();
    this.#running.set(sequence, controller);
    const { signal } = controller;
    const outlet = new Outlet(
      () => this.#server.creditOf(sequence),
      (item) => this.#server.send({ inReplyTo: sequence, item }, now()).then(() => this.#pump()),
    );
    this.#outlets.set(sequence, outlet);
    const reply = await serveCall(this.#service, this.#request, sequence, call, signal, outlet);
    this.#running.delete(sequence);
    this.#outlets.delete(sequence);
    if (this.#over) return;
    this.#run(this.#answer(reply, callIdOf(call)));
    if (this.#draining !== undefined && this.#running.size === 0) this.#run(this.#server.close(now()));
  }

  async #answer(reply: Reply, callId: string): Promise<void> {
    if (reply.type === "Failure") return this.#server.fail(reply.failure, now());
    const { inReplyTo } = reply.response;
    await this.#server.respond(reply.response, now()).catch((error: unknown) => {
      if (this.#over) return;
      return this.#server.fail({ inReplyTo, ...failureBody(error, { callId }, this.#service.host.log) }, now());
    });
  }

  /** Nobody waits for a call any more. */
  #abort(sequence: number): void {
    this.#running.get(sequence)?.abort();
    this.#outlets.get(sequence)?.wake();
  }

  #leaveHalfOpen(): void {
    if (this.#slot !== undefined) this.#shared.halfOpen.delete(this.#slot);
    this.#slot = undefined;
  }

  #end(error: unknown): void {
    this.#over = true;
    this.#leaveHalfOpen();
    if (error !== undefined) this.#shared.note(error);
    for (const sequence of this.#running.keys()) this.#abort(sequence);
    this.#socket.close();
    // Where the client does not hang up.
    setTimeout(() => this.#socket.terminate(), GRACE_MS).unref();
    this.#shared.ended();
    this.#draining?.();
  }

  #schedule(due: number | undefined): void {
    if (due === this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    if (due === undefined) return;
    this.#timer = setTimeout(() => {
      this.#due = undefined;
      this.#run(this.#server.handleTimeout(now()));
    }, Math.max(0, due - now().monotonic));
    this.#timer.unref();
  }
}

const GRACE_MS = 250;
/** Bytes that one client has not read. */
const MOST_UNTAKEN = 32 << 20;
/** Frames. */
const MOST_UNREAD = 16;
