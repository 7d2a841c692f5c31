//! INIT: `[u16 len ‖ ticket] [cookie16] ‖ e_c(32) ‖ AEAD(payload1) ‖ tag`.

use super::PROLOGUE;
use crate::frame::{Flags, Frame, HEADER, Header, Kind};
use crate::{Error, Misbehaviour, Misuse};

/// Bytes of a cookie.
pub const COOKIE: usize = 16;

/// An INIT as it lies in the bytes of a client. Nothing of it is authentic yet.
#[derive(Debug, Clone, Copy)]
pub struct Init<'a> {
    head: &'a [u8; HEADER],
    /// The id of the static key that it is for.
    pub key: [u8; 4],
    pub ticket: Option<&'a [u8]>,
    pub cookie: Option<&'a [u8; COOKIE]>,
    /// `e_c ‖ AEAD(payload1) ‖ tag`.
    pub message: &'a [u8],
}

impl<'a> Init<'a> {
    /// Reads an INIT.
    pub fn read(bytes: &'a [u8]) -> Result<Init<'a>, Misbehaviour> {
        let frame = Frame::read(bytes, LONGEST, |kind| kind == Kind::HandshakeInit)?;
        if frame.header.sequence != 0 || *frame.nonce != [0; 12] {
            return Err(Misbehaviour::WrongHeader);
        }
        let flags = frame.header.flags;
        let (ticket, rest) = if flags.has(Flags::RESUME) {
            let (ticket, rest) = take_prefixed(frame.body).ok_or(Misbehaviour::WrongLength)?;
            (Some(ticket), rest)
        } else {
            (None, frame.body)
        };
        let (cookie, message) = if flags.has(Flags::COOKIE) {
            let (cookie, rest) =
                rest.split_first_chunk::<COOKIE>().ok_or(Misbehaviour::WrongLength)?;
            (Some(cookie), rest)
        } else {
            (None, rest)
        };
        Ok(Init { head: frame.head, key: frame.header.reserved, ticket, cookie, message })
    }

    /// The client's ephemeral key, which its cookie is bound to.
    pub fn ephemeral(&self) -> Result<&'a [u8; 32], Misbehaviour> {
        self.message.first_chunk::<32>().ok_or(Misbehaviour::WrongLength)
    }

    /// "raystream-v1" ‖ header ‖ (RESUME ? u16 len ‖ ticket) ‖ (COOKIE ? cookie)
    pub fn prologue(&self) -> Result<Vec<u8>, Error> {
        prologue(self.head, self.ticket, self.cookie)
    }
}

/// The header of an INIT whose payload has `payload` bytes.
pub fn header(
    key: [u8; 4],
    ticket: Option<&[u8]>,
    cookie: Option<&[u8; COOKIE]>,
    payload: usize,
) -> Result<[u8; HEADER], Error> {
    let before = ticket.map_or(0, |ticket| ticket.len().saturating_add(2));
    let cookie_length = cookie.map_or(0, |cookie| cookie.len());
    let length = before.saturating_add(cookie_length).saturating_add(32).saturating_add(payload);
    let length = u32::try_from(length).map_err(|_| Misuse::MessageTooLong)?;
    let resume = if ticket.is_some() { Flags::RESUME } else { Flags::NONE };
    let flags = resume.with(if cookie.is_some() { Flags::COOKIE } else { Flags::NONE });
    let kind = Kind::HandshakeInit;
    Ok(Header { kind, flags, sequence: 0, length, reserved: key }.encode())
}

/// What both sides mix in before the first message.
pub fn prologue(
    head: &[u8; HEADER],
    ticket: Option<&[u8]>,
    cookie: Option<&[u8; COOKIE]>,
) -> Result<Vec<u8>, Error> {
    Ok([PROLOGUE, head, &before_message(ticket, cookie)?].concat())
}

/// What stands in the body before the client's ephemeral key.
pub fn before_message(
    ticket: Option<&[u8]>,
    cookie: Option<&[u8; COOKIE]>,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    if let Some(ticket) = ticket {
        let length = u16::try_from(ticket.len()).map_err(|_| Misuse::WrongTicket)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(ticket);
    }
    bytes.extend_from_slice(cookie.map_or(&[], |cookie| cookie.as_slice()));
    Ok(bytes)
}

/// Reads `u16 len ‖ bytes`.
pub(crate) fn take_prefixed(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

/// A ticket, a cookie and a payload need no more: an INIT is held before anything of it is known.
const LONGEST: u32 = 4096;
