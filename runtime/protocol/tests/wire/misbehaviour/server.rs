//! Clients that misbehave in a session.

use kontract_protocol::Error::PeerMisbehaved;
use kontract_protocol::Misbehaviour::*;
use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::frame::Kind;
use kontract_protocol::handshake::client::{Attempt, Offer, Outcome};
use kontract_protocol::handshake::response::refusal;
use kontract_protocol::message::{Subscribe, encode_heartbeat};
use kontract_protocol::record::Sealer;
use kontract_protocol::schedule::ToServer;
use kontract_protocol::stream::{Ending, ServerEvent};

use super::{Case, Forger, assert_listed, call_with_short_id, of_any_record};
use crate::support::{Pair, response, server_ending};

/// A server and the keys of its client. The session is half open until a record is given.
pub fn forger(seed: u64) -> (Pair, Forger<ToServer>) {
    let mut pair = Pair::new(seed);
    let offer = Offer { ciphers: vec![Cipher::Aes256Gcm], schema: [0; 32] };
    let pin = pair.node.keys[0].public();
    let (attempt, init) = Attempt::start(pin, offer, None, &mut pair.random).unwrap();
    pair.give_server(&init);
    let answer = pair.server.poll_transmit().unwrap();
    let Outcome::Established(established) = attempt.finish(&answer).unwrap() else { panic!() };
    let cipher = established.cipher();
    let sealer = Sealer::new(cipher, established.keys.to_server, 1 << 20, 0).unwrap();
    (pair, Forger { sealer, theirs: answer })
}

fn of_clients() -> Vec<Case<ToServer>> {
    vec![
        ("an RPC_RESPONSE to a server", |f, _| vec![f.respond(0)], WrongType),
        ("an RPC_ERROR to a server", |f, _| vec![f.fail(0)], WrongType),
        ("an EVENT to a server", |f, _| vec![f.item(0)], WrongType),
        ("the server's own frame", |f, _| vec![f.theirs.clone()], WrongType),
        (
            "a call with a short id",
            |f, _| vec![f.plain(Kind::RpcCall, &call_with_short_id())],
            MalformedMessage,
        ),
        (
            "an operation that does not exist",
            |f, _| {
                let mut body = Subscribe::Cancel { target: 0 }.encode();
                let at = body.iter().rposition(|byte| *byte == 2).unwrap();
                body[at] = 9;
                vec![f.plain(Kind::Subscribe, &body)]
            },
            MalformedMessage,
        ),
        ("129 calls at once", |f, _| (0..129).map(|_| f.call()).collect(), TooManyCalls),
        (
            "65 subscriptions at once",
            |f, _| {
                let asked = Subscribe::Subscribe { topic: "users".into(), credit: 1 };
                (0..65).map(|_| f.subscribe(&asked)).collect()
            },
            TooManySubscriptions,
        ),
        (
            "a cancellation of what was not asked",
            |f, _| vec![f.subscribe(&Subscribe::Cancel { target: 99 })],
            UnknownTarget,
        ),
        (
            "credit for what was not asked",
            |f, _| vec![f.subscribe(&Subscribe::Credit { target: u64::MAX, n: 1 })],
            UnknownTarget,
        ),
        (
            "an unsubscription of a call",
            |f, _| {
                let target = f.sealer.next();
                vec![f.call(), f.subscribe(&Subscribe::Unsubscribe { target })]
            },
            UnknownTarget,
        ),
        (
            "a cancellation of a subscription",
            |f, _| {
                let target = f.sealer.next();
                let asked = Subscribe::Subscribe { topic: "users".into(), credit: 1 };
                vec![f.subscribe(&asked), f.subscribe(&Subscribe::Cancel { target })]
            },
            UnknownTarget,
        ),
    ]
}

#[test]
fn a_server_ends_an_open_session_at_the_first_failure() {
    assert_listed("records", &of_any_record::<ToServer>());
    assert_listed("records of clients", &of_clients());
    for (name, frames, blame) in of_any_record().into_iter().chain(of_clients()) {
        let (mut pair, mut forger) = forger(31);
        let beat = forger.plain(Kind::Heartbeat, &encode_heartbeat(1));
        pair.give_server(&beat);
        while pair.server.poll_transmit().is_some() {}
        pair.server_events();
        let frames = frames(&mut forger, Kind::RpcCall);
        let last = frames.len() - 1;
        frames[..last].iter().for_each(|frame| pair.give_server(frame));
        assert_eq!(server_ending(&pair.server_events()), None, "{name}: too early");
        pair.give_server(&frames[last]);
        let events = pair.server_events();
        let failed = Ending::Failed(PeerMisbehaved(blame));
        assert_eq!(server_ending(&events), Some(failed), "{name}");
        assert_eq!(events.len(), 1, "{name}: something was delivered");
        assert_eq!(pair.server.poll_transmit(), None, "{name}: something was said");
        assert_eq!(pair.server.poll_timeout(), None, "{name}");
        let call = forger.call();
        pair.give_server(&call);
        pair.server.handle_end(&pair.node);
        assert!(pair.server_events().is_empty(), "{name}: it went on");
        assert!(pair.server.respond(&response(0), pair.time).is_err(), "{name}");
    }
}

#[test]
fn a_half_open_session_ends_with_the_one_refusal() {
    for (name, frames, blame) in of_any_record().into_iter().chain(of_clients()) {
        // An INIT begins anew, and what opens the session ends an open one.
        if name.contains("INIT") || matches!(blame, MalformedMessage | UnknownTarget) {
            continue;
        }
        let (mut pair, mut forger) = forger(32);
        pair.server_events();
        let frames = frames(&mut forger, Kind::RpcCall);
        if frames.len() > 1 {
            continue;
        }
        pair.give_server(&frames[0]);
        let failed = Ending::Failed(PeerMisbehaved(blame));
        assert_eq!(server_ending(&pair.server_events()), Some(failed), "{name}");
        assert_eq!(pair.server.poll_transmit(), Some(refusal(&frames[0])), "{name}");
        assert_eq!(pair.node.admission().unconfirmed(), 0, "{name}");
    }
}

#[test]
fn a_session_that_is_never_confirmed_is_forgotten() {
    let (mut pair, _) = forger(33);
    assert_eq!(pair.node.admission().unconfirmed(), 1);
    pair.time.monotonic += 9_999;
    pair.server.handle_timeout(&pair.node, pair.time);
    assert_eq!(server_ending(&pair.server_events()), None);
    pair.time.monotonic += 1;
    pair.server.handle_timeout(&pair.node, pair.time);
    assert_eq!(server_ending(&pair.server_events()), Some(Ending::HandshakeTimedOut));
    assert_eq!(pair.node.admission().unconfirmed(), 0);
}

#[test]
fn a_session_that_was_evicted_cannot_be_confirmed() {
    let (mut pair, mut forger) = forger(34);
    for _ in 0..32 {
        pair.node.admission().enter(crate::support::ADDRESS);
    }
    assert_eq!(pair.node.admission().unconfirmed(), 32);
    let call = forger.call();
    pair.give_server(&call);
    let events = pair.server_events();
    assert_eq!(server_ending(&events), Some(Ending::Evicted));
    assert!(!events.iter().any(|event| matches!(event, ServerEvent::Call { .. })));
}

#[test]
fn a_connection_that_ends_without_close_was_cut_off() {
    let mut pair = Pair::open(35);
    let number = pair.client.call(&crate::support::call("open"), pair.time).unwrap();
    pair.exchange();
    pair.server_events();
    pair.server.handle_end(&pair.node);
    assert!(matches!(
        pair.server_events().as_slice(),
        [ServerEvent::Ended { how: Ending::Truncated, unanswered }] if unanswered == &[number]
    ));
}
