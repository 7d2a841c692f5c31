import { type Call, Client, type ClientEvent, type Config, type Pass, ProtocolError, type Response } from "../../protocol/index.js";
import { HttpError } from "../../errors.js";
import type { WebSocketLike } from "../types.js";
import type { Items, Receive } from "./items.js";
import { Disconnected, failed, Lost } from "./outcome.js";

/** What a session tells the stream that it belongs to. */
export interface Owner {
  /** Something that opens later sessions and POSTs. */
  keep(pass: Pass): void;
  /** The session takes no more calls. */
  leave(session: Session): void;
}

/** The protocol over one WebSocket: which calls wait for an answer, and when time is up. */
export class Session {
  readonly #client: Client;
  readonly #socket: WebSocketLike;
  readonly #owner: Owner;
  readonly #waiting = new Map<number, Waiting>();
  readonly #vacancies = new Set<() => void>();
  #opened: Waiting<void> | undefined;
  #timer: Timer | undefined;
  #due = Number.POSITIVE_INFINITY;
  #probing: Timer | undefined;
  /** How far the clock is from the time that the program was awake. */
  #drift = driftNow();
  /** Calls without a final answer, those among them that nobody waits for. */
  #under = 0;
  #leaving = false;
  /** Nothing is tried again after the session's end. */
  #final = false;
  #lost: Lost | undefined;

  private constructor(client: Client, socket: WebSocketLike, owner: Owner) {
    this.#client = client;
    this.#socket = socket;
    this.#owner = owner;
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onclose = () => this.#run(client.handleEnd());
  }

  /** Shakes hands over a WebSocket that is open, and resolves when calls can be made. */
  static async open(config: Config, socket: WebSocketLike, owner: Owner, signal: AbortSignal): Promise<Session> {
    let cut = false;
    socket.onclose = () => {
      cut = true;
    };
    const session = new Session(await Client.connect(config, now()), socket, owner);
    if (cut) session.#giveUp();
    await session.#shake(signal);
    return session;
  }

  async #shake(signal: AbortSignal): Promise<void> {
    const close = (): void => void this.close();
    signal.addEventListener("abort", close);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#opened = { resolve, reject };
        this.#drain();
        if (signal.aborted) close();
      });
    } finally {
      signal.removeEventListener("abort", close);
    }
  }

  /** Makes a call. Rejects with `Lost` when the session ends before its answer. */
  async call(call: Call, signal: AbortSignal): Promise<Response> {
    const sequence = await this.#place(call, signal);
    return new Promise((resolve, reject) => {
      const cancel = (): void => {
        this.#cancel(sequence);
        reject(signal.reason);
      };
      this.#await(sequence, { resolve, reject, signal, cancel });
      signal.addEventListener("abort", cancel, { once: true });
      this.#drain();
      if (signal.aborted) cancel();
    });
  }

  /** Begins a call whose result is a stream. */
  async items(call: Call, signal: AbortSignal, receive: Receive): Promise<Items> {
    const sequence = await this.#place(call, signal);
    const ask = (count: number): void => this.#run(this.#client.credit(sequence, count, now()).catch(() => {}));
    const items = receive(ask, () => this.#cancel(sequence));
    this.#await(sequence, { resolve: () => items.end(), reject: (error) => items.end(error), items });
    return items;
  }

  /** Is the server still there? If it does not say so soon, the connection is given up. */
  probe(): void {
    if (this.#probing !== undefined) return;
    this.#drift = driftNow();
    this.#probing = setTimeout(() => this.#giveUp(), PROBE_MS);
    release(this.#probing);
    this.#run(this.#client.heartbeat(now()));
  }

  /** Takes no more calls, and ends with those that are under way. */
  retire(): void {
    this.#leaving = true;
    this.#owner.leave(this);
    if (this.#under === 0) void this.#bye();
  }

  /** Ends the session in order, and its calls for good. */
  async close(): Promise<void> {
    this.#final = true;
    await this.#bye();
  }

  async #bye(): Promise<void> {
    await this.#client.close(now());
    this.#drain();
    this.#socket.close();
  }

  /** Sends a call, when there is room for one more. */
  async #place(call: Call, signal: AbortSignal): Promise<number> {
    if (this.#hasSlept()) this.probe();
    for (;;) {
      signal.throwIfAborted();
      this.#under += 1;
      try {
        return await this.#client.call(call, now());
      } catch (error) {
        this.#under -= 1;
        const what = error instanceof ProtocolError ? error.what : undefined;
        if (what === "MessageTooLong") throw new HttpError("args: longer than a call may be", 413, "INVALID_REQUEST", { cause: error });
        if (what !== "TooManyCalls") throw new Lost(false, error);
        await this.#vacancy(signal);
      }
    }
  }

  /** Waits until a call is answered. */
  async #vacancy(signal: AbortSignal): Promise<void> {
    let wake = (): void => {};
    const woken = new Promise<void>((resolve) => {
      wake = resolve;
    });
    this.#vacancies.add(wake);
    signal.addEventListener("abort", wake);
    await woken;
    this.#vacancies.delete(wake);
    signal.removeEventListener("abort", wake);
  }

  #await(sequence: number, waiting: Waiting): void {
    this.#waiting.set(sequence, waiting);
    // The session may have ended just after the call was sent.
    if (this.#lost !== undefined) this.#finish(sequence)?.reject(this.#lost);
  }

  /** Nobody waits for the answer any more. */
  #cancel(sequence: number): void {
    if (!this.#waiting.delete(sequence)) return;
    this.#run(this.#client.cancel(sequence, now()).catch(() => {}));
  }

  #receive(data: unknown): void {
    clearTimeout(this.#probing);
    this.#probing = undefined;
    if (data instanceof ArrayBuffer) this.#run(this.#client.handleFrame(new Uint8Array(data), now()));
    else this.#giveUp();
  }

  /** What is on its way is lost. */
  #giveUp(): void {
    this.#socket.close();
    this.#run(this.#client.handleEnd());
  }

  #run(work: Promise<unknown>): void {
    void work.then(() => this.#drain());
  }

  #drain(): void {
    const client = this.#client;
    for (let frame = client.pollTransmit(); frame !== undefined; frame = client.pollTransmit()) this.#send(frame);
    for (let event = client.pollEvent(); event !== undefined; event = client.pollEvent()) this.#learn(event);
    this.#schedule(client.pollTimeout());
  }

  #send(frame: Uint8Array): void {
    // A socket that is closing throws in some programs and says nothing in others.
    try {
      this.#socket.send(frame as Uint8Array<ArrayBuffer>);
    } catch {
      this.#giveUp();
    }
  }

  #learn(event: ClientEvent): void {
    switch (event.type) {
      case "Opened":
        this.#opened?.resolve();
        break;
      case "Pass":
        this.#owner.keep(event.pass);
        break;
      case "Response":
        this.#finish(event.response.inReplyTo)?.resolve(event.response);
        break;
      case "Failure":
        this.#finish(event.failure.inReplyTo)?.reject(failed(event.failure));
        break;
      case "Missed":
        if (event.count > 1) this.#giveUp();
        else console.warn("kontract: the server has left a heartbeat without an answer");
        break;
      case "Refresh":
        // The next session begins with a fresh exchange of keys.
        this.retire();
        break;
      case "Ended":
        this.#end(event);
        break;
      case "Item":
        this.#waiting.get(event.item.inReplyTo)?.items?.push(event.item.item);
        break;
    }
  }

  #finish(sequence: number): Waiting | undefined {
    this.#under -= 1;
    const [vacancy] = this.#vacancies;
    if (vacancy !== undefined) this.#vacancies.delete(vacancy);
    vacancy?.();
    const waiting = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    waiting?.signal?.removeEventListener("abort", waiting.cancel as () => void);
    if (this.#leaving && this.#under === 0) void this.#bye();
    return waiting;
  }

  #end({ how, error }: Extract<ClientEvent, { type: "Ended" }>): void {
    const Kind = this.#final ? Disconnected : Lost;
    const cause = error ?? new Error(`the session ended: ${how}`);
    const lost = new Kind(true, cause);
    this.#lost = lost;
    clearTimeout(this.#probing);
    this.#owner.leave(this);
    this.#opened?.reject(cause);
    for (const sequence of [...this.#waiting.keys()]) this.#finish(sequence)?.reject(lost);
    for (const vacancy of this.#vacancies) vacancy();
    this.#socket.close();
  }

  #schedule(due = Number.POSITIVE_INFINITY): void {
    if (due === this.#due) return;
    this.#due = due;
    clearTimeout(this.#timer);
    if (due === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#run(this.#client.handleTimeout(now()));
    }, Math.max(0, due - now().monotonic));
    release(this.#timer);
  }

  /** Timers and, in some systems, the monotonic clock stand still while a program sleeps. */
  #hasSlept(): boolean {
    return Math.abs(driftNow() - this.#drift) > SLEEP_MS || now().monotonic > this.#due + SLEEP_MS;
  }
}

interface Waiting<Value = Response> {
  resolve: (value: Value) => void;
  reject: (error: unknown) => void;
  signal?: AbortSignal;
  cancel?: () => void;
  items?: Items;
}

type Timer = ReturnType<typeof setTimeout>;

/** Keeps a timer from keeping Node.js alive. */
function release(timer: Timer): void {
  (timer as { unref?: () => void }).unref?.();
}

function now(): { monotonic: number; unix: number } {
  return { monotonic: Math.floor(performance.now()), unix: Date.now() };
}

function driftNow(): number {
  return Date.now() - performance.now();
}

const PROBE_MS = 5_000;
const SLEEP_MS = 5_000;
