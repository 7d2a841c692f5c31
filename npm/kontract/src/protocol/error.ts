/**
 * What can go wrong, by the party to blame. None of it travels: to its peer each side says the same
 * whatever happened.
 */

/** What a peer did, or who changed its bytes on their way. For logs; a peer never learns which it was. */
export type Misbehaviour =
  /** The frame is shorter or longer than its header says. */
  | "WrongLength"
  /** The frame's version is not 1. */
  | "WrongVersion"
  /** No such type, or not in this state, or not from this side. */
  | "WrongType"
  /** A flag that is unknown or does not belong to this type. */
  | "WrongFlags"
  /** The header announces more than a frame may hold. */
  | "FrameTooLong"
  /** The sequence is not the next one. */
  | "WrongSequence"
  /** The epoch is neither the current nor the next one. */
  | "WrongEpoch"
  /** The nonce is not the one that sequence and epoch make. */
  | "WrongNonce"
  /** A header of the handshake differs from the only one possible. */
  | "WrongHeader"
  /** The tag does not fit: changed, of another key, or not for this place. */
  | "Unauthentic"
  /** A public key that makes a shared secret of zeros. */
  | "WeakKey"
  /** The handshake is for a static key that is not ours. */
  | "UnknownKey"
  /** A payload of the handshake that is not laid out as it must be. */
  | "MalformedPayload"
  /** No cipher that both sides know. */
  | "NoCommonCipher"
  /** The answer chose a cipher that was not offered. */
  | "CipherNotOffered"
  /** The ticket cannot be opened here. */
  | "BadTicket"
  /** The ticket was good once. */
  | "TicketExpired"
  /** More than one cookie was asked for in one handshake. */
  | "CookieRepeated"
  /** An address that makes too many handshakes. */
  | "TooManyHandshakes"
  | "TooManySessions"
  /** More records in an epoch than a receiver takes. */
  | "EpochTooLong"
  /** The sequence has reached its end. */
  | "SessionTooLong"
  /** Padding that does not end as padding does. */
  | "WrongPadding"
  /** Another message began before the last one was complete. */
  | "Interrupted"
  /** A message of too many bytes. */
  | "MessageTooLong"
  /** A message of too many frames. */
  | "TooManyFragments"
  /** A message that is no table of its type. */
  | "MalformedMessage"
  /** An answer to nothing, or to what was answered. */
  | "UnknownReply"
  /** A request about a request that cannot exist, or is of the other sort. */
  | "UnknownTarget"
  /** More calls at once than a session may have. */
  | "TooManyCalls"
  /** More subscriptions at once than a session may have. */
  | "TooManySubscriptions"
  /** More items than were asked for. */
  | "NoCredit"
  /** An echo of a heartbeat that was not sent. */
  | "UnknownHeartbeat"
  /** A request of a POST that its response leaves open. */
  | "Unanswered";

/** What the program that uses this module did. */
export type Misuse =
  /** The session is not open yet, or not any more. */
  | "NotOpen"
  /** The message is longer than a peer takes. */
  | "MessageTooLong"
  /** More metadata or headers than a peer takes. */
  | "TooManyPairs"
  /** As many calls are under way as a session may have. */
  | "TooManyCalls"
  /** As many subscriptions are open as a session may have. */
  | "TooManySubscriptions"
  /** No request of that number waits for an answer. */
  | "UnknownRequest"
  /** The peer has not asked for another item. */
  | "NoCredit"
  /** No static key or no cipher is configured, or one of a wrong length. */
  | "NotConfigured"
  /** A ticket that is no ticket by its length. */
  | "WrongTicket";

/** What the platform failed at. */
export type Fault =
  /** It gave no random bytes. */
  | "NoRandomness"
  /** Its cryptography refused what it takes by its documentation. */
  | "Cryptography";

/** Why something stopped. Its message names no secret and no byte of a peer. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
  readonly blame: "peer" | "program" | "platform";
  readonly what: Misbehaviour | Misuse | Fault;

  constructor(blame: "peer", what: Misbehaviour);
  constructor(blame: "program", what: Misuse);
  constructor(blame: "platform", what: Fault);
  constructor(blame: ProtocolError["blame"], what: ProtocolError["what"]) {
    super(`raystream: ${what} (${blame})`);
    this.blame = blame;
    this.what = what;
  }
}

/** The other side sent what the protocol forbids. */
export function misbehaved(what: Misbehaviour): never {
  throw new ProtocolError("peer", what);
}

/** The program asked for what cannot be done. */
export function misused(what: Misuse): never {
  throw new ProtocolError("program", what);
}

/** Whatever was thrown: what is no error of the protocol is the platform's. */
export function failure(error: unknown): ProtocolError {
  return error instanceof ProtocolError ? error : new ProtocolError("platform", "Cryptography");
}
