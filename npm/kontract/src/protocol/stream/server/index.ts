/** The server's side: none → UNCONFIRMED (10 s) → first valid record → OPEN → CLOSED. */
import type { Slot } from "../../admission.js";
import { failure, misused, ProtocolError } from "../../error.js";
import { EVENT, fromClient, HANDSHAKE_INIT, type Kind, RPC_ERROR, RPC_RESPONSE } from "../../frame/index.js";
import type { Established } from "../../handshake/index.js";
import type { Node } from "../../handshake/node.js";
import { refusal } from "../../handshake/response.js";
import { type Answer, answer } from "../../handshake/server.js";
import type { Time } from "../../input.js";
import { INITS_PER_CONNECTION, SESSION_MS, UNCONFIRMED_MS } from "../../limits.js";
import {
  encodeFailure,
  encodeItem,
  encodeResponse,
  type Failure,
  HANDSHAKE,
  type Item,
  type Response,
  takes,
} from "../../message/index.js";
import { renewed, sealTicket, type Ticket, ticketOf } from "../../ticket.js";
import type { Ending } from "../index.js";
import { Pipe } from "../pipe.js";
import { Requests } from "../requests.js";
import { Turns } from "../../turns.js";
import type { ServerEvent } from "./event.js";
import { handleMessage } from "./receive.js";

/** A session whose handshake was answered. */
export interface Open {
  readonly pipe: Pipe<"to client", "to server">;
  readonly requests: Requests;
  readonly session: Uint8Array;
  ticket: Ticket;
  /** When the client gets another ticket. */
  renewal: number;
  /** How long a client may be silent. */
  readonly patience: number;
  heard: number;
  readonly end: number;
}

type State =
  | { readonly type: "awaiting"; readonly until: number }
  | { readonly type: "unconfirmed"; readonly slot: Slot; readonly until: number; readonly open: Open }
  | { readonly type: "open"; readonly open: Open }
  | { readonly type: "closed" };

/**
 * A session as its server sees it. What is asked of it is done in the order of asking, so that
 * nothing needs to be waited for before the next. What `handle…` meets ends in an event, never in a
 * rejection; `respond` and the like reject with a {@link ProtocolError}.
 */
export class Server {
  readonly #node: Node;
  readonly #address: Uint8Array;
  readonly #turns = new Turns();
  #inits = 0;
  #state: State;
  #ended = false;
  readonly #frames: Uint8Array[] = [];
  readonly #events: ServerEvent[] = [];

  private constructor(node: Node, address: Uint8Array, time: Time) {
    this.#node = node;
    this.#address = address;
    this.#state = { type: "awaiting", until: time.monotonic + UNCONFIRMED_MS };
  }

  /** A connection from an address, of 4 or 16 bytes. */
  static accept(node: Node, address: Uint8Array, time: Time): Server {
    return new Server(node, address, time);
  }

  /** A frame of the client. */
  handleFrame(frame: Uint8Array, time: Time): Promise<void> {
    return this.#handle(async () => {
      const state = this.#state;
      if (state.type === "closed") return;
      const again = state.type === "unconfirmed" && frame[1] === HANDSHAKE_INIT;
      if (state.type === "awaiting" || again) return this.#handleInit(frame, time);
      const { open } = state as Extract<State, { open: Open }>;
      try {
        const message = await open.pipe.receive(frame, fromClient);
        if (!(await this.#confirm(time))) return;
        open.heard = time.monotonic;
        if (!message) return;
        if (await handleMessage(open, message, time, this.#events, this.#frames)) {
          return this.#end("ClosedByPeer");
        }
        await this.#grant(open, time);
      } catch (error) {
        // "before OPEN one constant reply"
        if (this.#state.type !== "open") this.#frames.push(refusal(frame));
        throw error;
      }
    });
  }

  /** The time that {@link Server.pollTimeout} told has come. */
  handleTimeout(time: Time): Promise<void> {
    return this.#handle(async () => {
      const state = this.#state;
      const now = time.monotonic;
      if (state.type === "open") {
        const { end, heard, patience } = state.open;
        if (now >= end) await this.#closeAs("TooOld", time);
        else if (now >= heard + patience) await this.#closeAs("Lost", time);
      } else if (state.type !== "closed" && now >= state.until) {
        this.#end("HandshakeTimedOut");
      }
    });
  }

  /** The connection has ended. */
  handleEnd(): Promise<void> {
    return this.#handle(async () => this.#end("Truncated"));
  }

  /** The session makes way before it was confirmed. */
  evict(): Promise<void> {
    return this.#handle(async () => this.#end("Evicted"));
  }

  /** Says CLOSE, and ends. */
  close(time: Time): Promise<void> {
    return this.#handle(() => this.#closeAs("Closed", time));
  }

  /** The next frame to send. */
  pollTransmit(): Uint8Array | undefined {
    return this.#frames.shift();
  }

  /** What happened. */
  pollEvent(): ServerEvent | undefined {
    return this.#events.shift();
  }

  /** Bytes of a message of the client that wait for its rest. */
  get held(): number {
    const state = this.#state;
    return "open" in state ? state.open.pipe.held : 0;
  }

  /** When to call {@link Server.handleTimeout}, by the monotonic clock. */
  pollTimeout(): number | undefined {
    const state = this.#state;
    if (state.type === "closed") return undefined;
    if (state.type !== "open") return state.until;
    return Math.min(state.open.end, state.open.heard + state.open.patience);
  }

  /** Answers a request with a result. The answer is final. */
  respond(response: Response, time: Time): Promise<void> {
    return this.#turns.take(async () => {
      takes(response.headers);
      await this.#finish(RPC_RESPONSE, response.inReplyTo, encodeResponse(response), time);
    });
  }

  /** Answers a request with an error. The answer is final. */
  fail(failed: Failure, time: Time): Promise<void> {
    return this.#turns.take(() => this.#finish(RPC_ERROR, failed.inReplyTo, encodeFailure(failed), time));
  }

  /** Sends an item of a stream, or a change, for which the client has given credit. */
  send(item: Item, time: Time): Promise<void> {
    return this.#turns.take(async () => {
      const { pipe, requests } = this.#open();
      const body = encodeItem(item);
      pipe.takes(body);
      const spent = requests.spend(item.inReplyTo) ?? misused("UnknownRequest");
      if (!spent) misused("NoCredit");
      await this.#write(EVENT, body, time);
    });
  }

  /** How many items a request may still be sent. */
  creditOf(sequence: number): number {
    const state = this.#state;
    return (state.type === "open" && state.open.requests.get(sequence)?.credit) || 0;
  }

  /** Does it in its turn; the first failure of any kind is fatal. */
  #handle(work: () => Promise<void>): Promise<void> {
    return this.#turns.take(async () => {
      try {
        await work();
      } catch (error) {
        this.#end("Failed", failure(error));
      }
    });
  }

  async #handleInit(frame: Uint8Array, time: Time): Promise<void> {
    this.#inits++;
    this.#abandon();
    const until = time.monotonic + UNCONFIRMED_MS;
    this.#state = { type: "awaiting", until };
    const { admission, sessionsPerAddress } = this.#node;
    const answered: Answer = admission.hasRoom(this.#address, sessionsPerAddress)
      ? await answer(this.#node, frame, this.#address, time)
      : { frame: refusal(frame), error: new ProtocolError("peer", "TooManySessions") };
    this.#frames.push(answered.frame);
    if (answered.error) this.#events.push({ type: "Refused", error: answered.error });
    if (answered.established) {
      const open = await this.#openOf(answered.established, time);
      const { slot, evicted } = this.#node.admission.enter(this.#address);
      this.#state = { type: "unconfirmed", slot, until, open };
      this.#events.push({ type: "Entered", slot, evicted });
    } else if (this.#inits >= INITS_PER_CONNECTION) {
      this.#end("Failed", new ProtocolError("peer", "TooManyHandshakes"));
    }
  }

  async #openOf(established: Established, time: Time): Promise<Open> {
    const { primitives, sessionIdleMs } = this.#node;
    const { keys, accepted } = established;
    const now = time.monotonic;
    return {
      pipe: await Pipe.of(primitives, accepted, keys.toClient, keys.toServer, now),
      requests: new Requests(),
      session: accepted.session,
      ticket: ticketOf(established, time, sessionIdleMs),
      renewal: now,
      // Three heartbeats, each a tenth late.
      patience: accepted.heartbeatS * 3300,
      heard: now,
      end: now + SESSION_MS,
    };
  }

  /** The first valid record opens the session. False where it had to make way before. */
  async #confirm(time: Time): Promise<boolean> {
    const state = this.#state;
    if (state.type !== "unconfirmed") return true;
    const { slot, open } = state;
    if (!this.#node.admission.confirm(slot, this.#node.sessionsPerAddress)) {
      this.#end("Evicted");
      return false;
    }
    this.#state = { type: "open", open };
    this.#events.push({ type: "Opened", session: open.session, schema: open.ticket.schema });
    await this.#grant(open, time);
    return true;
  }

  /** Gives the client a ticket, the first one or one that is good for longer. */
  async #grant(open: Open, time: Time): Promise<void> {
    const { primitives, secret, sessionIdleMs } = this.#node;
    if (time.monotonic < open.renewal) return;
    open.renewal = time.monotonic + Math.floor(sessionIdleMs / 2);
    open.ticket = renewed(open.ticket, time, sessionIdleMs);
    const ticket = await sealTicket(primitives, secret, open.ticket, time);
    const granted = { inReplyTo: HANDSHAKE, status: 0, headers: [], result: new Uint8Array(0), ticket };
    await this.#write(RPC_RESPONSE, encodeResponse(granted), time);
  }

  async #finish(kind: Kind, request: number, body: Uint8Array, time: Time): Promise<void> {
    const { pipe, requests } = this.#open();
    pipe.takes(body);
    if (!requests.finish(request)) misused("UnknownRequest");
    await this.#write(kind, body, time);
  }

  async #write(kind: Kind, body: Uint8Array, time: Time): Promise<void> {
    await this.#open().pipe.send(kind, body, time.monotonic, this.#frames);
  }

  #open(): Open {
    return this.#state.type === "open" ? this.#state.open : misused("NotOpen");
  }

  /** Forgets a session at the node. */
  #abandon(): void {
    const state = this.#state;
    if (state.type === "unconfirmed") this.#node.admission.abandon(state.slot);
    if (state.type === "open") this.#node.admission.leave(this.#address);
  }

  async #closeAs(how: Ending, time: Time): Promise<void> {
    if (this.#state.type === "open") {
      // Where it fails the connection ends all the same, and the client takes it for cut off.
      await this.#state.open.pipe.close(time.monotonic, this.#frames).catch(() => {});
    }
    this.#end(how);
  }

  #end(how: Ending, error?: ProtocolError): void {
    const state = this.#state;
    this.#abandon();
    this.#state = { type: "closed" };
    if (this.#ended) return;
    this.#ended = true;
    if ("open" in state) state.open.pipe.wipe();
    const unanswered = state.type === "open" ? state.open.requests.take() : [];
    this.#events.push({ type: "Ended", how, error, unanswered });
  }
}
