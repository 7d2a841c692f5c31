/**
 * raystream, version 1: what clients and gateways of Kontract say to each other, encrypted.
 *
 * The same machine as the Rust crate `kontract-protocol`, file for file. It reads no clock and no
 * socket: time is an argument, cryptography and random bytes are the platform's
 * ({@link Primitives}), bytes go in by `handle…` and come out by `poll…`. Whatever a peer sends, the
 * answer is a value or a {@link ProtocolError} that says who is to blame.
 *
 * This is the client's role; `server.js` is the server's.
 */
export { primitives } from "./crypto/platform.js";
export { AES_256_GCM, type Aead, CHACHA20_POLY1305, type Cipher, type Primitives } from "./crypto/primitives.js";
export { type Fault, type Misbehaviour, type Misuse, ProtocolError } from "./error.js";
export { Attempt, type Offer, type Outcome, type Started } from "./handshake/client.js";
export type { Awaitable, Time } from "./input.js";
export { type Call, type Failure, HANDSHAKE, type Item, type Pairs, type Response } from "./message/index.js";
export type { Pass } from "./pass.js";
export {
  type Answer,
  finishHandshake,
  type Handshake,
  type Pending,
  type Reply,
  type Requested,
  request,
} from "./post/client.js";
export type { ClientEvent } from "./stream/client/event.js";
export { Client, type Config } from "./stream/client/index.js";
export type { Ending } from "./stream/index.js";
