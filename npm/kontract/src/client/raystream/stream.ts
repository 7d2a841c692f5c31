import type { Call, Response } from "../../protocol/index.js";
import { limitTime, unlessAborted } from "../limit.js";
import type { Channel } from "./channel.js";
import type { Items, Receive } from "./items.js";
import { Disconnected, Lost } from "./outcome.js";
import { isWorker, onReturn } from "./presence.js";
import { type Owner, Session } from "./session.js";
import { type Opening, openSocket, socketClass, takeEarly } from "./socket.js";

/**
 * Calls over one WebSocket, which is opened by the first of them and again when it is lost; in a Worker
 * over one each.
 */
export class Stream {
  readonly #channel: Channel;
  #session: Session | undefined;
  #opening: Promise<Session> | undefined;
  #forget: (() => void) | undefined;
  #closed = new AbortController();
  /** Whether a session has ever been open. */
  wasOpen = false;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Makes a call once. */
  call(call: Call, signal: AbortSignal): Promise<Response> {
    return this.#with(signal, (session) => session.call(call, signal));
  }

  /** Begins a call whose result is a stream, once. */
  items(call: Call, signal: AbortSignal, receive: Receive): Promise<Items> {
    return this.#with(signal, (session) => session.items(call, signal, receive));
  }

  /** Says goodbye. What is under way gets no answer any more. */
  async close(): Promise<void> {
    this.#closed.abort(new Disconnected(false, new Error("the client has disconnected")));
    this.#closed = new AbortController();
    await this.#session?.close();
  }

  /** Says goodbye when what is under way has its answers. */
  retire(): void {
    this.#opening?.then((session) => session.retire()).catch(() => {});
    this.#session?.retire();
  }

  async #with<T>(signal: AbortSignal, work: (session: Session) => Promise<T>): Promise<T> {
    if (!isWorker()) return work(this.#session ?? (await unlessAborted(this.#opened(), signal)));
    const session = await this.#open(signal);
    const done = work(session);
    session.retire();
    return done;
  }

  #opened(): Promise<Session> {
    return (this.#opening ??= this.#open(this.#closed.signal).finally(() => {
      this.#opening = undefined;
    }));
  }

  async #open(signal: AbortSignal): Promise<Session> {
    const channel = this.#channel;
    await channel.pacer.turn(signal);
    const WebSocket = socketClass();
    if (WebSocket === undefined) {
      throw new TypeError("This program has no WebSocket: set one, such as that of the package ws, with configure({ webSocket }); calls that stream no result can use the transport 'post'");
    }
    const opening = takeEarly(channel.url) ?? openSocket(WebSocket, channel.url);
    let session: Session;
    try {
      await opened(opening, signal);
      const { primitives, peer } = channel;
      const offer = { ciphers: primitives.ciphers, schema: peer.schema };
      const owner: Owner = { keep: (pass) => channel.keep(pass), leave: (left) => this.#leave(left) };
      session = await Session.open({ primitives, pins: peer.pins, offer, pass: channel.pass() }, opening.socket, owner, signal);
    } catch (error) {
      signal.throwIfAborted();
      channel.pacer.failed();
      throw new Lost(false, error);
    }
    channel.pacer.succeeded();
    this.wasOpen = true;
    this.#session = session;
    this.#forget = onReturn(() => session.probe());
    return session;
  }

  /** No more calls for this session. */
  #leave(session: Session): void {
    if (this.#session !== session) return;
    this.#session = undefined;
    this.#forget?.();
  }
}

/** Waits until a WebSocket is open. */
async function opened({ socket, opened }: Opening, signal: AbortSignal): Promise<void> {
  const limit = limitTime(signal, CONNECT_MS);
  try {
    await unlessAborted(opened, limit.signal);
  } catch (error) {
    socket.close();
    throw error;
  } finally {
    limit.clear();
  }
}

const CONNECT_MS = 10_000;
