//! Servers that misbehave in a handshake.

use kontract_protocol::Error::PeerMisbehaved;
use kontract_protocol::Misbehaviour::*;
use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::handshake::init::Init;
use kontract_protocol::handshake::noise::Responder;
use kontract_protocol::handshake::payload::Accepted;
use kontract_protocol::handshake::response::{Response, refusal};
use kontract_protocol::handshake::server::Node;
use kontract_protocol::stream::{Client, Ending};
use kontract_protocol::ticket::node_secret;

use super::assert_listed;
use super::handshake::{Frames, good};
use crate::support::{Pair, client_ending};

/// A RESPONSE whose payload was changed, sealed as it must be.
fn answer_with(pair: &mut Pair, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let frame = good(pair);
    let init = Init::read(&frame).unwrap();
    let key = &pair.node.keys[0];
    let prologue = init.prologue().unwrap();
    let (responder, _) = Responder::read(&[&prologue], key, None, init.message).unwrap();
    let accepted = Accepted {
        session: [1; 16],
        cipher: Cipher::Aes256Gcm,
        expires_ms: 1,
        heartbeat_s: 60,
        max_frame: 1 << 20,
        rekey_records: 1,
    };
    let mut payload = accepted.encode();
    change(&mut payload);
    let ephemeral = PrivateKey::generate(&mut pair.random).unwrap();
    let (message, _) = responder.answer(&ephemeral, &payload).unwrap();
    Response::Accepted(&message).write(init.key).unwrap()
}

fn response_with(pair: &mut Pair, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = answer_with(pair, |_| {});
    change(&mut frame);
    frame
}

fn responses() -> Vec<Frames> {
    vec![
        ("the client's own INIT", good, WrongType),
        ("a record in a RESPONSE's place", |p| response_with(p, |b| b[1] = 0x11), WrongType),
        ("another version", |p| response_with(p, |b| b[0] = 3), WrongVersion),
        ("a RESPONSE of another key", |p| response_with(p, |b| b[13] ^= 1), WrongHeader),
        ("a RESPONSE with a sequence", |p| response_with(p, |b| b[4] = 1), WrongHeader),
        ("a RESPONSE with a nonce", |p| response_with(p, |b| b[16] = 1), WrongHeader),
        ("a RESPONSE with RESUME", |p| response_with(p, |b| b[3] = 1), WrongFlags),
        ("a RESPONSE that calls itself a cookie", |p| response_with(p, |b| b[3] = 2), WrongHeader),
        ("a RESPONSE that was cut off", |p| response_with(p, |b| b.truncate(60)), WrongLength),
        ("a RESPONSE with more behind it", |p| response_with(p, |b| b.push(1)), WrongLength),
        (
            "a RESPONSE too short for a key",
            |p| {
                response_with(p, |b| {
                    b.truncate(60);
                    b[8..12].copy_from_slice(&16_u32.to_be_bytes());
                })
            },
            WrongHeader,
        ),
        (
            "a refusal that says something",
            |p| {
                let mut frame = refusal(&good(p));
                frame[43] = 1;
                frame
            },
            WrongHeader,
        ),
        ("another ephemeral key", |p| response_with(p, |b| b[28] ^= 1), Unauthentic),
        ("a weak ephemeral key", |p| response_with(p, |b| b[28..60].fill(0)), WeakKey),
        ("a bit of the payload", |p| response_with(p, |b| b[61] ^= 1), Unauthentic),
        ("a bit of the tag", |p| response_with(p, |b| *b.last_mut().unwrap() ^= 1), Unauthentic),
        (
            "a RESPONSE to another client",
            |p| {
                good(p);
                answer_with(&mut Pair::new(60), |_| {})
            },
            Unauthentic,
        ),
        (
            "a RESPONSE by who has another key",
            |p| {
                p.node.keys = vec![PrivateKey::new([0x99; 32])];
                let frame = good(p);
                let mut other =
                    Pair::with(61, Node::new(PrivateKey::new([0x99; 32]), node_secret(b"x")), None);
                let mut answer = answer_with(&mut other, |_| {});
                answer[12..16].copy_from_slice(&frame[12..16]);
                answer
            },
            Unauthentic,
        ),
        ("a cipher that does not exist", |p| answer_with(p, |b| b[16] = 3), MalformedPayload),
        ("no heartbeat", |p| answer_with(p, |b| b[25..27].fill(0)), MalformedPayload),
        ("frames of nothing", |p| answer_with(p, |b| b[27..31].fill(0)), MalformedPayload),
        ("frames of gigabytes", |p| answer_with(p, |b| b[27..31].fill(0xFF)), MalformedPayload),
        (
            "a new key for every nothing",
            |p| answer_with(p, |b| b[31..35].fill(0)),
            MalformedPayload,
        ),
        ("a ticket that cannot be", |p| answer_with(p, |b| b[36] = 1), MalformedPayload),
        ("a later epoch", |p| answer_with(p, |b| *b.last_mut().unwrap() = 1), MalformedPayload),
        ("a payload that was cut off", |p| answer_with(p, |b| b.truncate(20)), MalformedPayload),
    ]
}

#[test]
fn a_client_ends_at_every_bad_response() {
    assert_listed("RESPONSEs", &responses());
    for (name, response, blame) in responses() {
        let mut pair = Pair::new(59);
        let response = response(&mut pair);
        while pair.client.poll_transmit().is_some() {}
        pair.give_client(&response);
        let events = pair.client_events();
        let failed = Ending::Failed(PeerMisbehaved(blame));
        assert_eq!(client_ending(&events), Some(failed), "{name}");
        assert_eq!(events.len(), 1, "{name}");
        assert_eq!(pair.client.poll_transmit(), None, "{name}: something was said");
        assert_eq!(pair.client.poll_timeout(), None, "{name}");
    }
}

#[test]
fn a_cipher_that_was_not_offered_is_a_downgrade() {
    let mut pair = Pair::new(62);
    let mut config = crate::support::config(&pair.node, None);
    config.offer.ciphers = vec![Cipher::ChaCha20Poly1305];
    pair.client = Client::connect(config, pair.time, &mut pair.random).unwrap();
    let response = answer_with(&mut pair, |_| {});
    pair.give_client(&response);
    let failed = Ending::Failed(PeerMisbehaved(CipherNotOffered));
    assert_eq!(client_ending(&pair.client_events()), Some(failed));
}
