import type { Items, Receive } from "./raystream/items.js";

/** What a stub takes after the function's own arguments. */
export interface CallOptions {
  /** Gives the call up; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** In milliseconds; the call fails with TIMEOUT 504. */
  timeout?: number | undefined;
}

/** What the compiler knows of the route. A call without a codec is made in JSON, unchecked. */
export interface CallMeta extends Partial<Codec> {
  egroup?: string;
  /** The route changes nothing: a call may be repeated freely. */
  reads?: boolean;
  /** The encrypted way to the server whose key the build has pinned. */
  wire?: Wire;
}

/** Carries calls encrypted; what generated clients are given where the build pins a key. */
export interface Wire {
  /** Without `via` the way is the one that suits the program. */
  call(request: TransportRequest, via?: "post" | "stream"): Promise<unknown>;
  /** Makes a call ready whose result is a stream; what is returned begins it, over a WebSocket. */
  stream(request: TransportRequest): (signal: AbortSignal, receive: Receive) => Promise<Items>;
}

/** Writes and reads the calls of one route. */
export interface Codec {
  /** The hash of the route's contract, as the stub was built with. */
  abi: string;
  /**
   * Writes the arguments by their types; what does not match is a `CodecError`. The bytes may lie
   * in a buffer with those of other calls: send them, not their `buffer`.
   */
  encode: (args: readonly unknown[]) => Uint8Array;
  /** Reads the result. */
  decode: (bytes: Uint8Array) => unknown;
}

/** Is the call made in bytes? */
export function hasCodec(meta: CallMeta): meta is CallMeta & Codec {
  return meta.abi !== undefined && meta.encode !== undefined && meta.decode !== undefined;
}

/** A call on its way to the server. */
export interface TransportRequest {
  route: string;
  /**
   * As the stub was given them, where `meta` has a codec for them. Of a call without, they
   * are JSON's: no undefined at the end, null for one before other arguments.
   */
  args: readonly unknown[];
  meta: CallMeta;
  options: CallOptions;
}

/** Carries calls to the server. */
export interface Transport {
  /**
   * Resolves to the function's result, or rejects with the error it was answered. What the
   * server reads and answers as `application/x-kontract` is what `meta.encode` writes and
   * `meta.decode` reads.
   */
  call(request: TransportRequest): Promise<unknown>;
}

/** The client's settings. */
export interface ClientConfig {
  /** The server's address; in a browser the page's own server when left out. */
  baseUrl?: string | undefined;
  /** The credential that calls carry; null for none. */
  token?: string | null | undefined;
  /** Used instead of the global `fetch`. */
  fetch?: typeof fetch | undefined;
  /**
   * How calls travel: in the clear inside of TLS (`http`), or encrypted to the server whose key the
   * build has pinned, by a request each (`post`) or over one WebSocket (`stream`). When left out:
   * encrypted where a key is pinned, over a WebSocket in a page and by requests elsewhere. An object
   * replaces all of it.
   */
  transport?: "http" | "post" | "stream" | Transport | undefined;
  /** Used instead of the global `WebSocket`, which Node.js has from version 22 on. */
  webSocket?: WebSocketClass | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** How long a call may take, in milliseconds; 30 000 when left out. */
  timeout?: number | undefined;
}

/** A browser's `WebSocket`, or one that is like it, such as that of the package `ws`. */
export type WebSocketClass = new (url: string) => WebSocketLike;

/** What calls need of a `WebSocket`. */
export interface WebSocketLike {
  binaryType: string;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array): void;
  close(): void;
}
