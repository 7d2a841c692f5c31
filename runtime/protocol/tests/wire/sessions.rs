//! Two peers that behave.

use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::handshake::client::{Attempt, Offer};
use kontract_protocol::message::{Call, Failure, Item, Response};
use kontract_protocol::post::{
    Answer, Handshake, Post, Reply, finish_handshake, handshake, is_handshake, request,
};
use kontract_protocol::stream::{Client, ClientEvent, Ending, Server, ServerEvent};
use kontract_protocol::ticket::{Pass, Ticket};
use kontract_protocol::{Error, Misuse};

use crate::support::{
    ADDRESS, Pair, Seeded, call, client_ending, config, node, response, server_ending,
};

#[test]
fn calls_are_answered_and_items_flow_as_credit_allows() {
    let mut pair = Pair::open(1);
    let first = pair.client.call(&call("first"), pair.time).unwrap();
    let second = pair.client.call(&call("second"), pair.time).unwrap();
    let topic = pair.client.subscribe("users", 1, pair.time).unwrap();
    pair.exchange();
    let events = pair.server_events();
    let [
        ServerEvent::Call { sequence: a, call: got },
        ServerEvent::Call { sequence: b, .. },
        ServerEvent::Subscribe { sequence: c, topic: name },
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((got, name.as_str()), (&call("first"), "users"));
    let failure =
        Failure { in_reply_to: *b, code: "NOT_FOUND".into(), status: 404, ..Failure::default() };
    pair.server.fail(&failure, pair.time).unwrap();
    let item = Item { in_reply_to: *c, item: b"change".to_vec() };
    pair.server.send(&item, pair.time).unwrap();
    assert_eq!(pair.server.send(&item, pair.time), Err(Error::Misused(Misuse::NoCredit)));
    pair.server.respond(&response(*a), pair.time).unwrap();
    assert_eq!(
        pair.server.respond(&response(*a), pair.time),
        Err(Error::Misused(Misuse::UnknownRequest))
    );
    pair.client.credit(topic, 2, pair.time).unwrap();
    pair.exchange();
    assert_eq!(pair.server.credit(topic), 2);
    let events = pair.client_events();
    let [ClientEvent::Failure(f), ClientEvent::Item(i), ClientEvent::Response(r)] =
        events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!((f, i, r), (&Failure { in_reply_to: second, ..failure }, &item, &response(first)));
    pair.client.cancel(topic, pair.time).unwrap();
    pair.client.close(pair.time);
    pair.exchange();
    let events = pair.server_events();
    assert!(
        matches!(
            events.as_slice(),
            [ServerEvent::Credit { .. }, ServerEvent::Unsubscribe { target }, ServerEvent::Ended { how: Ending::ClosedByPeer, unanswered }]
                if *target == topic && unanswered == &[topic]
        ),
        "{events:?}"
    );
}

fn pass_of(pair: &mut Pair) -> Pass {
    let events = pair.client_events();
    let pass = events.into_iter().find_map(|event| match event {
        ClientEvent::Pass(pass) => Some(*pass),
        _ => None,
    });
    pass.unwrap()
}

#[test]
fn a_session_resumes_on_another_gateway_and_falls_back_when_its_ticket_is_too_old() {
    let mut pair = Pair::new(2);
    pair.exchange();
    let pass = pass_of(&mut pair);
    let mut resumed = Pair::with(3, node(), Some(pass.clone()));
    resumed.exchange();
    let events = resumed.client_events();
    assert!(matches!(events.as_slice(), [ClientEvent::Opened { resumed: true, .. }, ..]));
    let mut late = Pair::with(4, node(), Some(pass));
    late.time.unix += 5 * 60 * 1000;
    late.exchange();
    let events = late.client_events();
    assert!(matches!(events.as_slice(), [ClientEvent::Opened { resumed: false, .. }, ..]));
}

#[test]
fn a_client_finds_the_key_that_a_server_has_after_a_rotation() {
    let mut pair = Pair::new(5);
    let mut pins = config(&pair.node, None);
    pins.pins.insert(0, PrivateKey::new([0x77; 32]).public());
    pair.client = Client::connect(pins.clone(), pair.time, &mut pair.random).unwrap();
    pair.exchange();
    assert!(matches!(pair.client_events().as_slice(), [ClientEvent::Opened { .. }, ..]));
    pins.pins.truncate(1);
    pair.client = Client::connect(pins, pair.time, &mut pair.random).unwrap();
    pair.server = Server::accept(ADDRESS, pair.time);
    pair.exchange();
    assert_eq!(client_ending(&pair.client_events()), Some(Ending::Refused));
}

#[test]
fn a_busy_node_asks_for_a_cookie_first() {
    let mut pair = Pair::new(6);
    for last in 0..=255_u8 {
        pair.node.admission().enter([10, 0, 0, last].into());
        pair.node.admission().enter([10, 0, 1, last].into());
    }
    pair.carry_up();
    assert_eq!(pair.node.admission().unconfirmed(), 512);
    let cookie = pair.server.poll_transmit().unwrap();
    assert_eq!((cookie.len(), &cookie[..4]), (44, [1, 2, 0, 2].as_slice()));
    pair.give_client(&cookie);
    pair.exchange();
    assert!(matches!(pair.client_events().as_slice(), [ClientEvent::Opened { .. }, ..]));
}

#[test]
fn a_client_without_an_answer_tries_three_times_with_new_keys() {
    let mut pair = Pair::new(7);
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(pair.client.poll_transmit().unwrap()[28..60].to_vec());
        let time = pair.client.poll_timeout().unwrap();
        pair.time.monotonic = time;
        pair.client.handle_timeout(pair.time, &mut pair.random);
    }
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    assert_eq!(client_ending(&pair.client_events()), Some(Ending::HandshakeTimedOut));
}

#[test]
fn answers_that_come_late_are_passed_over() {
    let mut pair = Pair::new(8);
    let first = pair.client.poll_transmit().unwrap();
    pair.time.monotonic += 5_000;
    pair.client.handle_timeout(pair.time, &mut pair.random);
    pair.give_server(&first);
    pair.exchange();
    assert!(matches!(pair.client_events().as_slice(), [ClientEvent::Opened { .. }, ..]));
    assert_eq!(pair.node.admission().unconfirmed(), 0);
}

#[test]
fn heartbeats_keep_a_session_alive_until_it_must_be_renewed() {
    let mut pair = Pair::open(9);
    pair.wait(49 * 60 * 1000);
    let passes = pair.client_events();
    assert!(passes.iter().all(|event| matches!(event, ClientEvent::Pass(_))), "{passes:?}");
    assert!((15..=25).contains(&passes.len()), "{}", passes.len());
    pair.wait(2 * 60 * 1000);
    assert!(pair.client_events().iter().any(|event| matches!(event, ClientEvent::Refresh)));
    pair.wait(10 * 60 * 1000);
    let (client, server) = (pair.client_events(), pair.server_events());
    let endings = (client_ending(&client).unwrap(), server_ending(&server).unwrap());
    assert!(
        matches!(
            endings,
            (Ending::TooOld | Ending::ClosedByPeer, Ending::TooOld | Ending::ClosedByPeer)
        ),
        "{endings:?}"
    );
}

#[test]
fn a_client_misses_three_heartbeats_and_a_server_hears_nothing() {
    let mut pair = Pair::open(10);
    pair.client.call(&call("open"), pair.time).unwrap();
    let mut events = Vec::new();
    while let Some(due) = pair.client.poll_timeout() {
        pair.time.monotonic = due;
        pair.client.handle_timeout(pair.time, &mut pair.random);
        events.extend(pair.client_events());
    }
    let missed = events.iter().filter_map(|event| match event {
        ClientEvent::Missed(count) => Some(*count),
        _ => None,
    });
    assert_eq!(missed.collect::<Vec<_>>(), [1, 2]);
    assert!(matches!(
        events.last(),
        Some(ClientEvent::Ended { how: Ending::Lost, unanswered }) if unanswered.len() == 1
    ));
    pair.time.monotonic = pair.server.poll_timeout().unwrap();
    pair.server.handle_timeout(&pair.node, pair.time);
    assert_eq!(server_ending(&pair.server_events()), Some(Ending::Lost));
}

#[test]
fn a_post_is_answered_by_any_gateway() {
    let mut random = Seeded(11);
    let (first, second) = (node(), node());
    let pair = Pair::new(12);
    let offer = Offer { ciphers: vec![Cipher::ChaCha20Poly1305], schema: [9; 32] };
    let (attempt, init) = Attempt::start(first.keys[0].public(), offer, None, &mut random).unwrap();
    assert!(is_handshake(&init));
    let (body, outcome) = handshake(&first, &init, ADDRESS, pair.time, &mut random);
    outcome.unwrap();
    let Handshake::Pass(pass) = finish_handshake(attempt, &body).unwrap() else { panic!() };

    let mut time = pair.time;
    time.unix += 4 * 60 * 1000;
    let calls = [call("a"), call("b")];
    let (pending, numbers, body) = request(&pass, &calls, [1; 16], &mut random).unwrap();
    assert!(!is_handshake(&body));
    let mut post = Post::open(&second, &body, time, &mut random).unwrap();
    assert_eq!(post.calls, [(numbers[0], call("a")), (numbers[1], call("b"))]);
    assert_eq!(post.schema, [9; 32]);
    let failure =
        Failure { in_reply_to: numbers[1], code: "FORBIDDEN".into(), ..Failure::default() };
    post.fail(&failure).unwrap();
    post.respond(response(numbers[0])).unwrap();
    let Answer::Replies(replies, Some(renewed)) = pending.read(&post.finish().unwrap()).unwrap()
    else {
        panic!()
    };
    assert_eq!(replies, [Reply::Failure(failure), Reply::Response(response(numbers[0]))]);

    time.unix += 4 * 60 * 1000;
    let (_, _, body) = request(&renewed, &calls, [2; 16], &mut random).unwrap();
    assert!(Post::open(&first, &body, time, &mut random).is_ok());
    let (pending, _, body) = request(&pass, &calls, [3; 16], &mut random).unwrap();
    assert!(Post::open(&first, &body, time, &mut random).is_err());
    assert!(matches!(pending.read(&Post::refused(&body)), Ok(Answer::Expired)));
}

#[test]
fn long_messages_travel_in_frames_and_keys_change_underway() {
    let mut node = node();
    node.max_frame = 4096;
    node.rekey_records = 3;
    let mut pair = Pair::with(13, node, None);
    pair.exchange();
    pair.server_events();
    let long = Call { args: vec![0xA5; 100_000], ..call("long") };
    for _ in 0..5 {
        pair.client.call(&long, pair.time).unwrap();
    }
    pair.exchange();
    let events = pair.server_events();
    assert_eq!(events.len(), 5);
    for event in events {
        assert!(matches!(event, ServerEvent::Call { call, .. } if call == long));
    }
    let longer = Call { args: vec![0; 64 * 4096], ..call("longer") };
    assert_eq!(pair.client.call(&longer, pair.time), Err(Error::Misused(Misuse::MessageTooLong)));
    pair.client.call(&call("short"), pair.time).unwrap();
    pair.exchange();
    assert_eq!(pair.server_events().len(), 1);
}

#[test]
fn a_chain_of_tickets_ends_after_a_day() {
    let mut pair = Pair::new(14);
    pair.exchange();
    let pass = pass_of(&mut pair);
    let ticket = Ticket::open(&pair.node.secret, &pass.ticket, pair.time).unwrap();
    let (begun, idle) = (ticket.begun, pair.node.session_idle_ms);
    assert_eq!((begun, ticket.expires), (pair.time.unix, pair.time.unix + idle));
    let day = 24 * 60 * 60 * 1000;
    pair.time.unix += day - 60_000;
    let last = ticket.renewed(pair.time, idle);
    assert_eq!((last.begun, last.expires), (begun, begun + day));
    let sealed = last.seal(&pair.node.secret, pair.time, &mut pair.random).unwrap();
    let resumed = Pass { ticket: sealed, ..pass };
    let mut next = Pair::new(15);
    next.time = pair.time;
    next.client =
        Client::connect(config(&next.node, Some(resumed)), next.time, &mut next.random).unwrap();
    next.exchange();
    let pass = pass_of(&mut next);
    let ticket = Ticket::open(&next.node.secret, &pass.ticket, next.time).unwrap();
    assert_eq!((ticket.begun, ticket.expires), (begun, begun + day));
}

#[test]
fn heartbeats_of_many_clients_spread() {
    let waits = (0..40).map(|seed| {
        let pair = Pair::open(100 + seed);
        pair.client.poll_timeout().unwrap() - pair.time.monotonic
    });
    let waits = waits.collect::<std::collections::BTreeSet<_>>();
    assert!(waits.len() > 30 && waits.iter().all(|wait| (54_000..=66_000).contains(wait)));
    assert!(waits.last().unwrap() - waits.first().unwrap() > 6_000);
}

#[test]
fn what_a_peer_would_not_take_is_not_sent() {
    let mut pair = Pair::open(16);
    let pairs = vec![("name".to_owned(), "value".to_owned()); 65];
    let too_many = Err(Error::Misused(Misuse::TooManyPairs));
    let mut asked = Call { metadata: pairs.clone(), ..call("m") };
    assert_eq!(pair.client.call(&asked, pair.time), too_many);
    asked.metadata.pop();
    let number = pair.client.call(&asked, pair.time).unwrap();
    pair.exchange();
    let mut answer = Response { headers: pairs, ..response(number) };
    assert_eq!(pair.server.respond(&answer, pair.time), too_many.map(|_: u64| ()));
    answer.headers.pop();
    pair.server.respond(&answer, pair.time).unwrap();
    pair.exchange();
    assert!(matches!(pair.client_events().as_slice(), [ClientEvent::Response(r)] if *r == answer));
    for _ in 0..128 {
        pair.client.call(&call("m"), pair.time).unwrap();
    }
    assert_eq!(pair.client.call(&call("m"), pair.time), Err(Error::Misused(Misuse::TooManyCalls)));
}
