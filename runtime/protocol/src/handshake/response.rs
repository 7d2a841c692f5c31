//! RESPONSE in its three forms: the handshake's second message, a cookie, and a refusal.
//!
//! "Every header field of RESPONSE is fixed or derived: compare for equality."

use super::init::COOKIE;
use crate::frame::{Flags, Frame, HEADER, Header, Kind, handshake_frame};
use crate::limits::MAX_FRAME;
use crate::{Error, Misbehaviour, Misuse};

/// A RESPONSE as it lies in the bytes of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Response<'a> {
    /// `e_s(32) ‖ AEAD(payload2) ‖ tag`
    Accepted(&'a [u8]),
    /// The same INIT again, with this cookie.
    Cookie([u8; COOKIE]),
    /// Whatever was wrong: "never a distinction".
    Refused,
}

impl<'a> Response<'a> {
    /// Reads the answer to an INIT for this static key.
    pub fn read(bytes: &'a [u8], key: [u8; 4]) -> Result<Response<'a>, Misbehaviour> {
        let frame = Frame::read(bytes, MAX_FRAME, |kind| kind == Kind::HandshakeResponse)?;
        let cookie = frame.header.flags == Flags::COOKIE;
        let flags = if cookie { Flags::COOKIE } else { Flags::NONE };
        let length = frame.header.length;
        let expected = header(flags, key, length);
        if frame.header != expected || *frame.nonce != [0; 12] {
            return Err(Misbehaviour::WrongHeader);
        }
        match (length, cookie) {
            (0, true) => Ok(Response::Cookie(*frame.tag)),
            (0, false) if *frame.tag == [0; 16] => Ok(Response::Refused),
            (32.., false) => Ok(Response::Accepted(frame.body)),
            _ => Err(Misbehaviour::WrongHeader),
        }
    }

    /// Writes it, for a client that named this static key.
    pub fn write(&self, key: [u8; 4]) -> Result<Vec<u8>, Error> {
        let (flags, body): (Flags, &[u8]) = match self {
            Response::Accepted(message) => (Flags::NONE, message),
            Response::Cookie(cookie) => (Flags::COOKIE, cookie),
            Response::Refused => (Flags::NONE, &[0; 16]),
        };
        let length = body.len().saturating_sub(16);
        let length = u32::try_from(length).map_err(|_| Misuse::MessageTooLong)?;
        Ok(handshake_frame(&header(flags, key, length).encode(), body))
    }
}

/// The one answer to whatever a server does not take before a session is open. It depends on
/// nothing but the key id in the frame that it answers.
pub fn refusal(frame: &[u8]) -> Vec<u8> {
    let key = frame.get(12..HEADER).and_then(|bytes| bytes.first_chunk::<4>()).unwrap_or(&[0; 4]);
    handshake_frame(&header(Flags::NONE, *key, 0).encode(), &[0; 16])
}

fn header(flags: Flags, key: [u8; 4], length: u32) -> Header {
    Header { kind: Kind::HandshakeResponse, flags, sequence: 0, length, reserved: key }
}
