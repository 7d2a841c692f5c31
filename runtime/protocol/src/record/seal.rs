use super::{Place, RecordKey};
use crate::crypto::aead::{Aead, Cipher};
use crate::frame::{Flags, Kind, OVERHEAD};
use crate::limits::{LAST_SEQUENCE, REKEY_BYTES, REKEY_MS, REKEY_RECORDS};
use crate::schedule::Traffic;
use crate::{Error, Misbehaviour};

/// The sending half of a session.
#[derive(Debug)]
pub struct Sealer<Direction> {
    cipher: Cipher,
    traffic: Traffic<Direction>,
    pub(super) key: RecordKey,
    pub(super) sequence: u64,
    /// Records that one key seals, at most.
    rekey_records: u64,
    /// Of the current key.
    pub(super) records: u64,
    pub(super) bytes: u64,
    since: u64,
}

impl<Direction> Sealer<Direction> {
    /// Starts at sequence 0. `now` is a monotonic time in milliseconds.
    pub fn new(
        cipher: Cipher,
        traffic: Traffic<Direction>,
        rekey_records: u64,
        now: u64,
    ) -> Result<Self, Error> {
        Ok(Sealer {
            cipher,
            key: RecordKey {
                aead: Aead::new(cipher, traffic.key.expose())?,
                iv: traffic.iv.clone(),
            },
            traffic,
            sequence: 0,
            rekey_records: rekey_records.clamp(1, REKEY_RECORDS),
            records: 0,
            bytes: 0,
            since: now,
        })
    }

    /// The sequence of the next record.
    pub fn next(&self) -> u64 {
        self.sequence
    }

    /// The epoch of the current key.
    pub fn epoch(&self) -> u32 {
        self.traffic.epoch
    }

    /// Seals one record, under a new key where the current one has done its share.
    pub fn seal(
        &mut self,
        kind: Kind,
        flags: Flags,
        plaintext: &[u8],
        now: u64,
    ) -> Result<Vec<u8>, Error> {
        // "a session ends at 2^48"
        if self.sequence >= LAST_SEQUENCE {
            return Err(Misbehaviour::SessionTooLong.into());
        }
        let size = u64::try_from(plaintext.len().saturating_add(OVERHEAD)).unwrap_or(u64::MAX);
        // "Sender rekeys after 2^20 records, 2^36 bytes or 15 minutes"
        if self.records >= self.rekey_records
            || self.bytes.saturating_add(size) > REKEY_BYTES
            || now.saturating_sub(self.since) >= REKEY_MS
        {
            self.rekey(now)?;
        }
        let place = Place { sequence: self.sequence, epoch: self.traffic.epoch };
        let frame = self.key.seal(place, (kind, flags), &[], plaintext)?;
        self.sequence = self.sequence.saturating_add(1);
        self.records = self.records.saturating_add(1);
        self.bytes = self.bytes.saturating_add(size);
        Ok(frame)
    }

    fn rekey(&mut self, now: u64) -> Result<(), Error> {
        let traffic = self.traffic.rekeyed()?;
        let aead = Aead::new(self.cipher, traffic.key.expose())?;
        self.key = RecordKey { aead, iv: traffic.iv.clone() };
        self.traffic = traffic;
        self.records = 0;
        self.bytes = 0;
        self.since = now;
        Ok(())
    }
}
