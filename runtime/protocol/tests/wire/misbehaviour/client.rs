//! Servers that misbehave in a session.

use kontract_protocol::Error::PeerMisbehaved;
use kontract_protocol::Misbehaviour::*;
use kontract_protocol::frame::Kind;
use kontract_protocol::handshake::server::answer;
use kontract_protocol::message::{HANDSHAKE, encode_heartbeat};
use kontract_protocol::record::Sealer;
use kontract_protocol::schedule::ToClient;
use kontract_protocol::stream::{ClientEvent, Ending};

use super::{Case, Forger, assert_listed, of_any_record};
use crate::support::{ADDRESS, Pair, call, client_ending};

/// A client in an open session, and the keys of its server.
pub fn forger(seed: u64) -> (Pair, Forger<ToClient>) {
    let mut pair = Pair::new(seed);
    let init = pair.client.poll_transmit().unwrap();
    let answered = answer(&pair.node, &init, ADDRESS, pair.time, &mut pair.random);
    let established = answered.outcome.unwrap().unwrap();
    pair.give_client(&answered.frame);
    let theirs = pair.client.poll_transmit().unwrap();
    assert!(matches!(pair.client_events().as_slice(), [ClientEvent::Opened { .. }]));
    let cipher = established.cipher();
    let sealer = Sealer::new(cipher, established.keys.to_client, 1 << 20, 0).unwrap();
    (pair, Forger { sealer, theirs })
}

/// The client's first record is a heartbeat, the second a call, the third a subscription with one
/// credit.
const CALL: u64 = 1;
const SUBSCRIPTION: u64 = 2;

fn of_servers() -> Vec<Case<ToClient>> {
    vec![
        ("a call to a client", |f, _| vec![f.call()], WrongType),
        ("a subscription at a client", |f, _| vec![f.plain(Kind::Subscribe, &[])], WrongType),
        ("the client's own frame", |f, _| vec![f.theirs.clone()], Unauthentic),
        ("a result for nothing", |f, _| vec![f.respond(77)], UnknownReply),
        ("a result for a heartbeat", |f, _| vec![f.respond(0)], UnknownReply),
        (
            "a result for the handshake, without a ticket",
            |f, _| vec![f.respond(HANDSHAKE)],
            UnknownReply,
        ),
        ("a result beyond all numbers", |f, _| vec![f.respond(1 << 63)], UnknownReply),
        ("an error for nothing", |f, _| vec![f.fail(77)], UnknownReply),
        ("an item for nothing", |f, _| vec![f.item(77)], UnknownReply),
        ("a second result", |f, _| vec![f.respond(CALL), f.respond(CALL)], UnknownReply),
        ("an error after a result", |f, _| vec![f.respond(CALL), f.fail(CALL)], UnknownReply),
        ("a result after an error", |f, _| vec![f.fail(CALL), f.respond(CALL)], UnknownReply),
        (
            "an item after the end",
            |f, _| vec![f.respond(SUBSCRIPTION), f.item(SUBSCRIPTION)],
            UnknownReply,
        ),
        ("an item without credit", |f, _| vec![f.item(CALL)], NoCredit),
        (
            "more items than credit",
            |f, _| vec![f.item(SUBSCRIPTION), f.item(SUBSCRIPTION)],
            NoCredit,
        ),
        (
            "an echo of nothing",
            |f, _| vec![f.plain(Kind::Heartbeat, &encode_heartbeat(1))],
            UnknownHeartbeat,
        ),
    ]
}

#[test]
fn a_client_ends_a_session_at_the_first_failure() {
    assert_listed("records of servers", &of_servers());
    for (name, frames, blame) in of_any_record().into_iter().chain(of_servers()) {
        let (mut pair, mut forger) = forger(41);
        assert_eq!(pair.client.call(&call("open"), pair.time), Ok(CALL));
        assert_eq!(pair.client.subscribe("users", 1, pair.time), Ok(SUBSCRIPTION));
        while pair.client.poll_transmit().is_some() {}
        let frames = frames(&mut forger, Kind::RpcResponse);
        let last = frames.len() - 1;
        frames[..last].iter().for_each(|frame| pair.give_client(frame));
        assert_eq!(client_ending(&pair.client_events()), None, "{name}: too early");
        pair.give_client(&frames[last]);
        let events = pair.client_events();
        let failed = Ending::Failed(PeerMisbehaved(blame));
        assert_eq!(client_ending(&events), Some(failed), "{name}");
        assert_eq!(events.len(), 1, "{name}: something was delivered");
        assert_eq!(pair.client.poll_transmit(), None, "{name}: something was said");
        let again = forger.respond(CALL);
        pair.give_client(&again);
        pair.client.handle_end();
        assert!(pair.client_events().is_empty(), "{name}: it went on");
        assert!(pair.client.call(&call("late"), pair.time).is_err(), "{name}");
    }
}

#[test]
fn an_answer_that_comes_twice_ends_the_session() {
    let (mut pair, mut forger) = forger(42);
    pair.client.call(&call("open"), pair.time).unwrap();
    let answer = forger.respond(CALL);
    pair.give_client(&answer);
    assert!(matches!(pair.client_events().as_slice(), [ClientEvent::Response(_)]));
    pair.give_client(&answer);
    let failed = Ending::Failed(PeerMisbehaved(WrongSequence));
    assert_eq!(client_ending(&pair.client_events()), Some(failed));
}

#[test]
fn calls_of_a_connection_that_was_cut_off_are_unknown() {
    let (mut pair, mut forger) = forger(43);
    pair.client.call(&call("open"), pair.time).unwrap();
    pair.client.handle_end();
    assert!(matches!(
        pair.client_events().as_slice(),
        [ClientEvent::Ended { how: Ending::Truncated, unanswered }] if unanswered == &[CALL]
    ));
    let (mut closed, mut other) = self::forger(44);
    let close = other.plain(Kind::Close, &[]);
    closed.give_client(&close);
    assert_eq!(client_ending(&closed.client_events()), Some(Ending::ClosedByPeer));
    let late = forger.respond(CALL);
    pair.give_client(&late);
    assert!(pair.client_events().is_empty());
}
