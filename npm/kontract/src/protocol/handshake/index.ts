/**
 * The handshake: two messages, after which both sides hold a session's keys (wire document,
 * Handshake). The same for a stream and for sessionless POSTs.
 */
import type { Keys } from "../schedule.js";
import type { Accepted } from "./payload.js";

/** What a completed handshake leaves to either side. */
export interface Established {
  readonly keys: Keys;
  /** What the server told: session id, cipher, limits. */
  readonly accepted: Accepted;
  /** The hash of the client's application, of which the server is told. */
  readonly schema: Uint8Array;
  /**
   * When the chain of tickets began that this session continues, in Unix milliseconds; to a client,
   * which does not know, zero.
   */
  readonly begun: number;
}
