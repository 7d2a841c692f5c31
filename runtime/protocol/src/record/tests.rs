//! Limits that no test can reach by sending.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use super::{Opener, Sealer};
use crate::crypto::aead::Cipher;
use crate::crypto::exchange::PublicKey;
use crate::crypto::secret::SplitKeys;
use crate::frame::{Flags, Frame, Kind};
use crate::handshake::noise::Split;
use crate::limits::{EPOCH_RECORDS, LAST_SEQUENCE, REKEY_BYTES, REKEY_MS};
use crate::schedule::{Keys, ToServer};
use crate::{Error, Misbehaviour};

fn halves() -> (Sealer<ToServer>, Opener<ToServer>) {
    let keys = || {
        let split = Split { keys: SplitKeys::new([1; 64]), hash: [2; 32] };
        Keys::derive(&split, &[3; 16], &PublicKey([4; 32]), &PublicKey([5; 32])).unwrap()
    };
    let cipher = Cipher::Aes256Gcm;
    let sealer = Sealer::new(cipher, keys().to_server, u64::MAX, 0).unwrap();
    (sealer, Opener::new(cipher, keys().to_server).unwrap())
}

fn pass(
    (sealer, opener): &mut (Sealer<ToServer>, Opener<ToServer>),
    now: u64,
) -> Result<Vec<u8>, Error> {
    let record = sealer.seal(Kind::RpcCall, Flags::NONE, b"record", now)?;
    opener.open(&Frame::read(&record, 100, |_| true)?)
}

#[test]
fn a_key_changes_after_records_bytes_and_minutes() {
    let mut halves = halves();
    pass(&mut halves, REKEY_MS - 1).unwrap();
    assert_eq!(halves.0.epoch(), 0);
    pass(&mut halves, REKEY_MS).unwrap();
    assert_eq!((halves.0.epoch(), halves.1.epoch()), (1, 1));
    halves.0.bytes = REKEY_BYTES;
    pass(&mut halves, REKEY_MS).unwrap();
    assert_eq!((halves.0.epoch(), halves.1.epoch()), (2, 2));
    halves.0.records = 1 << 20;
    pass(&mut halves, REKEY_MS).unwrap();
    assert_eq!((halves.0.epoch(), halves.1.epoch()), (3, 3));
}

#[test]
fn a_receiver_takes_only_so_many_records_under_one_key() {
    let mut halves = halves();
    halves.1.records = EPOCH_RECORDS - 1;
    pass(&mut halves, 0).unwrap();
    assert_eq!(pass(&mut halves, 0), Err(Misbehaviour::EpochTooLong.into()));
}

#[test]
fn a_session_ends_at_its_last_sequence() {
    let mut halves = halves();
    (halves.0.sequence, halves.1.sequence) = (LAST_SEQUENCE - 1, LAST_SEQUENCE - 1);
    pass(&mut halves, 0).unwrap();
    assert_eq!(pass(&mut halves, 0), Err(Misbehaviour::SessionTooLong.into()));
    let record = halves.0.key.seal(
        super::Place { sequence: LAST_SEQUENCE, epoch: 0 },
        (Kind::RpcCall, Flags::NONE),
        &[],
        b"one more",
    );
    let record = record.unwrap();
    let frame = Frame::read(&record, 100, |_| true).unwrap();
    assert_eq!(halves.1.open(&frame), Err(Misbehaviour::SessionTooLong.into()));
}
