import type { Env, SharedStorage, Storage } from "../types/registry.js";

/** What the gateway tells of a call. */
export interface CallFacts {
  route: string;
  path: string;
  method: string;
  callId: string;
  sid: string;
  owner: string;
  tenant: string;
  /** The session's. */
  perm: number;
  ugroups: string[];
  isAnonymous: boolean;
  expiresAt: number;
}

/** The operations of the gateway that are used here, and what its parts leave for each other. */
export interface GatewayHost {
  /** The listed environment variables; undefined for one that is not set. */
  variables(): [string, string | undefined][];
  /** Of the call that is being served. */
  facts(): CallFacts;
  /** The request's headers, of the call that is being served. */
  headers(): [string, string][];
  /** The newest transaction that the call has seen. */
  currentTxid(): bigint;
  /** Says that the function may wait for the signal's abort, and tells whether it has been aborted. */
  takeSignal(): boolean;
  /** Says what an `HttpResp` asked for. */
  respond(status: number, headers: [string, string][]): void;
  /** Sends an item of the call's stream; resolves when its reader has room for it. */
  deliver(item: unknown): Promise<void>;
  /** Says that the isolate is of no use to other calls. */
  giveUp(): void;
  /** Keeps the isolate for the call until the promise has settled. */
  keep(work: Promise<void>): void;
  /** Writes to the log what was thrown. */
  log(message: string, thrown: string): void;
  setGroups(user: string, groups: string[]): Promise<void>;

  /** `env.storage` and `env.shared`, of the call that is being served. */
  storage?: Storage;
  shared?: SharedStorage;
  afterCommit?: Env["afterCommit"];

  /** What the gateway calls. */
  serve?: unknown;
  unwrap?: unknown;
  abort?: unknown;
  describe?: unknown;
  makeError?: unknown;
  classes?: unknown;
  /** All that applications can import; it is frozen with the globals. */
  library?: unknown;
}

/** Visible only while the isolate is made. */
declare const __host: GatewayHost;

export const host: GatewayHost = __host;
