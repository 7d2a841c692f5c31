import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import type { WebSocketServer } from "ws";
import type { Reply } from "../../protocol/index.js";
import { handshake, isHandshake, type Node, Post, type Slot } from "../../protocol/server.js";
import { type Service, serveCall } from "./call.js";
import { Connection } from "./connection.js";
import { callerBytes, now } from "./peer.js";

/** Encrypted calls: by POST, each answered for itself, and over WebSockets. */
export class Raystream {
  readonly #node: Node;
  readonly #service: Service;
  readonly #connections = new Set<Connection>();
  readonly #halfOpen = new Map<Slot, Connection>();
  /** Since the last line in the log. */
  #refused = 0;
  #quietUntil = 0;
  #sockets: Promise<WebSocketServer> | undefined;

  constructor(node: Node, service: Service) {
    this.#node = node;
    this.#service = service;
  }

  /** Answers a `POST /raystream`. */
  async post(body: Uint8Array, request: IncomingMessage, signal: AbortSignal): Promise<Uint8Array> {
    if (isHandshake(body)) {
      const answered = await handshake(this.#node, body, callerBytes(request), now());
      this.#note(answered.error);
      return answered.body;
    }
    let post: Post;
    try {
      post = await Post.open(this.#node, body, now());
    } catch (error) {
      this.#note(error);
      return Post.refused(body);
    }
    const calls = [...post.calls].map(([number, call]) => ({ number, call, controller: new AbortController() }));
    const leave = (): void => {
      for (const { controller } of calls) controller.abort();
    };
    signal.addEventListener("abort", leave, { once: true });
    const replies = await Promise.all(
      calls.map(({ number, call, controller }) => serveCall(this.#service, request, number, call, controller.signal)),
    );
    for (const reply of replies) await answer(post, reply);
    return post.finish();
  }

  /** Makes a stream of a connection. */
  async upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const sockets = await (this.#sockets ??= this.#makeSockets().catch((error: unknown) => {
      // The next one tries again.
      this.#sockets = undefined;
      throw error;
    }));
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new Connection(this.#node, this.#service, webSocket, request, {
        halfOpen: this.#halfOpen,
        note: (error) => this.#note(error),
        ended: () => this.#connections.delete(connection),
      });
      this.#connections.add(connection);
    });
  }

  /** Says goodbye to every client, when its calls have been answered. */
  async drain(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.drain()));
  }

  async #makeSockets(): Promise<WebSocketServer> {
    const { WebSocketServer } = await import("ws");
    // A longer message is no frame.
    return new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload: this.#node.maxFrame + FRAME_MORE });
  }

  /** A line a minute: whoever floods the server does not flood its log. */
  #note(error: unknown): void {
    if (error === undefined) return;
    this.#refused += 1;
    if (Date.now() < this.#quietUntil) return;
    const others = this.#refused === 1 ? "" : `, after ${this.#refused - 1} others`;
    this.#service.host.log({ level: "info", message: `A client was refused: ${String(error)}${others}` });
    this.#refused = 0;
    this.#quietUntil = Date.now() + QUIET_MS;
  }
}

async function answer(post: Post, reply: Reply): Promise<void> {
  if (reply.type === "Response") await post.respond(reply.response);
  else await post.fail(reply.failure);
}

const QUIET_MS = 60_000;
/** A frame's header and tag. */
const FRAME_MORE = 44;
