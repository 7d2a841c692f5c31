//! Sessionless calls: each is one POST that any gateway can answer (wire document, POST).
//!
//! ```text
//! request  = u16 len ‖ ticket ‖ call_id(16) ‖ random(16) ‖ frames
//! response = server_random(32) ‖ frames
//! ```
//!
//! The frames of each are numbered from 0 under a key of their own. A handshake is an INIT in a
//! request's place; the answer is a RESPONSE, followed, when it was accepted, by the first record of
//! the session: an `RPC_RESPONSE` to [`HANDSHAKE`](crate::message::HANDSHAKE) that brings the ticket.

mod client;
mod server;

pub use client::{Answer, Handshake, Pending, finish_handshake, request};
pub use server::{Post, handshake};

use zeroize::Zeroize;

use crate::Error;
use crate::Misbehaviour;
use crate::crypto::aead::{Aead, Cipher};
use crate::crypto::kdf::{expand_into, sha256};
use crate::crypto::secret::{PostSecret, TrafficIv, TrafficKey};
use crate::frame::{Frame, Kind};
use crate::limits::MAX_CALLS;
use crate::message::{Failure, Response};
use crate::record::{Assembly, Message, Place, RecordKey, fragments};
use crate::schedule::prefixed;

/// Whether a request is a handshake: it begins as an INIT does, where others have the length of
/// their ticket.
pub fn is_handshake(body: &[u8]) -> bool {
    body.starts_with(&[1, Kind::HandshakeInit as u8])
}

/// A final answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Response(Response),
    Failure(Failure),
}

impl Reply {
    /// The number of the request.
    pub fn in_reply_to(&self) -> u64 {
        match self {
            Reply::Response(response) => response.in_reply_to,
            Reply::Failure(failure) => failure.in_reply_to,
        }
    }

    fn decode(message: &Message) -> Result<Reply, Misbehaviour> {
        match message.kind {
            Kind::RpcResponse => Response::decode(&message.body).map(Reply::Response),
            _ => Failure::decode(&message.body).map(Reply::Failure),
        }
    }
}

/// The key of one direction of one POST, and what its frames are bound to.
struct Line {
    key: RecordKey,
    bound: Vec<u8>,
    sequence: u64,
}

impl Line {
    /// `key ‖ iv = HKDF-Expand(post_secret, LP("raystream-v1 post c2s") ‖ call_id ‖ random, 44)`;
    /// `AAD = header ‖ SHA-256(ticket) ‖ call_id ‖ random`
    fn request(
        (secret, cipher): (&PostSecret, Cipher),
        ticket: &[u8],
        call_id: &[u8; 16],
        random: &[u8; 16],
    ) -> Result<Line, Error> {
        let info = [&prefixed(b"raystream-v1 post c2s"), call_id.as_slice(), random];
        let bound = [&sha256(&[ticket]), call_id.as_slice(), random].concat();
        Line::new(secret, cipher, &info, bound)
    }

    /// `key ‖ iv = HKDF-Expand(post_secret, LP("raystream-v1 post s2c") ‖ SHA-256(request) ‖
    /// server_random, 44)`; `AAD = header ‖ SHA-256(request) ‖ server_random`
    fn response(
        (secret, cipher): (&PostSecret, Cipher),
        request: &[u8; 32],
        random: &[u8; 32],
    ) -> Result<Line, Error> {
        let info = [&prefixed(b"raystream-v1 post s2c"), request.as_slice(), random];
        Line::new(secret, cipher, &info, [request.as_slice(), random].concat())
    }

    fn new(
        secret: &PostSecret,
        cipher: Cipher,
        info: &[&[u8]],
        bound: Vec<u8>,
    ) -> Result<Line, Error> {
        let mut material = [0; 44];
        expand_into(secret.expose(), info, &mut material)?;
        let (key, iv) = material.split_first_chunk::<32>().ok_or(Error::Cryptography)?;
        let key = TrafficKey::new(*key);
        let iv = TrafficIv::new(iv.try_into().map_err(|_| Error::Cryptography)?);
        material.zeroize();
        let key = RecordKey { aead: Aead::new(cipher, key.expose())?, iv };
        Ok(Line { key, bound, sequence: 0 })
    }

    fn place(&mut self) -> Place {
        let place = Place { sequence: self.sequence, epoch: 0 };
        self.sequence = self.sequence.saturating_add(1);
        place
    }

    /// Appends a message; returns the sequence of its first frame.
    fn seal(
        &mut self,
        kind: Kind,
        message: &[u8],
        max_frame: u32,
        body: &mut Vec<u8>,
    ) -> Result<u64, Error> {
        let first = self.sequence;
        for (flags, part) in fragments(message, max_frame)? {
            let place = self.place();
            body.extend(self.key.seal(place, (kind, flags), &self.bound, part)?);
        }
        Ok(first)
    }

    /// Reads all messages of a body.
    fn open(
        mut self,
        mut body: &[u8],
        max_frame: u32,
        allowed: impl Fn(Kind) -> bool,
    ) -> Result<Vec<Message>, Error> {
        let (mut messages, mut assembly) = (Vec::new(), Assembly::default());
        while !body.is_empty() {
            let (frame, rest) = Frame::take(body, max_frame, &allowed)?;
            body = rest;
            let place = self.place();
            if frame.header.sequence != place.low() {
                return Err(Misbehaviour::WrongSequence.into());
            }
            if frame.header.reserved != [0; 4] {
                return Err(Misbehaviour::WrongEpoch.into());
            }
            if *frame.nonce != place.nonce() {
                return Err(Misbehaviour::WrongNonce.into());
            }
            let plaintext = self.key.open(place, &frame, &self.bound)?;
            messages.extend(assembly.take(frame.header, place.sequence, plaintext)?);
            if messages.len() > MAX_CALLS {
                return Err(Misbehaviour::TooManyCalls.into());
            }
        }
        if assembly.is_empty() { Ok(messages) } else { Err(Misbehaviour::Interrupted.into()) }
    }
}
