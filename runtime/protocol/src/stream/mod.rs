//! The stream: a session over one connection, as a machine (wire document, Stream, State machine).
//!
//! Frames and the passing of time go in by `handle_*`, frames, events and the next time to call
//! come out by `poll_*`. Each ends with exactly one event that says how.

mod requests;
mod heartbeat;
mod pipe;
mod client;
mod server;

pub use client::Event as ClientEvent;
pub use client::{Client, Config};
pub use server::Event as ServerEvent;
pub use server::Server;

use crate::Error;

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// This side closed it.
    Closed,
    /// The other side closed it.
    ClosedByPeer,
    /// "end of stream without it means truncation"
    Truncated,
    /// "the first failure of any kind is fatal"
    Failed(Error),
    /// The server refused every handshake.
    Refused,
    /// Nothing came in time: no answer to an INIT, or no first record.
    HandshakeTimedOut,
    /// Nothing was heard for three heartbeats.
    Lost,
    /// It lasted as long as a session may without a fresh Diffie–Hellman.
    TooOld,
    /// It made way for others before its first record.
    Evicted,
}
