//! The handshake: two messages, after which both sides hold a session's keys (wire document,
//! Handshake). The same for a stream and for sessionless POSTs.

pub mod noise;
pub mod init;
pub mod payload;
pub mod response;
pub mod client;
pub mod server;

use crate::crypto::aead::Cipher;
use crate::schedule::Keys;
use payload::Accepted;

/// What a completed handshake leaves to either side.
#[derive(Debug)]
pub struct Established {
    pub keys: Keys,
    /// What the server told: session id, limits, ticket.
    pub accepted: Accepted,
    /// The hash of the client's application, of which the server is told.
    pub schema: [u8; 32],
    /// When the chain of tickets began that this session continues, in Unix milliseconds; to a
    /// client, which does not know, zero.
    pub begun: u64,
}

impl Established {
    /// The cipher of the session's records.
    pub fn cipher(&self) -> Cipher {
        self.accepted.cipher
    }
}

const PROLOGUE: &[u8] = b"raystream-v1";
