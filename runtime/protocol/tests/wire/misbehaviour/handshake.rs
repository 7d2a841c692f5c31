//! Clients that misbehave in a handshake.

use kontract_protocol::Error::PeerMisbehaved;
use kontract_protocol::Misbehaviour::{self, *};
use kontract_protocol::crypto::aead::Cipher;
use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::frame::handshake_frame;
use kontract_protocol::handshake::client::{Attempt, Offer};
use kontract_protocol::handshake::init::{header, prologue};
use kontract_protocol::handshake::noise::Initiator;
use kontract_protocol::handshake::payload::Hello;
use kontract_protocol::handshake::response::refusal;
use kontract_protocol::stream::{ClientEvent, Ending, ServerEvent};
use kontract_protocol::ticket::{Pass, Ticket, node_secret};

use super::assert_listed;
use crate::support::{ADDRESS, Pair, client_ending, node, server_ending};

pub type Frames = (&'static str, fn(&mut Pair) -> Vec<u8>, Misbehaviour);

pub fn good(pair: &mut Pair) -> Vec<u8> {
    pair.client.poll_transmit().unwrap()
}

fn changed(pair: &mut Pair, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut frame = good(pair);
    change(&mut frame);
    frame
}

fn hello() -> Vec<u8> {
    Hello { ciphers: vec![Cipher::Aes256Gcm], schema: [0; 32] }.encode().unwrap()
}

/// An INIT with this payload, sealed as it must be.
fn with_payload(pair: &mut Pair, payload: &[u8]) -> Vec<u8> {
    let server = pair.node.keys[0].public();
    let head = header(server.id(), None, None, payload.len()).unwrap();
    let prologue = prologue(&head, None, None).unwrap();
    let ephemeral = PrivateKey::generate(&mut pair.random).unwrap();
    let (_, message) = Initiator::start(&[&prologue], &server, None, ephemeral, payload).unwrap();
    handshake_frame(&head, &message)
}

fn with_pass(pair: &mut Pair, pass: Pass) -> Vec<u8> {
    let offer = Offer { ciphers: vec![Cipher::Aes256Gcm], schema: [0; 32] };
    let pin = pair.node.keys[0].public();
    Attempt::start(pin, offer, Some(pass), &mut pair.random).unwrap().1
}

/// A pass of an earlier session, whose ticket some secret sealed.
fn pass(secret: &[u8]) -> Pass {
    let mut earlier = Pair::new(999);
    earlier.exchange();
    let events = earlier.client_events();
    let pass = events.into_iter().find_map(|event| match event {
        ClientEvent::Pass(pass) => Some(*pass),
        _ => None,
    });
    let pass = pass.unwrap();
    let ticket = Ticket::open(&earlier.node.secret, &pass.ticket, earlier.time).unwrap();
    let sealed = ticket.seal(&node_secret(secret), earlier.time, &mut earlier.random).unwrap();
    Pass { ticket: sealed, ..pass }
}

const OURS: &[u8] = b"a secret of thirty-two characters";

fn inits() -> Vec<Frames> {
    vec![
        ("nothing", |_| Vec::new(), WrongLength),
        ("half a header", |p| changed(p, |b| b.truncate(9)), WrongLength),
        ("a header alone", |p| changed(p, |b| b.truncate(16)), WrongLength),
        ("an INIT that was cut off", |p| changed(p, |b| b.truncate(100)), WrongLength),
        ("an INIT with more behind it", |p| changed(p, |b| b.push(0)), WrongLength),
        ("another version", |p| changed(p, |b| b[0] = 0), WrongVersion),
        ("a RESPONSE", |p| changed(p, |b| b[1] = 2), WrongType),
        ("a call before the handshake", |p| changed(p, |b| b[1] = 0x10), WrongType),
        ("CLOSE before the handshake", |p| changed(p, |b| b[1] = 0xFF), WrongType),
        ("a flag that does not exist", |p| changed(p, |b| b[3] = 0x10), WrongFlags),
        ("MORE", |p| changed(p, |b| b[3] = 4), WrongFlags),
        ("megabytes announced", |p| changed(p, |b| b[9] = 0xFF), FrameTooLong),
        ("a sequence", |p| changed(p, |b| b[7] = 1), WrongHeader),
        ("a nonce", |p| changed(p, |b| b[20] = 1), WrongHeader),
        ("a key that is not ours", |p| changed(p, |b| b[12] ^= 1), UnknownKey),
        ("another ephemeral key", |p| changed(p, |b| b[30] ^= 1), Unauthentic),
        ("a weak ephemeral key", |p| changed(p, |b| b[28..60].fill(0)), WeakKey),
        ("a bit of the payload", |p| changed(p, |b| b[70] ^= 1), Unauthentic),
        ("a ticket that is not there", |p| changed(p, |b| b[3] = 1), WrongLength),
        ("a cookie that is not there", |p| changed(p, |b| b[3] = 2), Unauthentic),
        (
            "an INIT without an ephemeral key",
            |p| {
                changed(p, |b| {
                    b.truncate(44);
                    b[8..12].fill(0);
                })
            },
            WrongLength,
        ),
        (
            "no cipher",
            |p| {
                let payload = Hello { ciphers: Vec::new(), schema: [0; 32] }.encode().unwrap();
                with_payload(p, &payload)
            },
            NoCommonCipher,
        ),
        (
            "ciphers that do not exist",
            |p| {
                let mut payload = hello();
                payload[2] = 99;
                with_payload(p, &payload)
            },
            NoCommonCipher,
        ),
        (
            "a payload of another version",
            |p| {
                let mut payload = hello();
                payload[0] = 2;
                with_payload(p, &payload)
            },
            MalformedPayload,
        ),
        (
            "a payload without padding",
            |p| {
                let mut payload = hello()[..35].to_vec();
                payload.extend([0, 0]);
                with_payload(p, &payload)
            },
            MalformedPayload,
        ),
        (
            "padding of another length",
            |p| {
                let mut payload = hello();
                payload.push(0);
                with_payload(p, &payload)
            },
            MalformedPayload,
        ),
        (
            "more ciphers than there are",
            |p| {
                let mut payload = hello();
                payload[1] = 255;
                with_payload(p, &payload)
            },
            MalformedPayload,
        ),
        ("no payload", |p| with_payload(p, &[]), MalformedPayload),
        (
            "a ticket of nothing",
            |p| with_pass(p, Pass { ticket: Vec::new(), ..pass(OURS) }),
            BadTicket,
        ),
        (
            "a ticket of zeros",
            |p| {
                let mut pass = pass(OURS);
                pass.ticket[28..].fill(0);
                with_pass(p, pass)
            },
            BadTicket,
        ),
        ("a ticket of another application", |p| with_pass(p, pass(b"another secret")), BadTicket),
        (
            "a ticket of the epoch before",
            |p| {
                let mut pass = pass(OURS);
                pass.ticket[3] -= 1;
                with_pass(p, pass)
            },
            BadTicket,
        ),
        (
            "a ticket of the day before",
            |p| {
                p.time.unix += 24 * 60 * 60 * 1000;
                with_pass(p, pass(OURS))
            },
            TicketExpired,
        ),
        (
            "a ticket that was idle for too long",
            |p| {
                p.time.unix += 5 * 60 * 1000;
                with_pass(p, pass(OURS))
            },
            TicketExpired,
        ),
        (
            "a ticket that was taken from another",
            |p| {
                let own = pass(OURS);
                let mut other = Pair::new(77);
                other.exchange();
                let events = other.client_events();
                let stolen = events.into_iter().find_map(|event| match event {
                    ClientEvent::Pass(pass) => Some(pass.ticket),
                    _ => None,
                });
                with_pass(p, Pass { ticket: stolen.unwrap(), ..own })
            },
            Unauthentic,
        ),
        (
            "a ticket that was cut out",
            |p| {
                let mut frame = with_pass(p, pass(OURS));
                let ticket = 2 + usize::from(frame[29]);
                frame.drain(28..28 + ticket);
                frame[3] = 0;
                let length = u32::try_from(frame.len() - 44).unwrap();
                frame[8..12].copy_from_slice(&length.to_be_bytes());
                frame
            },
            Unauthentic,
        ),
    ]
}

#[test]
fn a_server_answers_every_bad_init_with_the_one_refusal() {
    assert_listed("INITs", &inits());
    for (name, init, blame) in inits() {
        let mut pair = Pair::new(51);
        let init = init(&mut pair);
        pair.give_server(&init);
        let frames: Vec<_> = std::iter::from_fn(|| pair.server.poll_transmit()).collect();
        assert_eq!(frames, [refusal(&init)], "{name}");
        assert_eq!(frames[0].len(), 44, "{name}");
        assert!(frames[0][16..].iter().all(|byte| *byte == 0), "{name}");
        let events = pair.server_events();
        let [ServerEvent::Refused(error)] = events.as_slice() else { panic!("{name}: {events:?}") };
        assert_eq!(*error, PeerMisbehaved(blame), "{name}");
        assert_eq!(pair.node.admission().unconfirmed(), 0, "{name}");
        // Nothing has changed: a good INIT is taken.
        let time = pair.time;
        pair = Pair { server: pair.server, node: pair.node, ..Pair::new(52) };
        pair.time = time;
        pair.exchange();
        assert!(
            matches!(pair.client_events().as_slice(), [ClientEvent::Opened { .. }, ..]),
            "{name}"
        );
    }
}

#[test]
fn an_init_that_is_replayed_opens_nothing() {
    let mut pair = Pair::new(53);
    let init = good(&mut pair);
    pair.give_server(&init);
    pair.carry_down();
    let first = pair.client.poll_transmit().unwrap();
    let mut replayed = Pair { node: pair.node, ..Pair::new(54) };
    replayed.give_server(&init);
    replayed.give_server(&first);
    let failed = Ending::Failed(PeerMisbehaved(Unauthentic));
    assert_eq!(server_ending(&replayed.server_events()), Some(failed));
}

#[test]
fn an_address_and_a_connection_have_only_so_many_handshakes() {
    let mut pair = Pair::new(55);
    let refused = (0..41).filter(|_| {
        pair.server = kontract_protocol::stream::Server::accept(ADDRESS, pair.time);
        pair.give_server(&[1, 1]);
        let events = pair.server_events();
        matches!(events.as_slice(), [ServerEvent::Refused(PeerMisbehaved(TooManyHandshakes))])
    });
    assert_eq!(refused.count(), 1);
    let mut pair = Pair::new(56);
    (0..16).for_each(|_| pair.give_server(&[1, 1]));
    let failed = Ending::Failed(PeerMisbehaved(TooManyHandshakes));
    assert_eq!(server_ending(&pair.server_events()), Some(failed));
}

#[test]
fn half_open_sessions_make_way_for_later_ones() {
    let node = node();
    for count in 0..40_usize {
        let (_, evicted) = node.admission().enter(ADDRESS);
        assert_eq!(evicted.is_some(), count >= 32);
    }
    for index in 0..12_000_u32 {
        let (_, evicted) = node.admission().enter(std::net::Ipv4Addr::from(index).into());
        assert_eq!(evicted.is_some(), index >= 10_000 - 32);
    }
    assert_eq!(node.admission().unconfirmed(), 10_000);
}

#[test]
fn a_cookie_of_another_address_or_key_is_none() {
    let mut pair = Pair::new(57);
    for index in 0..600_u32 {
        pair.node.admission().enter(std::net::Ipv4Addr::from(index).into());
    }
    pair.carry_up();
    let cookie = pair.server.poll_transmit().unwrap();
    pair.give_client(&cookie);
    let again = good(&mut pair);
    let mut elsewhere = Pair::new(58);
    std::mem::swap(&mut elsewhere.node, &mut pair.node);
    elsewhere.server =
        kontract_protocol::stream::Server::accept([192, 0, 2, 2].into(), elsewhere.time);
    elsewhere.give_server(&again);
    let other = elsewhere.server.poll_transmit().unwrap();
    assert_eq!((other.len(), other[3]), (44, 2));
    assert_ne!(other, cookie);
    // A server that asks for a second cookie.
    pair.client.handle_frame(&other, pair.time, &mut pair.random);
    let failed = Ending::Failed(PeerMisbehaved(CookieRepeated));
    assert_eq!(client_ending(&pair.client_events()), Some(failed));
}
