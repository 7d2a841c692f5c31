//! What can go wrong, by the party to blame. None of it travels: to its peer each side says the
//! same whatever happened.

use std::fmt;

/// Why something stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The other side sent what the protocol forbids, or someone changed it on its way.
    PeerMisbehaved(Misbehaviour),
    /// The program that uses this crate asked for what cannot be done.
    Misused(Misuse),
    /// The system gave no random bytes.
    NoRandomness,
    /// The cryptographic library refused what it takes by its documentation.
    Cryptography,
}

/// What a peer did. For logs; a peer never learns which it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misbehaviour {
    /// The frame is shorter or longer than its header says.
    WrongLength,
    /// The frame's version is not 1.
    WrongVersion,
    /// No such type, or not in this state, or not from this side.
    WrongType,
    /// A flag that is unknown or does not belong to this type.
    WrongFlags,
    /// The header announces more than a frame may hold.
    FrameTooLong,
    /// The sequence is not the next one.
    WrongSequence,
    /// The epoch is neither the current nor the next one.
    WrongEpoch,
    /// The nonce is not the one that sequence and epoch make.
    WrongNonce,
    /// A header of the handshake differs from the only one possible.
    WrongHeader,
    /// The tag does not fit: changed, of another key, or not for this place.
    Unauthentic,
    /// A public key that makes a shared secret of zeros.
    WeakKey,
    /// The handshake is for a static key that is not ours.
    UnknownKey,
    /// A payload of the handshake that is not laid out as it must be.
    MalformedPayload,
    /// No cipher that both sides know.
    NoCommonCipher,
    /// The answer chose a cipher that was not offered.
    CipherNotOffered,
    /// The ticket cannot be opened here.
    BadTicket,
    /// The ticket was good once.
    TicketExpired,
    /// More than one cookie was asked for in one handshake.
    CookieRepeated,
    /// An address that makes too many handshakes.
    TooManyHandshakes,
    TooManySessions,
    /// More records in an epoch than a receiver takes.
    EpochTooLong,
    /// The sequence has reached its end.
    SessionTooLong,
    /// Padding that does not end as padding does.
    WrongPadding,
    /// Another message began before the last one was complete.
    Interrupted,
    /// A message of too many bytes.
    MessageTooLong,
    /// A message of too many frames.
    TooManyFragments,
    /// A message that is no table of its type.
    MalformedMessage,
    /// An answer to nothing, or to what was answered.
    UnknownReply,
    /// A request about a request that cannot exist, or is of the other sort.
    UnknownTarget,
    /// More calls at once than a session may have.
    TooManyCalls,
    /// More subscriptions at once than a session may have.
    TooManySubscriptions,
    /// More items than were asked for.
    NoCredit,
    /// An echo of a heartbeat that was not sent.
    UnknownHeartbeat,
    /// A request of a POST that its response leaves open.
    Unanswered,
}

/// What the program that uses this crate did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Misuse {
    /// The session is not open yet, or not any more.
    NotOpen,
    /// The message is longer than a peer takes.
    MessageTooLong,
    /// More metadata or headers than a peer takes.
    TooManyPairs,
    /// As many calls are under way as a session may have.
    TooManyCalls,
    /// As many subscriptions are open as a session may have.
    TooManySubscriptions,
    /// No request of that number waits for an answer.
    UnknownRequest,
    /// The peer has not asked for another item.
    NoCredit,
    /// No static key or no cipher is configured.
    NotConfigured,
    /// A ticket that is no ticket by its length.
    WrongTicket,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::PeerMisbehaved(what) => write!(f, "the peer misbehaved: {what:?}"),
            Error::Misused(what) => write!(f, "the protocol was misused: {what:?}"),
            Error::NoRandomness => f.write_str("the system gave no random bytes"),
            Error::Cryptography => f.write_str("the cryptographic library failed"),
        }
    }
}

impl std::error::Error for Error {}

impl From<Misbehaviour> for Error {
    fn from(what: Misbehaviour) -> Error {
        Error::PeerMisbehaved(what)
    }
}

impl From<Misuse> for Error {
    fn from(what: Misuse) -> Error {
        Error::Misused(what)
    }
}
