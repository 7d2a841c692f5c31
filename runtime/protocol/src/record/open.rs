use super::{Place, RecordKey};
use crate::crypto::aead::{Aead, Cipher};
use crate::frame::Frame;
use crate::limits::{EPOCH_RECORDS, LAST_SEQUENCE};
use crate::schedule::Traffic;
use crate::{Error, Misbehaviour};

/// The receiving half of a session. A frame that is refused changes nothing.
#[derive(Debug)]
pub struct Opener<Direction> {
    cipher: Cipher,
    traffic: Traffic<Direction>,
    pub(super) key: RecordKey,
    pub(super) sequence: u64,
    /// Under the current key.
    pub(super) records: u64,
}

impl<Direction> Opener<Direction> {
    /// Starts at sequence 0.
    pub fn new(cipher: Cipher, traffic: Traffic<Direction>) -> Result<Self, Error> {
        let key =
            RecordKey { aead: Aead::new(cipher, traffic.key.expose())?, iv: traffic.iv.clone() };
        Ok(Opener { cipher, traffic, key, sequence: 0, records: 0 })
    }

    /// The sequence of the next record.
    pub fn next(&self) -> u64 {
        self.sequence
    }

    /// The epoch of the current key.
    pub fn epoch(&self) -> u32 {
        self.traffic.epoch
    }

    /// Opens the next record. Its type, flags and length were checked when it was read.
    pub fn open(&mut self, frame: &Frame<'_>) -> Result<Vec<u8>, Error> {
        if self.sequence >= LAST_SEQUENCE {
            return Err(Misbehaviour::SessionTooLong.into());
        }
        let current = Place { sequence: self.sequence, epoch: self.traffic.epoch };
        // "header seq = low32(seq64)"
        if frame.header.sequence != current.low() {
            return Err(Misbehaviour::WrongSequence.into());
        }
        // "reserved = epoch ∈ {current, current+1}"
        let epoch = u32::from_be_bytes(frame.header.reserved);
        let place = Place { epoch, ..current };
        let next = current.epoch.checked_add(1) == Some(epoch);
        if epoch != current.epoch && !next {
            return Err(Misbehaviour::WrongEpoch.into());
        }
        if *frame.nonce != place.nonce() {
            return Err(Misbehaviour::WrongNonce.into());
        }
        let plaintext = if next {
            let traffic = self.traffic.rekeyed()?;
            let aead = Aead::new(self.cipher, traffic.key.expose())?;
            let key = RecordKey { aead, iv: traffic.iv.clone() };
            let plaintext = key.open(place, frame, &[])?;
            self.key = key;
            self.traffic = traffic;
            self.records = 0;
            plaintext
        } else {
            // "the receiver refuses beyond 2^23 records in an epoch"
            if self.records >= EPOCH_RECORDS {
                return Err(Misbehaviour::EpochTooLong.into());
            }
            self.key.open(place, frame, &[])?
        };
        self.sequence = self.sequence.saturating_add(1);
        self.records = self.records.saturating_add(1);
        Ok(plaintext)
    }
}
