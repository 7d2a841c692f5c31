//! Records: frames under a session's keys (wire document, Key schedule and Stream).

mod seal;
mod open;
mod padding;
mod assembly;

pub use assembly::{Assembly, Message, fragments};
pub use open::Opener;
pub use padding::{pad, unpad};
pub use seal::Sealer;

use crate::crypto::aead::{Aead, TAG};
use crate::crypto::secret::TrafficIv;
use crate::frame::{Flags, Frame, Header, Kind, NONCE, OVERHEAD};
use crate::{Error, Misuse};

/// A record's place: which one it is, and under which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub sequence: u64,
    pub epoch: u32,
}

impl Place {
    /// `seq64 BE ‖ epoch32 BE`, the nonce as it travels.
    pub(crate) fn nonce(self) -> [u8; NONCE] {
        let [s0, s1, s2, s3, s4, s5, s6, s7] = self.sequence.to_be_bytes();
        let [e0, e1, e2, e3] = self.epoch.to_be_bytes();
        [s0, s1, s2, s3, s4, s5, s6, s7, e0, e1, e2, e3]
    }

    /// "record nonce = (seq64 BE ‖ epoch32 BE) xor `iv_dir`"
    fn secret_nonce(self, iv: &TrafficIv) -> [u8; NONCE] {
        let mut nonce = self.nonce();
        for (byte, mask) in nonce.iter_mut().zip(iv.expose()) {
            *byte ^= mask;
        }
        nonce
    }

    /// The low half of the sequence, as headers have it.
    pub(crate) fn low(self) -> u32 {
        let [_, _, _, _, low @ ..] = self.sequence.to_be_bytes();
        u32::from_be_bytes(low)
    }
}

/// The key of records, made ready, with its IV.
#[derive(Debug)]
pub(crate) struct RecordKey {
    pub aead: Aead,
    pub iv: TrafficIv,
}

impl RecordKey {
    /// Writes one frame. `bound` is authenticated behind the header.
    pub(crate) fn seal(
        &self,
        place: Place,
        (kind, flags): (Kind, Flags),
        bound: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let length = u32::try_from(plaintext.len()).map_err(|_| Misuse::MessageTooLong)?;
        let reserved = place.epoch.to_be_bytes();
        let head = Header { kind, flags, sequence: place.low(), length, reserved }.encode();
        let mut frame = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
        frame.extend_from_slice(&head);
        frame.extend_from_slice(&place.nonce());
        frame.extend_from_slice(plaintext);
        let text = frame.get_mut(OVERHEAD - TAG..).ok_or(Error::Cryptography)?;
        let nonce = place.secret_nonce(&self.iv);
        let tag = Self::authenticated(&head, bound, |aad| self.aead.seal(nonce, aad, text))?;
        frame.extend_from_slice(&tag);
        Ok(frame)
    }

    /// Reads one frame, whose place its caller has checked.
    pub(crate) fn open(
        &self,
        place: Place,
        frame: &Frame<'_>,
        bound: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let mut text = frame.ciphertext.to_vec();
        let nonce = place.secret_nonce(&self.iv);
        Self::authenticated(frame.head, bound, |aad| {
            self.aead.open(nonce, aad, &mut text, *frame.tag)
        })?;
        Ok(text)
    }

    fn authenticated<T>(head: &[u8], bound: &[u8], with: impl FnOnce(&[u8]) -> T) -> T {
        if bound.is_empty() { with(head) } else { with(&[head, bound].concat()) }
    }
}

#[cfg(test)]
mod tests;
