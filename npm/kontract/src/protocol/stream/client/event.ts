import type { ProtocolError } from "../../error.js";
import type { Failure, Item, Response } from "../../message/index.js";
import type { Pass } from "../../pass.js";
import type { Ending } from "../index.js";

/** What a client learns. */
export type ClientEvent =
  /** Calls can be made. */
  | { readonly type: "Opened"; readonly session: Uint8Array; readonly resumed: boolean }
  /** What opens POSTs and the next stream; each is better than the ones before it. */
  | { readonly type: "Pass"; readonly pass: Pass }
  | { readonly type: "Response"; readonly response: Response }
  | { readonly type: "Failure"; readonly failure: Failure }
  | { readonly type: "Item"; readonly item: Item }
  /**
   * So many heartbeats in a row had no echo: one is worth a line in a log, after two it is time to
   * reconnect.
   */
  | { readonly type: "Missed"; readonly count: number }
  /** It is time to resume, for a fresh Diffie–Hellman. */
  | { readonly type: "Refresh" }
  /** The last event. What these requests did is unknown. */
  | {
      readonly type: "Ended";
      readonly how: Ending;
      /** Why, where it failed; for logs. */
      readonly error?: ProtocolError | undefined;
      readonly unanswered: readonly number[];
    };
