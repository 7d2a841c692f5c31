/**
 * What encrypted calls need of the protocol: loaded beside the first connection, in a page before. It
 * leads to POST as well, so that bundlers put what both ways need into one chunk.
 */
import { type Pass, type Primitives, primitives } from "../../protocol/index.js";
import type { WebSocketLike } from "../types.js";
import type { Channel, Peer } from "./channel.js";
import type { Posts } from "./posts.js";
import { type Owner, Session } from "./session.js";

export class Sealed {
  readonly #primitives: Primitives;

  private constructor(primitives: Primitives) {
    this.#primitives = primitives;
  }

  /** Finds the cryptography that the platform has. */
  static async of(): Promise<Sealed> {
    return new Sealed(await primitives());
  }

  /** Makes a session of a WebSocket that is open. */
  session(socket: WebSocketLike, owner: Owner, { pins, schema }: Peer, pass: Pass | undefined, signal: AbortSignal): Promise<Session> {
    const primitives = this.#primitives;
    const offer = { ciphers: primitives.ciphers, schema };
    return Session.open({ primitives, pins, offer, pass }, socket, owner, signal);
  }

  /** A page rarely needs them. */
  async posts(channel: Channel): Promise<Posts> {
    const { Posts } = await import("./posts.js");
    return new Posts(this.#primitives, channel);
  }
}
