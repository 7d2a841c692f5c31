/** The client's side: IDLE → INIT → WAIT (5 s, 2 retries with a new ephemeral) → OPEN → CLOSED. */
import type { Primitives } from "../../crypto/primitives.js";
import { failure, misused, type ProtocolError } from "../../error.js";
import { fromServer, HEARTBEAT, type Kind, RPC_CALL, readFrame, SUBSCRIBE } from "../../frame/index.js";
import { Attempt, type Offer, type Started } from "../../handshake/client.js";
import type { Established } from "../../handshake/index.js";
import { isResponse } from "../../handshake/response.js";
import type { Time } from "../../input.js";
import { HANDSHAKE_RETRIES, HANDSHAKE_WAIT_MS, MAX_FRAME, REFRESH_MS, SESSION_MS } from "../../limits.js";
import { type Call, encodeCall, encodeHeartbeat, encodeSubscribe, takes } from "../../message/index.js";
import { type Pass, passOf } from "../../pass.js";
import { Heartbeat } from "../heartbeat.js";
import type { Ending } from "../index.js";
import { Pipe } from "../pipe.js";
import { Requests, type Sort } from "../requests.js";
import { Turns } from "../../turns.js";
import type { ClientEvent } from "./event.js";
import { handleMessage } from "./receive.js";

/** What a client knows before it connects. */
export interface Config {
  readonly primitives: Primitives;
  /** The pinned keys of the server, the current one first. */
  readonly pins: readonly Uint8Array[];
  readonly offer: Offer;
  /** What an earlier session left, to resume it. */
  readonly pass?: Pass | undefined;
}

/** An open session. */
export interface Open {
  readonly type: "open";
  readonly pipe: Pipe<"to server", "to client">;
  readonly requests: Requests;
  readonly heartbeat: Heartbeat;
  /** All that a pass holds but its ticket. */
  readonly pass: Pass;
  refresh: number;
  readonly end: number;
}

interface Waiting {
  readonly type: "waiting";
  readonly attempt: Attempt;
  readonly until: number;
}

/**
 * A session as its client sees it. What is asked of it is done in the order of asking, so that
 * nothing needs to be waited for before the next. What `handle…` meets ends in an event, never in a
 * rejection; `call` and the like reject with a {@link ProtocolError}.
 */
export class Client {
  readonly #config: Config;
  readonly #turns = new Turns();
  /** What an earlier session left, until the server refuses it. */
  #pass: Pass | undefined;
  /** Which pin is tried. */
  #pin = 0;
  #retries = 0;
  /** INITs whose answers are under way. They come in order, so only the last one counts. */
  #awaited = 0;
  #state: Waiting | Open | undefined;
  #ended = false;
  readonly #frames: Uint8Array[] = [];
  readonly #events: ClientEvent[] = [];

  private constructor(config: Config) {
    this.#config = config;
    this.#pass = config.pass;
  }

  /** Writes the first INIT. */
  static async connect(config: Config, time: Time): Promise<Client> {
    const client = new Client(config);
    await client.#start(time);
    return client;
  }

  /** A frame of the server. */
  handleFrame(frame: Uint8Array, time: Time): Promise<void> {
    return this.#handle(async () => {
      const state = this.#state;
      if (state?.type === "waiting") return this.#handleResponse(state.attempt, frame, time);
      if (!state) return;
      const message = await state.pipe.receive(frame, fromServer);
      if (message && handleMessage(state, message, this.#events)) this.#end("ClosedByPeer");
    });
  }

  /** The time that {@link Client.pollTimeout} told has come. */
  handleTimeout(time: Time): Promise<void> {
    return this.#handle(() => this.#timeout(time));
  }

  /** The connection has ended. */
  handleEnd(): Promise<void> {
    return this.#handle(async () => this.#end("Truncated"));
  }

  /** The next frame to send. */
  pollTransmit(): Uint8Array | undefined {
    return this.#frames.shift();
  }

  /** What happened. */
  pollEvent(): ClientEvent | undefined {
    return this.#events.shift();
  }

  /** When to call {@link Client.handleTimeout}, by the monotonic clock. */
  pollTimeout(): number | undefined {
    const state = this.#state;
    if (state?.type === "waiting") return state.until;
    return state && Math.min(state.heartbeat.due, state.end, state.refresh);
  }

  /** Makes a call; its number is what answers reply to. */
  call(call: Call, time: Time): Promise<number> {
    return this.#turns.take(async () => {
      takes(call.metadata);
      return this.#request(RPC_CALL, "call", 0, encodeCall(call), time);
    });
  }

  /** Subscribes to a topic, for so many changes at first. */
  subscribe(topic: string, credit: number, time: Time): Promise<number> {
    return this.#turns.take(async () => {
      const body = encodeSubscribe({ op: "Subscribe", topic, credit });
      return this.#request(SUBSCRIBE, "subscription", credit, body, time);
    });
  }

  /** Gives a call or a subscription up; its final answer still comes. */
  cancel(target: number, time: Time): Promise<void> {
    return this.#turns.take(async () => {
      const { sort } = this.#open().requests.get(target) ?? misused("UnknownRequest");
      const op = sort === "call" ? "Cancel" : "Unsubscribe";
      await this.#send(SUBSCRIBE, encodeSubscribe({ op, target }), time);
    });
  }

  /** Asks for more items of a stream, or more changes. */
  credit(target: number, n: number, time: Time): Promise<void> {
    return this.#turns.take(async () => {
      if (!this.#open().requests.credit(target, n)) misused("UnknownRequest");
      await this.#send(SUBSCRIBE, encodeSubscribe({ op: "Credit", target, n }), time);
    });
  }

  /** Asks at once whether the server is still there. */
  heartbeat(time: Time): Promise<void> {
    return this.#handle(async () => {
      if (this.#state?.type === "open") await this.#beat(this.#state, time);
    });
  }

  /** Says CLOSE, and ends. */
  close(time: Time): Promise<void> {
    return this.#handle(() => this.#closeAs("Closed", time));
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

  async #start(time: Time): Promise<void> {
    const { primitives, pins, offer } = this.#config;
    const pin = pins[this.#pin] ?? misused("NotConfigured");
    this.#wait(await Attempt.start(primitives, pin, offer, this.#pass), time);
  }

  #wait({ attempt, frame }: Started, time: Time): void {
    this.#frames.push(frame);
    this.#awaited++;
    this.#state = { type: "waiting", attempt, until: time.monotonic + HANDSHAKE_WAIT_MS };
  }

  async #handleResponse(attempt: Attempt, frame: Uint8Array, time: Time): Promise<void> {
    readFrame(frame, MAX_FRAME, isResponse);
    if (--this.#awaited > 0) return;
    const outcome = await attempt.finish(frame);
    if (outcome.type === "Established") {
      await this.#establish(outcome.established, attempt.resumes, time);
    } else if (outcome.type === "Again") {
      this.#wait(outcome, time);
    } else if (attempt.resumes) {
      // "the client makes a full handshake"
      this.#pass = undefined;
      await this.#start(time);
    } else if (++this.#pin < this.#config.pins.length) {
      await this.#start(time);
    } else {
      this.#end("Refused");
    }
  }

  async #establish(established: Established, resumed: boolean, time: Time): Promise<void> {
    const { primitives } = this.#config;
    const { keys, accepted } = established;
    const now = time.monotonic;
    this.#state = {
      type: "open",
      pipe: await Pipe.of(primitives, accepted, keys.toServer, keys.toClient, now),
      requests: new Requests(),
      heartbeat: new Heartbeat(primitives, accepted.heartbeatS, now),
      pass: passOf(established, new Uint8Array(0)),
      refresh: now + REFRESH_MS,
      end: now + SESSION_MS,
    };
    this.#events.push({ type: "Opened", session: accepted.session, resumed });
    // The server waits for a first record, and so do its tickets.
    await this.#beat(this.#state, time);
  }

  async #timeout(time: Time): Promise<void> {
    const state = this.#state;
    const now = time.monotonic;
    if (state?.type === "waiting") {
      if (now < state.until) return;
      if (this.#retries++ < HANDSHAKE_RETRIES) return this.#start(time);
      this.#end("HandshakeTimedOut");
    } else if (state) {
      const { heartbeat } = state;
      if (now >= state.end) return this.#closeAs("TooOld", time);
      if (now >= state.refresh) {
        state.refresh = Infinity;
        this.#events.push({ type: "Refresh" });
      }
      if (now < heartbeat.due) return;
      if (heartbeat.isLost) return this.#closeAs("Lost", time);
      if (heartbeat.missed > 0) this.#events.push({ type: "Missed", count: heartbeat.missed });
      await this.#beat(state, time);
    }
  }

  async #beat({ heartbeat }: Open, time: Time): Promise<void> {
    await this.#send(HEARTBEAT, encodeHeartbeat(heartbeat.beat(time.monotonic)), time);
  }

  async #request(kind: Kind, sort: Sort, credit: number, body: Uint8Array, time: Time): Promise<number> {
    const { requests } = this.#open();
    if (!requests.hasRoom(sort)) misused(sort === "call" ? "TooManyCalls" : "TooManySubscriptions");
    const sequence = await this.#send(kind, body, time);
    requests.insert(sequence, sort, credit);
    return sequence;
  }

  #open(): Open {
    const state = this.#state;
    return state?.type === "open" ? state : misused("NotOpen");
  }

  async #send(kind: Kind, body: Uint8Array, time: Time): Promise<number> {
    const { pipe } = this.#open();
    pipe.takes(body);
    try {
      return await pipe.send(kind, body, time.monotonic, this.#frames);
    } catch (error) {
      this.#end("Failed", failure(error));
      throw failure(error);
    }
  }

  async #closeAs(how: Ending, time: Time): Promise<void> {
    if (this.#state?.type === "open") {
      // Where it fails the connection ends all the same, and the server takes it for cut off.
      await this.#state.pipe.close(time.monotonic, this.#frames).catch(() => {});
    }
    this.#end(how);
  }

  #end(how: Ending, error?: ProtocolError): void {
    const state = this.#state;
    this.#state = undefined;
    if (this.#ended) return;
    this.#ended = true;
    const open = state?.type === "open" ? state : undefined;
    open?.pipe.wipe();
    this.#events.push({ type: "Ended", how, error, unanswered: open?.requests.take() ?? [] });
  }
}
