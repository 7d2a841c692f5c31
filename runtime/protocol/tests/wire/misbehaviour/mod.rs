//! Peers that misbehave, by name, against every role. Each ends as the wire document says: a server
//! answers a handshake with the one refusal, and an open session ends at the first failure, without
//! a word to the peer and without anything of the frame delivered.
//!
//! `fixtures/wire/misbehaviours.json` names them for all implementations.

pub mod client;
mod handshake;
mod post;
mod response;
pub mod server;

use std::collections::BTreeMap;

use kontract_protocol::frame::{Flags, Kind};
use kontract_protocol::message::{Call, Failure, Item, Response, Subscribe};
use kontract_protocol::record::Sealer;

use crate::support::{call, fixture};

/// A record that a test seals itself, with the keys of one side.
pub struct Forger<Direction> {
    pub sealer: Sealer<Direction>,
    /// A frame that the other side sealed.
    pub theirs: Vec<u8>,
}

type Frames = Vec<Vec<u8>>;

impl<Direction> Forger<Direction> {
    pub fn seal(&mut self, kind: Kind, flags: Flags, plaintext: &[u8]) -> Vec<u8> {
        self.sealer.seal(kind, flags, plaintext, 0).unwrap()
    }

    pub fn plain(&mut self, kind: Kind, plaintext: &[u8]) -> Vec<u8> {
        self.seal(kind, Flags::NONE, plaintext)
    }

    pub fn call(&mut self) -> Vec<u8> {
        self.plain(Kind::RpcCall, &call("forged").encode())
    }

    pub fn subscribe(&mut self, asked: &Subscribe) -> Vec<u8> {
        self.plain(Kind::Subscribe, &asked.encode())
    }

    pub fn respond(&mut self, in_reply_to: u64) -> Vec<u8> {
        let response = Response { in_reply_to, ..Response::default() };
        self.plain(Kind::RpcResponse, &response.encode())
    }

    pub fn fail(&mut self, in_reply_to: u64) -> Vec<u8> {
        let failure = Failure { in_reply_to, code: "NOT_FOUND".into(), ..Failure::default() };
        self.plain(Kind::RpcError, &failure.encode())
    }

    pub fn item(&mut self, in_reply_to: u64) -> Vec<u8> {
        self.plain(Kind::Event, &Item { in_reply_to, item: Vec::new() }.encode())
    }

    /// A record of `kind` whose bytes were changed.
    pub fn changed(&mut self, kind: Kind, change: impl Fn(&mut Vec<u8>)) -> Frames {
        let mut frame = self.plain(kind, &call("changed").encode());
        change(&mut frame);
        vec![frame]
    }
}

/// What either side must refuse of records, whatever they hold: `kind` is one that it takes.
pub fn of_any_record<Direction>() -> Vec<Case<Direction>> {
    use kontract_protocol::Misbehaviour::*;
    vec![
        ("an INIT in an open session", |f, k| f.changed(k, |b| b[1] = 1), WrongType),
        ("a RESPONSE in an open session", |f, k| f.changed(k, |b| b[1] = 2), WrongType),
        ("a type that does not exist", |f, k| f.changed(k, |b| b[1] = 0x7F), WrongType),
        ("another version", |f, k| f.changed(k, |b| b[0] = 2), WrongVersion),
        ("a flag that does not exist", |f, k| f.changed(k, |b| b[2] = 0x80), WrongFlags),
        ("a flag of handshakes", |f, k| f.changed(k, |b| b[3] = 1), WrongFlags),
        ("MORE on a heartbeat", |f, _| vec![f.seal(Kind::Heartbeat, Flags::MORE, &[])], WrongFlags),
        ("MORE on a CLOSE", |f, _| vec![f.seal(Kind::Close, Flags::MORE, &[])], WrongFlags),
        ("nothing at all", |_, _| vec![Vec::new()], WrongLength),
        ("half a header", |f, k| f.changed(k, |b| b.truncate(8)), WrongLength),
        ("a frame that was cut off", |f, k| f.changed(k, |b| b.truncate(b.len() - 1)), WrongLength),
        ("a frame with more behind it", |f, k| f.changed(k, |b| b.push(0)), WrongLength),
        ("a header that announces gigabytes", |f, k| f.changed(k, |b| b[8] = 0xFF), FrameTooLong),
        ("a frame just too long", |f, k| vec![f.plain(k, &vec![0; (1 << 20) + 1])], FrameTooLong),
        ("a header of another sequence", |f, k| f.changed(k, |b| b[7] ^= 1), WrongSequence),
        (
            "a reused sequence",
            |f, k| {
                let begun = f.seal(k, Flags::MORE, &[]);
                vec![begun.clone(), begun]
            },
            WrongSequence,
        ),
        (
            "a frame left out",
            |f, k| {
                f.plain(k, &[]);
                f.changed(k, |_| {})
            },
            WrongSequence,
        ),
        ("an epoch two ahead", |f, k| f.changed(k, |b| b[15] = 2), WrongEpoch),
        ("an epoch far ahead", |f, k| f.changed(k, |b| b[12] = 0xFF), WrongEpoch),
        (
            "the next epoch under the old key",
            |f, k| {
                f.changed(k, |b| {
                    b[15] = 1;
                    b[27] = 1;
                })
            },
            Unauthentic,
        ),
        ("a nonce of another sequence", |f, k| f.changed(k, |b| b[23] ^= 1), WrongNonce),
        ("a nonce of another epoch", |f, k| f.changed(k, |b| b[27] = 1), WrongNonce),
        ("a bit of the ciphertext", |f, k| f.changed(k, |b| b[28] ^= 1), Unauthentic),
        ("a bit of the tag", |f, k| f.changed(k, |b| *b.last_mut().unwrap() ^= 0x80), Unauthentic),
        ("a flag that was not sealed", |f, k| f.changed(k, |b| b[3] = 4), Unauthentic),
        (
            "a message within another",
            |f, k| {
                let begun = f.seal(k, Flags::MORE, &[1, 2, 3]);
                vec![begun, f.plain(Kind::Heartbeat, &[])]
            },
            Interrupted,
        ),
        (
            "a message of more than 64 frames",
            |f, k| (0..64).map(|_| f.seal(k, Flags::MORE, &[])).collect(),
            TooManyFragments,
        ),
        (
            "a message of 17 MiB",
            |f, k| (0..17).map(|_| f.seal(k, Flags::MORE, &vec![0; 1 << 20])).collect(),
            MessageTooLong,
        ),
        ("padding without its length", |f, k| vec![f.seal(k, Flags::PADDED, &[0])], WrongPadding),
        ("padding longer than all", |f, k| vec![f.seal(k, Flags::PADDED, &[9, 9])], WrongPadding),
        (
            "padding that says something",
            |f, k| vec![f.seal(k, Flags::PADDED, &[1, 0, 1])],
            WrongPadding,
        ),
        ("a message that is no table", |f, k| vec![f.plain(k, &[0xFF; 40])], MalformedMessage),
        ("a message of nothing", |f, k| vec![f.plain(k, &[])], MalformedMessage),
        ("a heartbeat of nothing", |f, _| vec![f.plain(Kind::Heartbeat, &[])], MalformedMessage),
        ("a CLOSE that says something", |f, _| vec![f.plain(Kind::Close, &[1])], MalformedMessage),
    ]
}

/// Every misbehaviour of this kind is among the cases, and blamed for what it is.
pub fn assert_listed<Make>(
    kind: &str,
    cases: &[(&'static str, Make, kontract_protocol::Misbehaviour)],
) {
    let mut kinds: BTreeMap<String, BTreeMap<String, String>> = fixture("misbehaviours.json");
    let tried: BTreeMap<_, _> =
        cases.iter().map(|(name, _, blame)| ((*name).to_owned(), format!("{blame:?}"))).collect();
    assert_eq!(tried, kinds.remove(kind).unwrap(), "{kind}");
}

pub type Case<Direction> =
    (&'static str, fn(&mut Forger<Direction>, Kind) -> Frames, kontract_protocol::Misbehaviour);

/// A call whose id is short.
pub fn call_with_short_id() -> Vec<u8> {
    let mut body = Call { id: *b"0123456789abcdef", ..call("short") }.encode();
    let at = body.windows(16).position(|bytes| bytes == b"0123456789abcdef").unwrap();
    body[at - 4] = 15;
    body
}
