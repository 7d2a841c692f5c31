import { concat, Cursor } from "../bytes.js";
import { randomBytes } from "../crypto/exchange.js";
import { failure, misbehaved, misused, type ProtocolError } from "../error.js";
import { HANDSHAKE_INIT, type Kind, RPC_CALL, RPC_ERROR, RPC_RESPONSE } from "../frame/index.js";
import type { Node } from "../handshake/node.js";
import { refusal } from "../handshake/response.js";
import { answer } from "../handshake/server.js";
import type { Time } from "../input.js";
import { MAX_CALLS } from "../limits.js";
import {
  type Call,
  decodeCall,
  encodeFailure,
  encodeResponse,
  type Failure,
  HANDSHAKE,
  type Response,
  takes,
} from "../message/index.js";
import { Sealer } from "../record/index.js";
import { openTicket, renewed, sealTicket, ticketOf } from "../ticket.js";
import { Turns } from "../turns.js";
import { Line } from "./index.js";

/**
 * Whether a request is a handshake: it begins as an INIT does, where others have the length of their
 * ticket.
 */
export function isHandshake(body: Uint8Array): boolean {
  return body[0] === 1 && body[1] === HANDSHAKE_INIT;
}

/** What a client gets, and what the log does. */
export interface Handshaken {
  readonly body: Uint8Array;
  readonly error?: ProtocolError;
}

/** Answers a handshake that came by POST from an address, of 4 or 16 bytes. */
export async function handshake(
  node: Node,
  body: Uint8Array,
  address: Uint8Array,
  time: Time,
): Promise<Handshaken> {
  const { frame, established, error } = await answer(node, body, address, time);
  if (error) return { body: frame, error };
  if (!established) return { body: frame };
  try {
    const { primitives, secret, sessionIdleMs } = node;
    const { keys, accepted } = established;
    const granted = ticketOf(established, time, sessionIdleMs);
    const ticket = await sealTicket(primitives, secret, granted, time);
    const response = { inReplyTo: HANDSHAKE, status: 0, headers: [], result: new Uint8Array(0), ticket };
    const now = time.monotonic;
    const sealer = await Sealer.of(primitives, accepted.cipher, keys.toClient, 1, now);
    const record = await sealer.seal(RPC_RESPONSE, 0, encodeResponse(response), now);
    sealer.wipe();
    return { body: concat(frame, record) };
  } catch (error) {
    return { body: refusal(body), error: failure(error) };
  }
}

/** A request that was opened, and the response that grows as its calls are answered. */
export class Post {
  /** The calls, by the numbers that their answers name. */
  readonly calls: ReadonlyMap<number, Call>;
  /** What the client's application hashes to. */
  readonly schema: Uint8Array;
  readonly #open: Set<number>;
  readonly #line: Line;
  readonly #maxFrame: number;
  #renewed: Uint8Array | undefined;
  readonly #body: Uint8Array[];
  readonly #turns = new Turns();

  private constructor(
    calls: ReadonlyMap<number, Call>,
    schema: Uint8Array,
    line: Line,
    maxFrame: number,
    random: Uint8Array,
    renewed: Uint8Array | undefined,
  ) {
    this.calls = calls;
    this.schema = schema;
    this.#open = new Set(calls.keys());
    this.#line = line;
    this.#maxFrame = maxFrame;
    this.#body = [random];
    this.#renewed = renewed;
  }

  /** Opens a request. Whatever the error, the response is {@link Post.refused}. */
  static async open(node: Node, request: Uint8Array, time: Time): Promise<Post> {
    const { primitives, secret, maxFrame, sessionIdleMs } = node;
    const cursor = new Cursor(request);
    const sealed = cursor.prefixed() ?? misbehaved("WrongLength");
    const fresh = cursor.take(32) ?? misbehaved("WrongLength");
    const ticket = await openTicket(primitives, secret, sealed, time);
    const { post, cipher } = ticket;
    const incoming = await Line.request(primitives, post, cipher, sealed, fresh);
    const messages = await incoming.open(cursor.rest(), maxFrame, isCall);
    if (messages.length === 0 || messages.length > MAX_CALLS) misbehaved("WrongLength");
    const calls = new Map(messages.map(({ sequence, body }) => [sequence, decodeCall(body)]));
    const random = randomBytes(primitives, 32);
    const digest = await primitives.sha256(request);
    const line = await Line.response(primitives, post, cipher, digest, random);
    const isOld = ticket.expires - time.unix < Math.floor(sessionIdleMs / 2);
    const another = isOld
      ? await sealTicket(primitives, secret, renewed(ticket, time, sessionIdleMs), time)
      : undefined;
    return new Post(calls, ticket.schema, line, maxFrame, random, another);
  }

  /** The response to a request that cannot be opened: "one constant reply". */
  static refused(request: Uint8Array): Uint8Array {
    return refusal(request);
  }

  /** Answers a call with a result. */
  respond(response: Response): Promise<void> {
    return this.#answer(RPC_RESPONSE, response.inReplyTo, () => {
      takes(response.headers);
      const ticket = response.ticket ?? this.#renewed;
      this.#renewed = undefined;
      return encodeResponse({ ...response, ticket });
    });
  }

  /** Answers a call with an error. */
  fail(failed: Failure): Promise<void> {
    return this.#answer(RPC_ERROR, failed.inReplyTo, () => encodeFailure(failed));
  }

  /** The body of the response, when every call has its answer, and each was waited for. */
  finish(): Uint8Array {
    if (this.#open.size > 0) misused("UnknownRequest");
    return concat(...this.#body);
  }

  #answer(kind: Kind, number: number, encode: () => Uint8Array): Promise<void> {
    return this.#turns.take(async () => {
      if (!this.#open.has(number)) misused("UnknownRequest");
      await this.#line.seal(kind, encode(), this.#maxFrame, this.#body);
      this.#open.delete(number);
    });
  }
}

function isCall(kind: Kind): boolean {
  return kind === RPC_CALL;
}
