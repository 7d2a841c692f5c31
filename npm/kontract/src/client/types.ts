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
  /** Used instead of HTTP. */
  transport?: Transport | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** How long a call may take, in milliseconds; 30 000 when left out. */
  timeout?: number | undefined;
}
