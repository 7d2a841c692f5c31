import type { Slot } from "../../admission.js";
import type { ProtocolError } from "../../error.js";
import type { Call } from "../../message/index.js";
import type { Ending } from "../index.js";

/** What a server learns. */
export type ServerEvent =
  /**
   * The handshake was answered. Where there are too many half-open sessions, `evicted` must make way:
   * its stream gets {@link Server.evict}.
   */
  | { readonly type: "Entered"; readonly slot: Slot; readonly evicted: Slot | undefined }
  /** A handshake that was refused, for the log. */
  | { readonly type: "Refused"; readonly error: ProtocolError }
  /** The client has shown that it holds the keys. */
  | { readonly type: "Opened"; readonly session: Uint8Array; readonly schema: Uint8Array }
  | { readonly type: "Call"; readonly sequence: number; readonly call: Call }
  | { readonly type: "Subscribe"; readonly sequence: number; readonly topic: string }
  /** Nobody waits for this call's result any more; it is answered all the same. */
  | { readonly type: "Cancel"; readonly target: number }
  /** The subscription is to end with a final answer. */
  | { readonly type: "Unsubscribe"; readonly target: number }
  /** More items of a stream may be sent. */
  | { readonly type: "Credit"; readonly target: number }
  /** The last event. Nobody waits for these any more. */
  | {
      readonly type: "Ended";
      readonly how: Ending;
      /** Why, where it failed; for logs. */
      readonly error?: ProtocolError | undefined;
      readonly unanswered: readonly number[];
    };
