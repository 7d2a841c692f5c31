/** What makes encrypted calls, with the protocol: loaded beside the first connection, in a page before. */
import { decodeBase64 } from "../../base64.js";
import { type Call, type Primitives, primitives, type Response } from "../../protocol/index.js";
import { serverUrl, settings } from "../configure.js";
import { type Limit, pause, within } from "../limit.js";
import { Channel, type LoadPosts, type Peer } from "./channel.js";
import type { Items, Receive } from "./items.js";
import { Attempts, Lost } from "./outcome.js";
import type { Pinned } from "./wire.js";

/** Makes encrypted calls to the server that the program is set to. */
export class Sealed {
  readonly #primitives: Primitives;
  readonly #pinned: Pinned;
  readonly #loadPosts: LoadPosts;
  #peer: Peer | undefined;
  #channel: Channel | undefined;
  #login = settings().token;

  private constructor(primitives: Primitives, pinned: Pinned, loadPosts: LoadPosts) {
    this.#primitives = primitives;
    this.#pinned = pinned;
    this.#loadPosts = loadPosts;
  }

  /** Finds the cryptography that the platform has. */
  static async of(pinned: Pinned, loadPosts: LoadPosts): Promise<Sealed> {
    return new Sealed(await primitives(), pinned, loadPosts);
  }

  /** Makes a call, and again as long as that is allowed, always with the same id. The caller may have set a limit. */
  async call(call: Call, via: "post" | "stream" | undefined, whole: Limit, reads = false, limited: boolean): Promise<Response> {
    const attempts = new Attempts(reads);
    for (;;) {
      try {
        return await within(whole.signal, attempts.timeout(whole.left(), limited), ({ signal, left }) => {
          const metadata: Call["metadata"] = [...call.metadata, ["timeout", String(Math.ceil(left()))]];
          return this.#channelTo(serverUrl()).call({ ...call, metadata }, via, signal);
        });
      } catch (error) {
        const wait = whole.signal.aborted ? undefined : attempts.again(error);
        if (wait === undefined) throw error instanceof Lost ? error.told() : error;
        await pause(wait, whole.signal);
      }
    }
  }

  /** Begins a call whose result is a stream, once. */
  stream(call: Call, signal: AbortSignal, receive: Receive): Promise<Items> {
    return this.#channelTo(serverUrl()).stream(call, signal, receive);
  }

  /** Ends what is open, with its calls. */
  async close(): Promise<void> {
    await this.#channel?.close();
  }

  #channelTo(url: string): Channel {
    const { token } = settings();
    // A WebSocket keeps the cookies that it was opened with.
    if (this.#channel?.url !== url || this.#login !== token) this.#channel?.retire();
    this.#login = token;
    if (this.#channel?.url !== url) {
      this.#peer ??= readPeer(this.#pinned);
      this.#channel = new Channel(url, this.#peer, this.#primitives, this.#loadPosts);
    }
    return this.#channel;
  }
}

function readPeer({ schema, pins }: Pinned): Peer {
  const hex = /^sha256:((?:[0-9a-f]{2}){32})$/.exec(schema)?.[1];
  const keys = pins.map(({ key }) => decodeBase64(key));
  if (hex === undefined || keys.length === 0 || keys.some((key) => key.length !== 32)) {
    throw new TypeError("The client's pinned keys cannot be read: run `kontract build` again");
  }
  return { pins: keys, schema: Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16)) };
}
