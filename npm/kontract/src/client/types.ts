/** What a stub takes after the function's own arguments. */
export interface CallOptions {
  /** Gives the call up; it rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** In milliseconds; the call fails with TIMEOUT 504. */
  timeout?: number | undefined;
}

/** What the compiler knows of the route. */
export interface CallMeta {
  egroup?: string;
}

/** A call on its way to the server. */
export interface TransportRequest {
  route: string;
  /** Without undefined at its end or between values. */
  args: readonly unknown[];
  meta: CallMeta;
  options: CallOptions;
}

/** Carries calls to the server. */
export interface Transport {
  /** Resolves to the function's result, or rejects with the error it was answered. */
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
  /** Used instead of HTTP with JSON. */
  transport?: Transport | undefined;
  /** Sent with every request. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** How long a call may take, in milliseconds; 30 000 when left out. */
  timeout?: number | undefined;
}
