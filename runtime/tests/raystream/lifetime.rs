//! How calls and streams end: given up, cut off, closed, reloaded.

use kontract_protocol::stream::Ending;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    client::{self, Session, ask},
    world::{self, World},
};

/// Hears when a call has begun.
struct Ear(TcpListener);

impl Ear {
    async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn url(&self) -> String {
        format!("http://{}/", self.0.local_addr().unwrap())
    }

    async fn heard(&self) -> TcpStream {
        let mut asked = self.0.accept().await.unwrap().0;
        // Whoever asks takes no answer before.
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            assert_ne!(asked.read_buf(&mut request).await.unwrap(), 0);
        }
        asked
    }
}

async fn reply(asked: &mut TcpStream, text: &str) {
    let answer = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{text}",
        text.len()
    );
    asked.write_all(answer.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_aborted_and_its_isolate_free() {
    let world = World::new().await;
    let gateway = world
        .serve_as(|config| {
            config.limits.isolates = 1;
            config.egress = vec!["loopback".to_owned()];
        })
        .await;
    let pins = world.keys.pins();
    let ear = Ear::new().await;
    let mut session = Session::open(&gateway, &pins).await;

    // Cancelled on the stream.
    let number = session.send(&ask("wait", &ear.url())).await;
    reply(&mut ear.heard().await, "").await;
    session.cancel(number).await;
    let failure = session.answer(number).await.unwrap_err();
    assert_eq!((&*failure.code, failure.status), ("CANCELLED", 499));
    assert_eq!(session.text("abortions", "").await, "1");

    // Its POST is cut off.
    let pass = session.pass.clone().unwrap();
    let call = [ask("wait", &ear.url())];
    let (_, _, body) =
        kontract_protocol::post::request(&pass, &call, call[0].id, &mut client::random()).unwrap();
    let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
    stream.write_all(&[client::headers(body.len()).as_bytes(), &body].concat()).await.unwrap();
    reply(&mut ear.heard().await, "").await;
    drop(stream);
    assert_eq!(session.text("abortions", "").await, "2");

    // Its stream is.
    let mut other = Session::open(&gateway, &pins).await;
    other.send(&ask("wait", &ear.url())).await;
    reply(&mut ear.heard().await, "").await;
    drop(other);
    assert_eq!(session.text("abortions", "").await, "3");
}

#[tokio::test]
async fn calls_in_flight_finish_before_a_stream_is_closed() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.egress = vec!["loopback".to_owned()]).await;
    let ear = Ear::new().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let number = session.send(&ask("fetched", &ear.url())).await;
    let mut asked = ear.heard().await;
    let closing = tokio::spawn(gateway.close());
    reply(&mut asked, "done").await;
    assert_eq!(world::read(&session.answer(number).await.unwrap().result), "done");
    assert_eq!(session.end().await, Ending::ClosedByPeer);
    closing.await.unwrap();
}

#[tokio::test]
async fn a_stream_outlives_a_reload() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.egress = vec!["loopback".to_owned()]).await;
    let ear = Ear::new().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let number = session.send(&ask("fetched", &ear.url())).await;
    let mut asked = ear.heard().await;

    let changed = world::API.replace("async (text) => text;", "async (text) => `new ${text}`;");
    world.build(&changed, &world.keys.pins());
    gateway.reload(world.folder.path()).await.unwrap();
    assert_eq!(session.text("echo", "build").await, "new build");
    reply(&mut asked, "old").await;
    assert_eq!(world::read(&session.answer(number).await.unwrap().result), "old");

    // Clients of this build would not know the gateway.
    world.build(&changed, &[]);
    let refused = gateway.reload(world.folder.path()).await.unwrap_err();
    assert!(refused.to_string().contains("the build pins none"), "{refused}");
    assert_eq!(session.text("echo", "build").await, "new build");
}

#[tokio::test]
async fn a_stream_that_ends_without_its_close_is_cut_off() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.egress = vec!["loopback".to_owned()]).await;
    let ear = Ear::new().await;
    let between = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, behind) = (between.local_addr().unwrap(), gateway.address());
    let relay = tokio::spawn(async move {
        let (mut from, _) = between.accept().await.unwrap();
        let mut to = TcpStream::connect(behind).await.unwrap();
        let _ = copy_bidirectional(&mut from, &mut to).await;
    });
    let mut session = Session::at(address, &world.keys.pins(), None).await;
    session.send(&ask("wait", &ear.url())).await;
    reply(&mut ear.heard().await, "").await;
    relay.abort();
    assert_eq!(session.end().await, Ending::Truncated);
}
