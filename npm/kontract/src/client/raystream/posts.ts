import {
  Attempt,
  type Call,
  finishHandshake,
  type Pass,
  type Reply,
  request,
  type Response,
} from "../../protocol/index.js";
import type { Channel } from "./channel.js";
import { exchange } from "./exchange.js";
import { failed, Lost, sessionExpired } from "./outcome.js";

// So a program that imports this has all that calls by POST need, and bundlers make no third chunk of
// what both ways have in common.
export { Sealed } from "./sealed.js";

/** Calls without a session: those made in one microtask are one POST, which any gateway answers. */
export class Posts {
  readonly #channel: Channel;
  #batch: Posted[] = [];
  #shaking: Promise<Pass> | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Makes a call once. */
  call(call: Call, signal: AbortSignal): Promise<Response> {
    return new Promise((resolve, reject) => {
      if (this.#batch.length === 0) queueMicrotask(() => this.#flush());
      this.#batch.push({ call, signal, resolve, reject });
    });
  }

  #flush(): void {
    const batch = this.#batch;
    this.#batch = [];
    let from = 0;
    let size = 0;
    for (const [index, { call }] of batch.entries()) {
      if (index > from && (index - from === MAX_CALLS || size + call.args.length > MAX_BYTES)) {
        void this.#send(batch.slice(from, index));
        [from, size] = [index, 0];
      }
      size += call.args.length;
    }
    void this.#send(batch.slice(from));
  }

  async #send(posted: readonly Posted[]): Promise<void> {
    const channel = this.#channel;
    const { signal, forget } = whenAllLeave(posted);
    try {
      await channel.pacer.turn(signal);
      const pass = channel.pass() ?? (await this.#handshake());
      const calls = posted.map(({ call }) => call);
      const { pending, numbers, body } = await request(channel.primitives, pass, calls, (calls[0] as Call).id);
      const bytes = await exchange(channel.url, body, signal);
      const answer = await pending.read(bytes).catch((error: unknown) => {
        throw new Lost(true, error);
      });
      channel.pacer.succeeded();
      if (answer.type === "Expired") {
        channel.forget(pass);
        throw sessionExpired();
      }
      if (answer.pass !== undefined) channel.keep(answer.pass);
      for (const reply of answer.replies) settle(posted[numbers.indexOf(numberOf(reply))], reply);
    } catch (error) {
      if (error instanceof Lost && !signal.aborted) channel.pacer.failed();
      for (const { reject } of posted) reject(error);
    } finally {
      forget();
    }
  }

  /** What opens POSTs: one handshake for all that wait for it. */
  #handshake(): Promise<Pass> {
    return (this.#shaking ??= shake(this.#channel).finally(() => {
      this.#shaking = undefined;
    }));
  }
}

async function shake(channel: Channel): Promise<Pass> {
  for (const pin of channel.peer.pins) {
    const pass = await shakeWith(channel, pin);
    if (pass === undefined) continue;
    channel.keep(pass);
    return pass;
  }
  throw new Lost(false, new Error("the server refused the handshake: it has none of the keys that this client was built with"));
}

async function shakeWith({ url, peer, primitives }: Channel, pin: Uint8Array): Promise<Pass | undefined> {
  const offer = { ciphers: primitives.ciphers, schema: peer.schema };
  let { attempt, frame } = await Attempt.start(primitives, pin, offer);
  for (;;) {
    const answer = await exchange(url, frame, AbortSignal.timeout(HANDSHAKE_MS));
    const done = await finishHandshake(attempt, answer).catch((error: unknown) => {
      throw new Lost(false, error);
    });
    if (done.type === "Pass") return done.pass;
    if (done.type === "Refused") return undefined;
    ({ attempt, frame } = done);
  }
}

/** A call that waits for the answer of its POST. */
interface Posted {
  call: Call;
  signal: AbortSignal;
  resolve: (response: Response) => void;
  reject: (error: unknown) => void;
}

function numberOf(reply: Reply): number {
  return reply.type === "Response" ? reply.response.inReplyTo : reply.failure.inReplyTo;
}

function settle(posted: Posted | undefined, reply: Reply): void {
  if (reply.type === "Response") posted?.resolve(reply.response);
  else posted?.reject(failed(reply.failure));
}

/** Each caller who gives up is told at once; the request ends with the last of them. */
function whenAllLeave(posted: readonly Posted[]): { signal: AbortSignal; forget(): void } {
  const left = new AbortController();
  let staying = posted.length;
  const leaves = posted.map(({ signal, reject }) => {
    const leave = (): void => {
      reject(signal.reason);
      staying -= 1;
      if (staying === 0) left.abort(signal.reason);
    };
    if (signal.aborted) leave();
    else signal.addEventListener("abort", leave, { once: true });
    return () => signal.removeEventListener("abort", leave);
  });
  return { signal: left.signal, forget: () => leaves.forEach((forget) => forget()) };
}

const HANDSHAKE_MS = 10_000;
const MAX_CALLS = 128;
/** Arguments in one POST, as long as there are several calls in it. */
const MAX_BYTES = 128 << 10;
