import type { Call, Pass, Primitives, Response } from "../../protocol/index.js";
import { unlessAborted } from "../limit.js";
import type { Items, Receive } from "./items.js";
import { Lost } from "./outcome.js";
import { Pacer } from "./pacer.js";
import { isPage } from "./page.js";
import type { Posts } from "./posts.js";
import { socketClass } from "./socket.js";
import { Stream } from "./stream.js";

/** Whom a client talks to: the server's keys and what the client was built with. */
export interface Peer {
  /** The current key first. */
  pins: readonly Uint8Array[];
  /** The hash of the application's contract. */
  schema: Uint8Array;
}

/**
 * Loads the way by POST, which pages rarely need. Nothing of this chunk may import that: where nothing is
 * encrypted, bundlers would not see that neither is needed.
 */
export type LoadPosts = () => Promise<typeof import("./posts.js")>;

/** The encrypted ways to one server, which share what opens them. */
export class Channel {
  readonly url: string;
  readonly peer: Peer;
  readonly primitives: Primitives;
  readonly pacer = new Pacer();
  readonly #loadPosts: LoadPosts;
  readonly #stream = new Stream(this);
  #posts: Posts | undefined;
  #loading: Promise<Posts> | undefined;
  #pass: { pass: Pass; until: number } | undefined;
  #postsUntil = 0;

  constructor(url: string, peer: Peer, primitives: Primitives, loadPosts: LoadPosts) {
    this.url = url;
    this.peer = peer;
    this.primitives = primitives;
    this.#loadPosts = loadPosts;
  }

  /** Makes a call once. */
  async call(call: Call, via: "post" | "stream" | undefined, signal: AbortSignal): Promise<Response> {
    const way = via ?? (this.#streams() ? "stream" : "post");
    if (way === "post") return this.#post(call, signal);
    return this.#stream.call(call, signal).catch((error: unknown) => {
      // Some networks let no WebSocket through.
      if (via === undefined && error instanceof Lost && !this.#stream.wasOpen) this.#postsUntil = Date.now() + POSTS_MS;
      throw error;
    });
  }

  /** Begins a call whose result is a stream, once. */
  stream(call: Call, signal: AbortSignal, receive: Receive): Promise<Items> {
    return this.#stream.items(call, signal, receive);
  }

  /** What opens a session or POSTs, while it is good. */
  pass(): Pass | undefined {
    return this.#pass !== undefined && Date.now() < this.#pass.until ? this.#pass.pass : undefined;
  }

  /** Another pass of this channel, good for longer. */
  keep(pass: Pass): void {
    this.#pass = { pass, until: Date.now() + pass.goodForMs };
  }

  /** The server does not take it any more. */
  forget(pass: Pass): void {
    if (this.#pass?.pass === pass) this.#pass = undefined;
  }

  /** Ends what is open, with its calls. */
  close(): Promise<void> {
    return this.#stream.close();
  }

  /** Ends what is open, after its calls. */
  retire(): void {
    this.#stream.retire();
  }

  #streams(): boolean {
    return isPage() && socketClass() !== undefined && Date.now() >= this.#postsUntil;
  }

  async #post(call: Call, signal: AbortSignal): Promise<Response> {
    if (this.#posts === undefined) {
      await this.pacer.turn(signal);
      this.#posts = await unlessAborted((this.#loading ??= this.#load()), signal);
    }
    return this.#posts.call(call, signal);
  }

  async #load(): Promise<Posts> {
    try {
      const { Posts } = await this.#loadPosts();
      return new Posts(this);
    } catch (error) {
      this.#loading = undefined;
      this.pacer.failed();
      throw new Lost(false, error);
    }
  }
}

/** How long calls go by POST after a WebSocket could not be opened. */
const POSTS_MS = 60_000;
