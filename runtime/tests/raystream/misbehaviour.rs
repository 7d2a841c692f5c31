//! Peers that do not keep to the protocol, at the live endpoints. The whole list runs without
//! sockets, in `runtime/protocol`.

use futures_util::SinkExt;
use kontract_protocol::{crypto::exchange::PrivateKey, frame::OVERHEAD};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{self, Session, ask, now},
    world::World,
};

/// What is made of the next frame of an open session.
type Trick = fn(&mut Vec<u8>) -> Vec<Message>;

const TRICKS: &[(&str, Trick)] = &[
    ("a flipped bit in the tag", |frame| {
        *frame.last_mut().unwrap() ^= 1;
        vec![binary(frame)]
    }),
    ("a flipped bit in the ciphertext", |frame| {
        frame[28] ^= 0x80;
        vec![binary(frame)]
    }),
    ("a sequence that was left out", |frame| {
        frame[7] ^= 1;
        vec![binary(frame)]
    }),
    ("a record twice", |frame| vec![binary(frame), binary(frame)]),
    ("a truncated record", |frame| {
        frame.pop();
        vec![binary(frame)]
    }),
    ("a record with something behind it", |frame| {
        frame.push(0);
        vec![binary(frame)]
    }),
    ("two records in one message", |frame| {
        let twice = [frame.as_slice(), frame].concat();
        vec![binary(&twice)]
    }),
    ("another version", |frame| {
        frame[0] = 2;
        vec![binary(frame)]
    }),
    ("a type of the server", |frame| {
        frame[1] = 0x11;
        vec![binary(frame)]
    }),
    ("a handshake in an open session", |frame| {
        frame[1] = 0x01;
        vec![binary(frame)]
    }),
    ("an unknown flag", |frame| {
        frame[2] |= 0x80;
        vec![binary(frame)]
    }),
    ("a stale epoch", |frame| {
        frame[15] = 2;
        vec![binary(frame)]
    }),
    ("a length that is not there", |frame| {
        frame[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        vec![binary(frame)]
    }),
    ("a text", |_| vec![Message::text("hello")]),
    ("nothing at all", |_| vec![binary(&[])]),
    ("a message above every limit", |_| vec![binary(&vec![0; (64 << 10) + OVERHEAD + 1])]),
];

#[tokio::test]
async fn a_record_that_is_not_the_next_one_ends_the_stream_without_a_word() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pins = world.keys.pins();
    for (name, trick) in TRICKS {
        let mut session = Session::open(&gateway, &pins).await;
        // The echo of its first heartbeat has come before.
        session.text("echo", "").await;
        session.client.call(&ask("increment", name), now()).unwrap();
        let mut frame = session.client.poll_transmit().unwrap();
        let honest = frame.clone();
        for message in trick(&mut frame) {
            // The server may have gone after the first.
            let _ = session.socket.send(message).await;
        }
        let mut said = Vec::new();
        while let Some(frame) = client::next(&mut session.socket).await {
            said.push(frame);
        }
        let answers = usize::from(frame == honest);
        assert!(said.len() <= answers, "{name}: {} frames", said.len());
        let mut other = Session::open(&gateway, &pins).await;
        let done = other.text("counted", name).await;
        assert!(done == "0" || frame == honest && done == "1", "{name}: {done}");
    }
}

#[tokio::test]
async fn whoever_cannot_begin_is_told_one_thing() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pin = world.keys.pins()[0];
    let init = client::init(&pin);
    let changed = |change: fn(&mut Vec<u8>)| {
        let mut frame = init.clone();
        change(&mut frame);
        frame
    };
    let wrong = [
        changed(|frame| *frame.last_mut().unwrap() ^= 1),
        changed(|frame| frame[40] ^= 1),
        changed(|frame| frame.truncate(80)),
        changed(|frame| frame[3] = 1),
        changed(|frame| frame[28..60].fill(0)),
        changed(|frame| frame[1] = 0x02),
        changed(|frame| frame[0] = 9),
    ];
    let mut refusals = Vec::new();
    for frame in &wrong {
        let mut socket = client::connect(gateway.address()).await;
        socket.send(Message::Binary(frame.clone().into())).await.unwrap();
        refusals.push(client::next(&mut socket).await.unwrap());
        // And may try again.
        socket.send(Message::Binary(init.clone().into())).await.unwrap();
        assert!(client::next(&mut socket).await.unwrap().len() > 100);
    }
    assert_eq!(refusals[0].len(), 44);
    assert!(refusals.iter().all(|refusal| *refusal == refusals[0]));

    // A key that the gateway does not have is named, and nothing else is different.
    let stranger = PrivateKey::generate(&mut client::random()).unwrap().public();
    let mut unknown = init.clone();
    unknown[12..16].copy_from_slice(&stranger.id());
    let mut expected = refusals[0].clone();
    expected[12..16].copy_from_slice(&stranger.id());
    assert_eq!(client::post(gateway.address(), &unknown).await, expected);
}

#[tokio::test]
async fn a_post_that_cannot_be_opened_is_told_one_thing() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pass = client::greet(&gateway, &world.keys.pins()[0]).await;
    let call = ask("increment", "posts");
    let (_, _, body) = kontract_protocol::post::request(
        &pass,
        std::slice::from_ref(&call),
        call.id,
        &mut client::random(),
    )
    .unwrap();
    for at in [2, 40, body.len() - 200, body.len() - 1] {
        let mut changed = body.clone();
        changed[at] ^= 1;
        let answer = client::post(gateway.address(), &changed).await;
        assert_eq!((answer.len(), &answer[28..]), (44, &[0; 16][..]), "byte {at}");
    }
    assert_eq!(client::post(gateway.address(), &body[..body.len() - 1]).await.len(), 44);
    assert_eq!(client::post(gateway.address(), b"").await.len(), 44);
    let counted = client::call(&gateway, &pass, &[ask("counted", "posts")]).await.unwrap();
    assert_eq!(crate::world::read(&counted[0].as_ref().unwrap().result), "0");

    let address = gateway.address();
    let foreign = client::headers(0).replace("host:", "origin: https://evil.example\r\nhost:");
    assert_eq!(client::request(address, &foreign, b"").await.0, 403);
    let text = client::headers(0).replace("application/octet-stream", "text/plain");
    assert_eq!(client::request(address, &text, b"").await.0, 415);
    let long = client::headers(2 << 20);
    assert_eq!(client::request(address, &long, b"").await.0, 413);
    for (head, status) in [
        ("GET /raystream HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", 426),
        ("PUT /raystream HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n", 405),
        (UPGRADE_OF_ANOTHER_PAGE, 403),
    ] {
        assert_eq!(client::request(address, head, b"").await.0, status, "{head}");
    }
}

fn binary(frame: &[u8]) -> Message {
    Message::Binary(frame.to_vec().into())
}

const UPGRADE_OF_ANOTHER_PAGE: &str = "GET /raystream HTTP/1.1\r\nhost: localhost\r\n\
     origin: https://evil.example\r\nconnection: close, upgrade\r\nupgrade: websocket\r\n\
     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
