//! The frame: header, nonce, ciphertext, tag (wire document, Frame).
//!
//! ```text
//! off len  field
//!  0   1   version = 1
//!  1   1   type
//!  2   2   flags
//!  4   4   low half of the sequence
//!  8   4   length of the ciphertext
//! 12   4   handshake: id of the static key; records: epoch
//! 16  12   nonce
//! 28 len   ciphertext
//!  ..  16   tag
//! ```

mod header;

pub use header::{Flags, HEADER, Header, Kind};

use crate::Misbehaviour;
use crate::crypto::aead::TAG;

/// Bytes of a nonce.
pub const NONCE: usize = 12;
/// Bytes of a frame beside its ciphertext.
pub const OVERHEAD: usize = 44;

/// A frame as it lies in the bytes of a peer. Nothing of it is authentic yet.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    pub header: Header,
    /// The header's bytes, which are authenticated as they came.
    pub head: &'a [u8; HEADER],
    pub nonce: &'a [u8; NONCE],
    pub ciphertext: &'a [u8],
    pub tag: &'a [u8; TAG],
    /// Ciphertext and tag: in handshakes one body.
    pub body: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads bytes that are one frame. What a header says of them is checked in the document's
    /// order: version, type (by `allowed`), flags, length, length of the whole.
    pub fn read(
        bytes: &'a [u8],
        longest: u32,
        allowed: impl Fn(Kind) -> bool,
    ) -> Result<Frame<'a>, Misbehaviour> {
        let (frame, rest) = Frame::take(bytes, longest, allowed)?;
        // "total length exact"
        if rest.is_empty() { Ok(frame) } else { Err(Misbehaviour::WrongLength) }
    }

    /// Reads the first of several frames, and returns what follows it.
    pub fn take(
        bytes: &'a [u8],
        longest: u32,
        allowed: impl Fn(Kind) -> bool,
    ) -> Result<(Frame<'a>, &'a [u8]), Misbehaviour> {
        let (head, rest) = bytes.split_first_chunk::<HEADER>().ok_or(Misbehaviour::WrongLength)?;
        let header = Header::decode(head, allowed)?;
        if header.length > longest {
            return Err(Misbehaviour::FrameTooLong);
        }
        let length = usize::try_from(header.length).map_err(|_| Misbehaviour::FrameTooLong)?;
        let (nonce, rest) = rest.split_first_chunk::<NONCE>().ok_or(Misbehaviour::WrongLength)?;
        let sealed = length.saturating_add(TAG);
        let (body, rest) = rest.split_at_checked(sealed).ok_or(Misbehaviour::WrongLength)?;
        let (ciphertext, tag) = body.split_last_chunk::<TAG>().ok_or(Misbehaviour::WrongLength)?;
        Ok((Frame { header, head, nonce, ciphertext, tag, body }, rest))
    }
}

/// A frame of the handshake: its nonce is zero, and `body` is at least the 16 bytes that stand
/// where other frames have their tag.
pub fn handshake_frame(header: &[u8; HEADER], body: &[u8]) -> Vec<u8> {
    [header.as_slice(), &[0; NONCE], body].concat()
}
