import { big, concat, equal } from "../bytes.js";
import { randomBytes } from "../crypto/exchange.js";
import type { Primitives } from "../crypto/primitives.js";
import { misbehaved, misused } from "../error.js";
import { type Kind, RPC_CALL, RPC_ERROR, RPC_RESPONSE, readFrame, takeFrame } from "../frame/index.js";
import type { Attempt, Started } from "../handshake/client.js";
import { isResponse, refusal } from "../handshake/response.js";
import { MAX_CALLS, MAX_FRAME } from "../limits.js";
import {
  type Call,
  decodeFailure,
  decodeResponse,
  encodeCall,
  type Failure,
  HANDSHAKE,
  type Response,
  takes,
} from "../message/index.js";
import { type Pass, passOf } from "../pass.js";
import { Opener } from "../record/index.js";
import { Line } from "./index.js";

/** What the answer to a handshake means. */
export type Handshake =
  /** Calls can be made with this. */
  | { readonly type: "Pass"; readonly pass: Pass }
  /** The server asks for the same INIT with a cookie: here they are. */
  | ({ readonly type: "Again" } & Started)
  | { readonly type: "Refused" };

/** Reads the answer to an INIT that was sent by POST. */
export async function finishHandshake(attempt: Attempt, body: Uint8Array): Promise<Handshake> {
  const { header, rest } = takeFrame(body, MAX_FRAME, isResponse);
  if (header.length === 0 && rest.length > 0) misbehaved("WrongLength");
  const outcome = await attempt.finish(body.subarray(0, body.length - rest.length));
  if (outcome.type !== "Established") return outcome;
  const { keys, accepted } = outcome.established;
  const opener = await Opener.of(attempt.primitives, accepted.cipher, keys.toClient);
  const frame = readFrame(rest, accepted.maxFrame, (kind) => kind === RPC_RESPONSE);
  const { inReplyTo, ticket } = decodeResponse(await opener.open(frame));
  opener.wipe();
  if (!ticket || inReplyTo !== HANDSHAKE) misbehaved("UnknownReply");
  return { type: "Pass", pass: passOf(outcome.established, ticket) };
}

/** A final answer to a request. */
export type Reply =
  | { readonly type: "Response"; readonly response: Response }
  | { readonly type: "Failure"; readonly failure: Failure };

/** What a response says. */
export type Answer =
  /** One reply to each call, and the pass to use from now on, where another came. */
  | { readonly type: "Replies"; readonly replies: readonly Reply[]; readonly pass: Pass | undefined }
  /** `SESSION_EXPIRED`: a new handshake, then the same calls with the same ids. */
  | { readonly type: "Expired" };

/** A request that was written. */
export interface Requested {
  readonly pending: Pending;
  /** The numbers that replies will name, in the order of the calls. */
  readonly numbers: readonly number[];
  readonly body: Uint8Array;
}

/**
 * Writes a request of one call or several. `callId` is the first call's, as a rule; it takes part in
 * the keys.
 */
export async function request(
  primitives: Primitives,
  pass: Pass,
  calls: readonly Call[],
  callId: Uint8Array,
): Promise<Requested> {
  if (calls.length === 0 || calls.length > MAX_CALLS) misused("TooManyCalls");
  if (pass.ticket.length > 0xffff) misused("WrongTicket");
  const fresh = concat(callId, randomBytes(primitives, 16));
  const line = await Line.request(primitives, pass.post, pass.cipher, pass.ticket, fresh);
  const frames: Uint8Array[] = [];
  const numbers: number[] = [];
  for (const call of calls) {
    takes(call.metadata);
    numbers.push(await line.seal(RPC_CALL, encodeCall(call), pass.maxFrame, frames));
  }
  const body = concat(big(pass.ticket.length, 2), pass.ticket, fresh, ...frames);
  const digest = await primitives.sha256(body);
  return { pending: new Pending(primitives, pass, numbers, digest, refusal(body)), numbers, body };
}

/** A POST whose response is awaited. */
export class Pending {
  readonly #primitives: Primitives;
  readonly #pass: Pass;
  readonly #numbers: readonly number[];
  readonly #digest: Uint8Array;
  readonly #refusal: Uint8Array;

  /** Of the request with these numbers and this hash, and what refuses it. */
  constructor(
    primitives: Primitives,
    pass: Pass,
    numbers: readonly number[],
    digest: Uint8Array,
    refused: Uint8Array,
  ) {
    this.#primitives = primitives;
    this.#pass = pass;
    this.#numbers = numbers;
    this.#digest = digest;
    this.#refusal = refused;
  }

  /** Reads the response. It replies to each call once. */
  async read(body: Uint8Array): Promise<Answer> {
    if (equal(body, this.#refusal)) return { type: "Expired" };
    if (body.length < RANDOM) misbehaved("WrongLength");
    const { post, cipher, maxFrame } = this.#pass;
    const random = body.subarray(0, RANDOM);
    const line = await Line.response(this.#primitives, post, cipher, this.#digest, random);
    const open = new Set(this.#numbers);
    const replies: Reply[] = [];
    let pass: Pass | undefined;
    for (const message of await line.open(body.subarray(RANDOM), maxFrame, isReply)) {
      let number: number;
      if (message.kind === RPC_RESPONSE) {
        const { ticket, ...response } = decodeResponse(message.body);
        number = response.inReplyTo;
        if (ticket) pass = { ...this.#pass, ticket };
        replies.push({ type: "Response", response });
      } else {
        const failure = decodeFailure(message.body);
        number = failure.inReplyTo;
        replies.push({ type: "Failure", failure });
      }
      if (!open.delete(number)) misbehaved("UnknownReply");
    }
    if (open.size > 0) misbehaved("Unanswered");
    return { type: "Replies", replies, pass };
  }
}

function isReply(kind: Kind): boolean {
  return kind === RPC_RESPONSE || kind === RPC_ERROR;
}

/** Bytes of a response before its frames. */
const RANDOM = 32;
