//! raystream on a real gateway and a real PostgreSQL, spoken to by the protocol's own client.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/support/postgres.rs"]
mod postgres;
#[path = "../support"]
mod support {
    pub mod schema;
}
mod admission;
mod client;
mod lifetime;
mod misbehaviour;
mod streaming;
mod world;

use std::time::Duration;

use client::{Session, ask, with};
use kontract_protocol::post;
use kontract_runtime::gateway::StaticKeys;
use serde_json::Value;
use world::{World, read};

#[tokio::test]
async fn calls_are_answered_on_a_stream_and_by_post() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pins = world.keys.pins();

    let mut session = Session::open(&gateway, &pins).await;
    assert_eq!(session.text("echo", "Grüße 🎉").await, "Grüße 🎉");
    assert_eq!(session.text("large", "900000").await.len(), 900_000);
    let call = with(ask("about", ""), "trace-id", "trace-1");
    let said = session.call(&call).await.unwrap();
    let said: Value = serde_json::from_str(&read(&said.result)).unwrap();
    let id = format!("{:032x}", u128::from_be_bytes(call.id));
    assert_eq!(said["callId"], id);
    assert_eq!(said["path"], "/rpc/about");
    assert_eq!(said["trace"], "trace-1");
    assert_eq!(said["anonymous"], true);
    let created = session.call(&ask("created", "7")).await.unwrap();
    assert_eq!(created.status, 201);
    assert_eq!(created.headers, [("location".to_owned(), "/notes/7".to_owned())]);
    let nothing = session.call(&ask("nothing", "")).await.unwrap();
    assert_eq!((nothing.status, nothing.result.len()), (204, 0));

    let pass = client::greet(&gateway, &pins[0]).await;
    let calls = [ask("echo", "one"), ask("missing", "note"), ask("created", "8")];
    let answers = client::call(&gateway, &pass, &calls).await.unwrap();
    assert_eq!(read(&answers[0].as_ref().unwrap().result), "one");
    assert_eq!(answers[1].as_ref().unwrap_err().message, "No note");
    assert_eq!(answers[2].as_ref().unwrap().status, 201);
}

#[tokio::test]
async fn failures_say_what_they_say_over_http() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.limits.body = 1000).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let mut bare = ask("echo", "");
    bare.metadata.clear();
    let mut stale = bare.clone();
    stale.metadata.push(("abi".to_owned(), "sha256:older".to_owned()));
    let mut malformed = ask("echo", "");
    malformed.args = vec![0xFF; 40];
    let cases = [
        (ask("missing", "note"), "NOT_FOUND", 404, "No note"),
        (ask("nowhere", ""), "NOT_FOUND", 404, "Route nowhere not found"),
        (
            ask("broken", ""),
            "INTERNAL_ERROR",
            500,
            "Internal error (details in the log, with the call id)",
        ),
        (
            bare,
            "INVALID_REQUEST",
            400,
            "x-kontract-abi: expected the hash of the client's contract",
        ),
        (stale, "STALE_CLIENT", 409, "This client was built for an older version of echo"),
        (malformed, "INVALID_REQUEST", 400, ""),
        (
            ask("echo", &"x".repeat(1000)),
            "INVALID_REQUEST",
            413,
            "body: expected at most 1000 bytes",
        ),
        (ask("large", "2000"), "INTERNAL_ERROR", 500, ""),
        (
            with(ask("echo", ""), "authorization", "Bearer unknown"),
            "UNAUTHORIZED",
            401,
            "Unauthorized",
        ),
        (with(ask("echo", ""), "authorization", "secret"), "UNAUTHORIZED", 401, "Unauthorized"),
        (
            with(ask("echo", ""), "timeout", "soon"),
            "INVALID_REQUEST",
            400,
            "timeout: expected milliseconds",
        ),
        (with(ask("pause", "60000"), "timeout", "20"), "TIMEOUT", 504, ""),
    ];
    let pass = session.pass.clone().unwrap();
    for (call, code, status, message) in cases {
        let on_stream = session.call(&call).await.unwrap_err();
        let mut by_post = client::call(&gateway, &pass, std::slice::from_ref(&call)).await.unwrap();
        let by_post = by_post.remove(0).unwrap_err();
        for failure in [on_stream, by_post] {
            assert_eq!((&*failure.code, failure.status), (code, status), "{failure:?}");
            assert!(message.is_empty() || failure.message == message, "{failure:?}");
            assert_eq!(failure.stack, None);
        }
    }
}

#[tokio::test]
async fn what_no_route_is_called_is_not_logged_as_one() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    session.call(&ask(&"x".repeat(20_000), "")).await.unwrap_err();
    session.call(&ask("missing", "nobody")).await.unwrap_err();
    let log = world::log();
    let line = |text: &str| log.lines().find(|line| line.contains(text)).unwrap();
    assert!(line("Route xxx").len() < 500, "{}", line("Route xxx"));
    assert!(line("No nobody").contains("missing"), "{}", line("No nobody"));
}

#[tokio::test]
async fn the_cookie_of_a_stream_is_looked_up_at_each_call() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let credential = client::register(&gateway).await;
    let token = credential.strip_prefix("Bearer ").unwrap();
    let mut session = Session::open_with_cookie(&gateway, &world.keys.pins(), token).await;
    let about = session.text("about", "").await;
    assert!(about.contains(r#""anonymous":false"#), "{about}");
    client::logout(&gateway, &credential).await;
    let failure = session.call(&ask("about", "")).await.unwrap_err();
    assert_eq!(failure.code, "UNAUTHORIZED");
}

#[tokio::test]
async fn stacks_are_told_in_development_only() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.development = true).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let failure = session.call(&ask("broken", "")).await.unwrap_err();
    assert!(failure.stack.unwrap().contains("a secret detail"));
    // What a proxy on this machine passes on came from elsewhere.
    let mut session = Session::open_from(&gateway, &world.keys.pins(), "192.168.0.7").await;
    assert_eq!(session.call(&ask("broken", "")).await.unwrap_err().stack, None);
}

#[tokio::test]
async fn a_call_that_is_sent_again_is_done_once() {
    let world = World::new().await;
    let (gateway, other) = (world.serve().await, world.serve().await);
    let pins = world.keys.pins();
    let mut session = Session::open(&gateway, &pins).await;
    let call = ask("increment", "a");
    let first = session.call(&call).await.unwrap();
    assert_eq!(
        session.call(&call).await.unwrap(),
        kontract_protocol::message::Response {
            in_reply_to: first.in_reply_to + 1,
            ..first.clone()
        }
    );

    // Byte for byte, at another gateway: it answers, and does nothing.
    let pass = client::greet(&gateway, &pins[0]).await;
    let (pending, _, body) =
        post::request(&pass, std::slice::from_ref(&call), call.id, &mut client::random()).unwrap();
    let answer = client::post(other.address(), &body).await;
    let again = client::post(other.address(), &body).await;
    assert_ne!(answer, again, "no answer is sealed twice alike");
    let post::Answer::Replies(replies, _) = pending.read(&answer).unwrap() else {
        panic!("expired")
    };
    let post::Reply::Response(response) = &replies[0] else { panic!("{replies:?}") };
    assert_eq!(response.result, first.result);
    assert_eq!(session.text("counted", "a").await, "1");
    assert_eq!(session.text("increment", "a").await, "2");
}

#[tokio::test]
async fn any_gateway_with_the_secret_goes_on_with_a_ticket() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pins = world.keys.pins();
    let pass = Session::open(&gateway, &pins).await.pass.unwrap();
    gateway.close().await;

    let other = world.serve().await;
    let answers = client::call(&other, &pass, &[ask("echo", "by post")]).await.unwrap();
    assert_eq!(read(&answers[0].as_ref().unwrap().result), "by post");
    let mut resumed = Session::resume(&other, &pins, Some(pass.clone())).await;
    assert!(resumed.resumed);
    assert_eq!(resumed.text("echo", "resumed").await, "resumed");

    // With another secret it is not known: the stream begins anew, the POST has to.
    let stranger = world
        .serve_as(|config| {
            config.secret =
                kontract_runtime::config::Secret::new("jY8p2LxTq0vNc5RbZ7wKd1HsG4fUe9Mi");
        })
        .await;
    assert!(client::call(&stranger, &pass, &[ask("echo", "")]).await.is_none());
    let mut anew = Session::resume(&stranger, &pins, Some(pass)).await;
    assert!(!anew.resumed);
    assert_eq!(anew.text("echo", "anew").await, "anew");
}

#[tokio::test]
async fn a_rotation_leaves_no_client_behind() {
    let world = World::new().await;
    let before = world.keys.pins();
    let rotated = StaticKeys::parse(&world.keys.secret()).unwrap().rotated().unwrap();
    let gateway = world.serve_as(|config| config.wire.static_key = Some(rotated.secret())).await;
    let mut session = Session::open(&gateway, &before).await;
    assert_eq!(session.text("echo", "by the next key").await, "by the next key");
}

#[tokio::test]
async fn a_gateway_whose_key_is_not_pinned_does_not_start() {
    let world = World::new().await;
    let other = StaticKeys::generate(1).unwrap();
    for key in [Some(other.secret()), None] {
        let mut config = world.config();
        config.wire.static_key = key;
        let refused = kontract_runtime::gateway::Gateway::start(config).await.err().unwrap();
        let text = refused.to_string();
        assert!(text.starts_with("KONTRACT_STATIC_KEY "), "{text}");
        assert!(text.contains(&world.keys.pins()[0].id()), "{text}");
        assert!(!text.contains(other.secret().expose()), "{text}");
    }
    // Without pins there need be no key, and there is no raystream.
    world.build(world::API, &[]);
    let gateway = world.serve_as(|config| config.wire.static_key = None).await;
    let (status, _) = client::request(gateway.address(), &client::headers(0), b"").await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn a_ticket_ends_when_it_was_not_renewed() {
    let world = World::new().await;
    let idle = Duration::from_millis(1);
    let gateway = world.serve_as(|config| config.wire.session_idle = idle).await;
    let pins = world.keys.pins();
    let pass = client::greet(&gateway, &pins[0]).await;
    let call = [ask("echo", "late")];
    while client::call(&gateway, &pass, &call).await.is_some() {}
    let mut session = Session::resume(&gateway, &pins, Some(pass)).await;
    assert!(!session.resumed);
    assert_eq!(session.text("echo", "anew").await, "anew");
}
