//! How many may begin, and what those cost who go no further.

use std::time::{Duration, Instant};

use futures_util::SinkExt;
use kontract_runtime::config::Config;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    client::{self, Session, ask},
    world::World,
};

#[tokio::test]
async fn above_the_threshold_a_client_shows_that_it_receives_at_its_address() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pins = world.keys.pins();
    let init = client::init(&pins[0]);
    let before = resident();
    let mut half_open = Vec::new();
    // They begin and never say a word, each from another network.
    for number in 0..501 {
        let from = format!("9.{}.{}.1", number / 250, number % 250);
        let mut socket = client::connect_from(gateway.address(), &from).await;
        socket.send(Message::Binary(init.clone().into())).await.unwrap();
        let answer = client::next(&mut socket).await.unwrap();
        assert!(answer.len() > 100 && answer[2..4] == [0, 0], "{number}: a session");
        half_open.push(socket);
    }
    let each = resident().saturating_sub(before) / half_open.len();
    assert!(each < 64 << 10, "a half-open session holds {each} bytes, its client included");

    let mut socket = client::connect_from(gateway.address(), "8.8.8.8").await;
    socket.send(Message::Binary(init.into())).await.unwrap();
    let answer = client::next(&mut socket).await.unwrap();
    assert_eq!((answer.len(), &answer[2..4]), (44, &[0, 2][..]), "a cookie");
    let mut session = Session::open(&gateway, &pins).await;
    assert_eq!(session.text("echo", "with a cookie").await, "with a cookie");
    let pass = client::greet(&gateway, &pins[0]).await;
    assert!(client::call(&gateway, &pass, &[ask("echo", "")]).await.is_some());
}

#[tokio::test]
async fn an_address_makes_so_many_handshakes() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let init = client::init(&world.keys.pins()[0]);
    let mut refused = 0;
    for _ in 0..200 {
        refused += u32::from(client::post(gateway.address(), &init).await.len() == 44);
    }
    assert!(refused > 0);
    // Others may.
    let mut socket = client::connect_from(gateway.address(), "9.9.9.9").await;
    socket.send(Message::Binary(init.into())).await.unwrap();
    assert!(client::next(&mut socket).await.unwrap().len() > 100);
}

#[tokio::test]
async fn the_oldest_half_open_session_of_an_address_makes_way() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let init = client::init(&world.keys.pins()[0]);
    let mut sockets = Vec::new();
    for _ in 0..33 {
        let mut socket = client::connect_from(gateway.address(), "9.9.9.9").await;
        socket.send(Message::Binary(init.clone().into())).await.unwrap();
        client::next(&mut socket).await.unwrap();
        sockets.push(socket);
    }
    assert_eq!(client::next(&mut sockets[0]).await, None);
}

#[tokio::test]
async fn an_address_has_so_many_streams_and_then_calls_by_post() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.wire.sessions_per_address = 2).await;
    let pins = world.keys.pins();
    let _open = [
        Session::open_from(&gateway, &pins, "9.9.9.9").await,
        Session::open_from(&gateway, &pins, "9.9.9.9").await,
    ];
    let mut third = client::connect_from(gateway.address(), "9.9.9.9").await;
    third.send(Message::Binary(client::init(&pins[0]).into())).await.unwrap();
    assert_eq!(client::next(&mut third).await.unwrap().len(), 44, "the constant refusal");
    let headers = client::headers(client::init(&pins[0]).len());
    let headers = headers.replace("\r\n\r\n", "\r\nx-forwarded-for: 9.9.9.9\r\n\r\n");
    let (status, answer) =
        client::request(gateway.address(), &headers, &client::init(&pins[0])).await;
    assert!(status == 200 && answer.len() > 100);
    let mut elsewhere = Session::open_from(&gateway, &pins, "9.9.9.8").await;
    assert_eq!(elsewhere.text("echo", "x").await, "x");
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut silent = client::connect(gateway.address()).await;
    let mut begun = client::connect(gateway.address()).await;
    begun.send(Message::Binary(client::init(&world.keys.pins()[0]).into())).await.unwrap();
    assert!(client::next(&mut begun).await.is_some());
    assert_eq!(client::next(&mut silent).await, None);
    assert_eq!(client::next(&mut begun).await, None);
}

#[tokio::test]
async fn calls_beyond_what_runs_at_once_are_refused() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.limits.in_flight = 2).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(session.send(&ask("pause", "200")).await);
    }
    let mut outcomes = Vec::new();
    for number in running {
        outcomes.push(session.answer(number).await.map_err(|failure| failure.code));
    }
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(refused, ["NOT_TAKEN"]);
}

#[tokio::test]
async fn pings_are_answered_as_fast_as_answers_are_read() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut socket = client::connect(gateway.address()).await;
    let stream = socket.get_mut();
    // Masked with zeros: bytes as they are.
    let ping = [&[0x89, 0xFD, 0, 0, 0, 0][..], &[b'x'; 125]].concat();
    let many = ping.repeat(8_000);
    for _ in 0..40 {
        stream.write_all(&many).await.unwrap();
    }
    stream.shutdown().await.unwrap();
    let mut answers = Vec::new();
    let _ = stream.read_to_end(&mut answers).await;
    // What is between them holds some megabytes.
    assert!(answers.len() < 20 << 20, "{} bytes of pongs were kept", answers.len());
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    assert_eq!(session.text("echo", "x").await, "x");
}

#[tokio::test]
async fn who_does_not_read_answers_gives_way_to_other_calls() {
    let world = World::new().await;
    let change = |config: &mut Config| {
        (config.limits.in_flight, config.limits.body) = (32, 8 << 20);
    };
    let gateway = world.serve_as(change).await;
    let pins = world.keys.pins();
    let mut deaf = Session::open(&gateway, &pins).await;
    let begun = Instant::now();
    // What is between them holds two or three answers; the others hold their places.
    for _ in 0..32 {
        deaf.send(&ask("large", "4000000")).await;
    }
    while deaf.socket.send(Message::Ping(Vec::new().into())).await.is_ok() {
        assert!(begun.elapsed() < Duration::from_secs(25), "it is waited for");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Where nobody needs the places it would have been, for half a minute.
    let mut session = Session::open(&gateway, &pins).await;
    assert_eq!(session.text("echo", "x").await, "x");
}

/// Bytes of this process: gateway and clients.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}
