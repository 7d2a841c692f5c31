import { decode, type Pairs } from "./index.js";
import { bytes, pairs, table, text, u16, u64 } from "./write.js";

/** What the record that brings a ticket replies to: no request has this number, 2^64 − 1 on the wire. */
export const HANDSHAKE = Infinity;

/** The final answer to a request, or the end of a stream. */
export interface Response {
  /** The sequence of the request's first frame. */
  readonly inReplyTo: number;
  readonly status: number;
  readonly headers: Pairs;
  readonly result: Uint8Array;
  /** Another ticket of the channel, good for longer. */
  readonly ticket?: Uint8Array | undefined;
}

export function encodeResponse({ inReplyTo, status, headers, result, ticket }: Response): Uint8Array {
  return table([request(inReplyTo), u16(status), pairs(headers), bytes(result), ticket && bytes(ticket)]);
}

export function decodeResponse(body: Uint8Array): Response {
  return decode(body, (message) => ({
    inReplyTo: requestOf(message.u64(0)),
    status: message.u16(1),
    headers: message.pairs(2),
    result: message.bytes(3) ?? new Uint8Array(0),
    ticket: message.bytes(4),
  }));
}

/** The other final answer. */
export interface Failure {
  readonly inReplyTo: number;
  readonly code: string;
  readonly message: string;
  readonly status: number;
  /** Where in the arguments the fault is. */
  readonly path?: string | undefined;
  /** "a stack only in `dev` and only to loopback" */
  readonly stack?: string | undefined;
}

export function encodeFailure({ inReplyTo, code, message, status, path, stack }: Failure): Uint8Array {
  const optional = (value: string | undefined) => (value === undefined ? undefined : text(value));
  return table([
    request(inReplyTo),
    text(code),
    text(message),
    u16(status),
    optional(path),
    optional(stack),
  ]);
}

export function decodeFailure(body: Uint8Array): Failure {
  return decode(body, (message) => {
    const code = message.text(1);
    if (code === undefined) throw new RangeError();
    return {
      inReplyTo: requestOf(message.u64(0)),
      code,
      message: message.text(2) ?? "",
      status: message.u16(3),
      path: message.text(4),
      stack: message.text(5),
    };
  });
}

/** A subscription's change, or a stream's next item. */
export interface Item {
  readonly inReplyTo: number;
  readonly item: Uint8Array;
}

export function encodeItem({ inReplyTo, item }: Item): Uint8Array {
  return table([request(inReplyTo), bytes(item)]);
}

export function decodeItem(body: Uint8Array): Item {
  return decode(body, (message) => ({
    inReplyTo: requestOf(message.u64(0)),
    item: message.bytes(1) ?? new Uint8Array(0),
  }));
}

function request(number: number) {
  return u64(number === HANDSHAKE ? NONE : BigInt(number));
}

/** Numbers of requests are below 2^48, so that none is what a larger one is rounded to. */
function requestOf(number: bigint): number {
  return number === NONE ? HANDSHAKE : Number(number);
}

const NONE = 2n ** 64n - 1n;
