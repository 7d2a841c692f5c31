//! Every parser on bytes that were changed at random, and every bit of what a peer says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::slice::from_ref;

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::frame::{Flags, Frame, Kind};
use kontract_protocol::handshake::client::{Attempt, Offer, Outcome};
use kontract_protocol::handshake::init::Init;
use kontract_protocol::handshake::payload::{Accepted, Hello};
use kontract_protocol::handshake::response::{Response as Handshake, refusal};
use kontract_protocol::handshake::server::answer;
use kontract_protocol::message::{
    Call, Failure, Item, Response, Subscribe, decode_heartbeat, encode_heartbeat,
};
use kontract_protocol::post::{Post, request};
use kontract_protocol::record::{Opener, Sealer, unpad};
use kontract_protocol::stream::ClientEvent;
use kontract_protocol::ticket::Ticket;
use kontract_protocol::{Misbehaviour, Time};

use crate::misbehaviour;
use crate::support::{
    ADDRESS, Pair, Seeded, call, client_ending, node, response, rounds, server_ending,
};

/// Changes bytes as a fuzzer does: bits, bytes, numbers, cuts, repetitions, whole pieces.
fn mutate(bytes: &mut Vec<u8>, random: &mut Seeded) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len().max(1));
        match random.below(8) {
            0 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            1 if !bytes.is_empty() => bytes[at] = [0, 1, 0x7F, 0x80, 0xFF][random.below(5)],
            2 if bytes.len() >= at + 4 => {
                let number = [0, 1, 4, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFC, u32::MAX];
                bytes[at..at + 4].copy_from_slice(&number[random.below(7)].to_le_bytes());
            }
            3 => bytes.truncate(at),
            4 => {
                let length = random.below(9);
                let piece = random.bytes(length);
                bytes.splice(at.min(bytes.len())..at.min(bytes.len()), piece);
            }
            5 if !bytes.is_empty() => {
                let end = (at + random.below(16)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.extend(piece);
            }
            6 if !bytes.is_empty() => {
                let end = (at + random.below(8)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let length = random.below(64);
                *bytes = random.bytes(length);
            }
        }
    }
}

/// Gives a parser changed bytes. It must not panic; with what it reads it does as it says.
fn fuzz(name: &str, times: u64, seeds: &[Vec<u8>], parse: impl Fn(&[u8])) {
    let mut random = Seeded(name.bytes().map(u64::from).sum());
    for _ in 0..times {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        mutate(&mut bytes, &mut random);
        let outcome = catch_unwind(AssertUnwindSafe(|| parse(&bytes)));
        assert!(outcome.is_ok(), "{name}: {bytes:02x?}");
    }
}

/// What is read must be written and read as the same.
macro_rules! stable {
    ($type:ty) => {
        |bytes: &[u8]| {
            if let Ok(value) = <$type>::decode(bytes) {
                assert_eq!(<$type>::decode(&value.encode()), Ok(value));
            }
        }
    };
}

#[test]
fn no_parser_panics() {
    let times = rounds(3_000, 1_000_000);
    let hello = Hello { ciphers: vec![Cipher::Aes256Gcm], schema: [3; 32] }.encode().unwrap();
    let accepted = Accepted {
        session: [1; 16],
        cipher: Cipher::Aes256Gcm,
        expires_ms: 1,
        heartbeat_s: 60,
        max_frame: 1 << 20,
        rekey_records: 1,
    };
    let mut pair = Pair::new(81);
    let init = pair.client.poll_transmit().unwrap();
    let answered = answer(&pair.node, &init, ADDRESS, pair.time, &mut pair.random);
    let failure = Failure { code: "X".into(), path: Some("args[0]".into()), ..Failure::default() };
    let subscribe = Subscribe::Subscribe { topic: "users".into(), credit: 1 };
    let headers = vec![("location".to_owned(), "/".to_owned()); 3];
    let long = Response { headers, ticket: Some(vec![1; 20]), ..response(9) };
    let more = [subscribe.encode(), Subscribe::Credit { target: 1, n: 2 }.encode()];

    fuzz("frame", times, &[init.clone(), refusal(&init)], |bytes| {
        let _ = Frame::read(bytes, 1 << 20, |_| true);
    });
    fuzz("init", times, from_ref(&init), |bytes| {
        let _ = Init::read(bytes).map(|init| (init.prologue(), init.ephemeral()));
    });
    fuzz("response", times, &[answered.frame.clone(), refusal(&init)], |bytes| {
        let _ = Handshake::read(bytes, init[12..16].try_into().unwrap());
    });
    fuzz("hello", times, &[hello], |bytes| {
        let _ = Hello::decode(bytes).map(|hello| hello.encode());
    });
    fuzz("accepted", times, &[accepted.encode()], stable!(Accepted));
    fuzz("call", times, &[call("m").encode()], stable!(Call));
    fuzz("result", times, &[response(1).encode(), long.encode()], stable!(Response));
    fuzz("error", times, &[failure.encode()], stable!(Failure));
    fuzz("item", times, &[Item { in_reply_to: 1, item: vec![1] }.encode()], stable!(Item));
    fuzz("subscribe", times, &more, stable!(Subscribe));
    fuzz("heartbeat", times, &[encode_heartbeat(7)], |bytes| {
        let _ = decode_heartbeat(bytes).map(encode_heartbeat);
    });
    fuzz("padding", times, &[kontract_protocol::record::pad(b"hello", 64)], |bytes| {
        let _ = unpad(bytes);
    });
}

#[test]
fn no_state_panics() {
    let times = rounds(300, 100_000);
    let mut open = Pair::open(82);
    let events = {
        let mut pair = Pair::new(83);
        pair.exchange();
        pair.client_events()
    };
    let pass = events.into_iter().find_map(|event| match event {
        ClientEvent::Pass(pass) => Some(*pass),
        _ => None,
    });
    let pass = pass.unwrap();
    let time = open.time;
    fuzz("ticket", times, from_ref(&pass.ticket), |bytes| {
        assert!(bytes == pass.ticket || Ticket::open(&node().secret, bytes, time).is_err());
    });
    let (_, _, post) = request(&pass, &[call("a")], [0; 16], &mut open.random).unwrap();
    fuzz("post", times, from_ref(&post), |bytes| {
        let opened = Post::open(&node(), bytes, time, &mut Seeded(1));
        assert!(bytes == post || opened.is_err());
    });
    open.client.call(&call("a"), time).unwrap();
    let frame = open.client.poll_transmit().unwrap();
    let init = Pair::new(84).client.poll_transmit().unwrap();
    fuzz("client's frames", times, &[frame.clone(), init.clone()], |bytes| {
        let mut pair = Pair::new(85);
        pair.give_server(bytes);
        pair.give_client(bytes);
    });
}

/// What a peer with the keys says is no safer than what one without them does.
#[test]
fn no_sealed_message_panics() {
    let kinds = [
        (Kind::RpcCall, call("m").encode()),
        (Kind::RpcResponse, response(1).encode()),
        (Kind::RpcError, Failure { in_reply_to: 1, ..Failure::default() }.encode()),
        (Kind::Subscribe, Subscribe::Credit { target: 0, n: 1 }.encode()),
        (Kind::Event, Item { in_reply_to: 2, item: vec![1] }.encode()),
        (Kind::Heartbeat, encode_heartbeat(7)),
    ];
    let flags = [Flags::NONE, Flags::NONE, Flags::MORE, Flags::PADDED];
    let mut random = Seeded(87);
    for round in 0..rounds(150, 10_000) {
        let (mut left, mut to_server) = misbehaviour::server::forger(round);
        let (mut right, mut to_client) = misbehaviour::client::forger(round);
        right.client.call(&call("m"), right.time).unwrap();
        right.client.subscribe("users", 9, right.time).unwrap();
        for _ in 0..16 {
            let (kind, mut body) = kinds[random.below(kinds.len())].clone();
            if random.below(3) > 0 {
                mutate(&mut body, &mut random);
            }
            let flags = flags[random.below(flags.len())];
            left.give_server(&to_server.seal(kind, flags, &body));
            right.give_client(&to_client.seal(kind, flags, &body));
        }
        left.server.handle_end(&left.node);
        right.client.handle_end();
        assert!(server_ending(&left.server_events()).is_some());
        assert!(client_ending(&right.client_events()).is_some());
    }
}

/// "every single-bit flip of every handshake message and record rejected without state change"
#[test]
fn every_bit_counts() {
    let mut pair = Pair::new(86);
    let offer = Offer { ciphers: vec![Cipher::ChaCha20Poly1305], schema: [0; 32] };
    let pin = pair.node.keys[0].public();
    let start = |random: &mut Seeded| Attempt::start(pin, offer.clone(), None, random).unwrap();
    let (_, init) = start(&mut Seeded(1));
    let mut time = pair.time;
    let later = |time: &mut Time| time.monotonic += 1000;
    for bit in 0..init.len() * 8 {
        later(&mut time);
        let changed = flipped(&init, bit);
        let answered = answer(&pair.node, &changed, ADDRESS, time, &mut pair.random);
        assert!(answered.outcome.is_err(), "bit {bit} of INIT");
        assert_eq!(answered.frame, refusal(&changed), "bit {bit} of INIT");
    }
    later(&mut time);
    let answered = answer(&pair.node, &init, ADDRESS, time, &mut Seeded(2));
    let server = answered.outcome.unwrap().unwrap();
    for bit in 0..answered.frame.len() * 8 {
        let (attempt, _) = start(&mut Seeded(1));
        assert!(attempt.finish(&flipped(&answered.frame, bit)).is_err(), "bit {bit} of RESPONSE");
    }
    let (attempt, _) = start(&mut Seeded(1));
    let Outcome::Established(client) = attempt.finish(&answered.frame).unwrap() else { panic!() };

    let cipher = client.cipher();
    let mut sealer = Sealer::new(cipher, client.keys.to_server, 2, 0).unwrap();
    let mut opener = Opener::new(cipher, server.keys.to_server).unwrap();
    for epoch in [0, 0, 1, 1, 2] {
        let record = sealer.seal(Kind::RpcCall, Flags::NONE, b"every bit", 0).unwrap();
        let open = |opener: &mut Opener<_>, bytes: &[u8]| {
            let frame = Frame::read(bytes, 1 << 20, Kind::from_client)?;
            opener.open(&frame)
        };
        for bit in 0..record.len() * 8 {
            let changed = flipped(&record, bit);
            // The type is no part of a record's place: another one that is allowed is refused by the tag.
            assert!(open(&mut opener, &changed).is_err(), "bit {bit} of a record");
        }
        assert_eq!(open(&mut opener, &record).unwrap(), b"every bit");
        assert_eq!(opener.epoch(), epoch);
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    changed[bit / 8] ^= 1 << (bit % 8);
    changed
}

/// Texts that all lie in one place cost no more than they came with.
#[test]
fn a_small_message_is_not_read_as_a_large_one() {
    let pair = |value: &str| ("k".to_owned(), value.to_owned());
    let metadata = [vec![pair(&"v".repeat(10_000))], vec![pair("v"); 63]].concat();
    let body = Call { metadata, ..call("m") }.encode();
    let number = |at: usize| {
        usize::try_from(u32::from_le_bytes(body[at..at + 4].try_into().unwrap())).unwrap()
    };
    // The vtable stands behind the root's offset: its size, the table's, then a place for each field.
    let field = number(0) + usize::from(body[4 + 4 + 2 * 2]);
    let first = field + number(field) + 4;
    let all_like = |entry: usize| {
        let target = first + 4 * entry + number(first + 4 * entry);
        let mut aliased = body.clone();
        for entry in 0..64 {
            let at = first + 4 * entry;
            aliased[at..at + 4].copy_from_slice(&u32::try_from(target - at).unwrap().to_le_bytes());
        }
        Call::decode(&aliased)
    };
    assert_eq!(all_like(1).unwrap().metadata, vec![pair("v"); 64]);
    assert_eq!(all_like(0), Err(Misbehaviour::MalformedMessage));
}
