/**
 * raystream, version 1: the server's role. Beside `index.js`, which clients use and which has nothing
 * of this.
 */
export { addressOf } from "./address.js";
export type { Slot } from "./admission.js";
export { PrivateKey } from "./crypto/exchange.js";
export type { NodeSecret } from "./crypto/secret.js";
export { Node, type NodeOptions } from "./handshake/node.js";
export * from "./index.js";
export { type Handshaken, handshake, isHandshake, Post } from "./post/server.js";
export type { ServerEvent } from "./stream/server/event.js";
export { Server } from "./stream/server/index.js";
export { nodeSecret } from "./ticket.js";
