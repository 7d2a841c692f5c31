//! Nothing secret is printed, and no (key, nonce) is used twice.

use std::collections::HashSet;
use std::fmt::Debug;

use kontract_protocol::crypto::exchange::PrivateKey;
use kontract_protocol::crypto::secret::{
    ChainingKey, CookieKey, Exporter, HandshakeKey, NodeSecret, PostSecret, Prk, ResumePsk,
    SplitKeys, TicketKey, TrafficIv, TrafficKey,
};
use kontract_protocol::handshake::client::{Attempt, Offer};
use kontract_protocol::handshake::server::answer;
use kontract_protocol::post::request;
use kontract_protocol::stream::ClientEvent;

use crate::support::{ADDRESS, Pair, call, hex};

fn hides(value: &impl Debug, secrets: &[&[u8]]) {
    let printed = [format!("{value:?}"), format!("{value:#?}").replace(char::is_whitespace, "")];
    for secret in secrets {
        let decimal = format!("{secret:?}").replace(' ', "");
        let decimal = decimal.trim_matches(['[', ']']).to_owned();
        let hex = hex(secret);
        for printed in &printed {
            let plain = printed.replace(' ', "");
            assert!(!plain.contains(&decimal) && !plain.contains(&hex), "{printed}");
        }
    }
}

#[test]
fn no_key_is_printed() {
    let bytes = [0xD3; 32];
    hides(&PrivateKey::new(bytes), &[&bytes[..4]]);
    hides(&HandshakeKey::new(bytes), &[&bytes[..4]]);
    hides(&ChainingKey::new(bytes), &[&bytes[..4]]);
    hides(&SplitKeys::new([0xD3; 64]), &[&bytes[..4]]);
    hides(&Prk::new(bytes), &[&bytes[..4]]);
    hides(&TrafficKey::new(bytes), &[&bytes[..4]]);
    hides(&TrafficIv::new([0xD3; 12]), &[&bytes[..4]]);
    hides(&ResumePsk::new(bytes), &[&bytes[..4]]);
    hides(&Exporter::new(bytes), &[&bytes[..4]]);
    hides(&PostSecret::new(bytes), &[&bytes[..4]]);
    hides(&NodeSecret::new(bytes), &[&bytes[..4]]);
    hides(&TicketKey::new(bytes), &[&bytes[..4]]);
    hides(&CookieKey::new(bytes), &[&bytes[..4]]);
}

#[test]
fn no_machine_prints_what_it_holds() {
    let mut pair = Pair::new(91);
    let offer = Offer { ciphers: pair.node.ciphers.clone(), schema: [0; 32] };
    let pin = pair.node.keys[0].public();
    let (attempt, init) = Attempt::start(pin, offer, None, &mut pair.random).unwrap();
    let answered = answer(&pair.node, &init, ADDRESS, pair.time, &mut pair.random);
    let established = answered.outcome.unwrap().unwrap();
    let keys = &established.keys;
    let secrets: Vec<&[u8]> = vec![
        &keys.to_server.key.expose()[..6],
        &keys.to_client.key.expose()[..6],
        &keys.to_client.iv.expose()[..6],
        &keys.resume.expose()[..6],
        &keys.post.expose()[..6],
        &keys.exporter.expose()[..6],
    ];
    hides(&established, &secrets);
    hides(&attempt, &[&[0x11; 6]]);
    hides(&pair.node, &[&[0x11; 6], &pair.node.secret.expose()[..6]]);
    hides(&call("m"), &[b"hush", b"argu"]);
    assert!(!format!("{:?}", call("m")).contains("hush"));

    let mut pair = Pair::new(92);
    pair.exchange();
    let events = pair.client_events();
    let pass = events.iter().find_map(|event| match event {
        ClientEvent::Pass(pass) => Some(pass),
        _ => None,
    });
    let pass = pass.unwrap();
    let secrets: [&[u8]; 3] =
        [&pass.post.expose()[..6], &pass.resume.expose()[..6], &pass.ticket[28..34]];
    pair.client.call(&call("m"), pair.time).unwrap();
    pair.carry_up();
    hides(&pair.client, &secrets);
    hides(&pair.server, &secrets);
    hides(&events, &secrets[..2]);
    let (pending, ..) = request(pass, &[call("m")], [0; 16], &mut pair.random).unwrap();
    hides(&pending, &secrets[..2]);
    let events = pair.server_events();
    assert!(!format!("{events:?}{:?}", pair.server).contains("hush"));
}

#[test]
fn no_key_and_nonce_come_twice() {
    let mut seen = HashSet::new();
    let mut pass = None;
    for round in 0..8 {
        let mut pair = Pair::with(93 + round, crate::support::node(), pass.clone());
        let init = pair.client.poll_transmit().unwrap();
        let answered = answer(&pair.node, &init, ADDRESS, pair.time, &mut pair.random);
        let established = answered.outcome.unwrap().unwrap();
        let mut to_server = established.keys.to_server;
        let mut to_client = established.keys.to_client;
        for _ in 0..4 {
            assert!(seen.insert((*to_server.key.expose(), *to_server.iv.expose())));
            assert!(seen.insert((*to_client.key.expose(), *to_client.iv.expose())));
            (to_server, to_client) = (to_server.rekeyed().unwrap(), to_client.rekeyed().unwrap());
        }
        let mut next = Pair::with(200 + round, crate::support::node(), pass.take());
        next.exchange();
        pass = next.client_events().into_iter().find_map(|event| match event {
            ClientEvent::Pass(pass) => Some(*pass),
            _ => None,
        });
        let pass = pass.as_ref().unwrap();
        let (_, _, one) = request(pass, &[call("m")], [4; 16], &mut next.random).unwrap();
        let (_, _, two) = request(pass, &[call("m")], [4; 16], &mut next.random).unwrap();
        let ticket = pass.ticket.len() + 2;
        assert_eq!(one[..ticket + 16], two[..ticket + 16]);
        assert_ne!(one[ticket + 16..ticket + 32], two[ticket + 16..ticket + 32]);
        assert_ne!(one[ticket + 60..], two[ticket + 60..]);
    }
}
