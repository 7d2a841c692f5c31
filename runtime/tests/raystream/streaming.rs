//! Results that are streams of items.

use std::time::Duration;

use kontract_runtime::config::Config;

use crate::{
    client::{self, Session, ask, with},
    world::World,
};

#[tokio::test]
async fn items_come_in_order_as_they_are_asked_for() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let number = session.send(&ask("streamNumbers", "1000")).await;
    let mut taken = Vec::new();
    for credit in [1, 7, 32, 960, 5] {
        session.credit(number, credit).await;
        // Other calls are answered meanwhile, and no item comes that was not asked for.
        assert_eq!(session.text("echo", "meanwhile").await, "meanwhile");
        let count = 1000.min(taken.len() + credit as usize) - taken.len();
        taken.extend(session.items(count).await);
        assert!(session.items.is_empty());
    }
    assert!(taken.iter().enumerate().all(|(i, item)| *item == i.to_string()), "{taken:?}");
    let answer = session.answer(number).await.unwrap();
    assert_eq!((answer.status, answer.result.len()), (200, 0));
}

#[tokio::test]
async fn a_stream_without_items_needs_no_credit() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    assert!(session.call(&ask("streamNumbers", "0")).await.unwrap().result.is_empty());
}

#[tokio::test]
async fn an_error_comes_behind_the_items_before_it() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    for (route, argument, items, code) in
        [("streamFailing", "3", 3, "NOT_FOUND"), ("streamMisfit", "", 1, "INTERNAL_ERROR")]
    {
        let number = session.send(&ask(route, argument)).await;
        for _ in 0..items {
            session.credit(number, 1).await;
            session.items(1).await;
        }
        assert_eq!(session.answer(number).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_function_up_and_one_that_cancels_ends_it() {
    let world = World::new().await;
    let gateway = world.serve_as(one_isolate).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let number = session.send(&ask("streamEndless", "a")).await;
    session.credit(number, 3).await;
    assert!(session.items(3).await[2].starts_with("2 x"));
    session.cancel(number).await;
    assert_eq!(session.answer(number).await.unwrap_err().code, "CANCELLED");
    let left = left_behind(&mut session).await;
    assert!(left.starts_with(r#"["aborted","a ended after "#), "{left}");
    let made: u32 = left.trim_end_matches("\"]").rsplit(' ').next().unwrap().parse().unwrap();
    assert!((3..=4).contains(&made), "{left}");
    assert_eq!(session.text("counted", "a").await, "0", "what it wrote");

    // So does one that goes away.
    let mut other = Session::open(&gateway, &world.keys.pins()).await;
    let number = other.send(&ask("streamEndless", "b")).await;
    other.credit(number, 1).await;
    other.items(1).await;
    drop(other);
    assert!(left_behind(&mut session).await.contains("b ended after"));
}

/// What the only other stream has left in its isolate. It is free as soon as the function has
/// ended.
async fn left_behind(session: &mut Session) -> String {
    loop {
        let number = session.send(&ask("streamEnded", "")).await;
        session.credit(number, 1).await;
        match session.answer(number).await {
            Ok(_) => return session.items(1).await.remove(0),
            Err(failure) => assert_eq!(failure.code, "NOT_TAKEN"),
        }
    }
}

#[tokio::test]
async fn a_stream_whose_reader_takes_nothing_holds_no_call_up() {
    let world = World::new().await;
    let gateway = world.serve_as(one_isolate).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let number = session.send(&ask("streamEndless", "a")).await;
    for text in ["1", "2"] {
        assert_eq!(session.text("echo", text).await, text);
    }
    session.credit(number, 1).await;
    session.items(1).await;
}

#[tokio::test]
async fn who_has_many_streams_shares_with_the_next() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.limits.isolates = 4).await;
    let pins = world.keys.pins();
    let mut session = Session::open_from(&gateway, &pins, "9.9.9.9").await;
    let mut other = Session::open_from(&gateway, &pins, "9.9.9.8").await;
    let begun = [begin(&mut session, "").await, begin(&mut session, "").await];
    let own = other.send(&ask("streamNumbers", "3")).await;
    let failure = session.answer(begun[0]).await.unwrap_err();
    assert_eq!((&*failure.code, failure.status), ("RATE_LIMITED", 429));
    other.exhaust(own).await.unwrap();
    session.credit(begun[1], 1).await;
    session.items(1).await;
}

#[tokio::test]
async fn whose_reader_takes_nothing_makes_way() {
    let world = World::new().await;
    let change = |config: &mut Config| {
        config.limits.isolates = 1;
        config.limits.stream_idle = Duration::ZERO;
    };
    let gateway = world.serve_as(change).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let idle = begin(&mut session, "").await;
    // The item behind it waits, soon.
    loop {
        let number = session.send(&ask("streamNumbers", "1")).await;
        session.credit(number, 1).await;
        match session.answer(number).await {
            Ok(_) => break,
            Err(failure) => assert_eq!(failure.code, "NOT_TAKEN"),
        }
    }
    assert_eq!(session.answer(idle).await.unwrap_err().code, "RATE_LIMITED");
}

#[tokio::test]
async fn a_stream_ends_with_the_login_that_it_was_begun_with() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let (ada, eve) = (client::register(&gateway).await, client::register(&gateway).await);
    let (first, second) = (begin(&mut session, &ada).await, begin(&mut session, &eve).await);
    client::logout(&gateway, &ada).await;
    session.credit(first, 1).await;
    assert_eq!(session.answer(first).await.unwrap_err().code, "UNAUTHORIZED");
    session.credit(second, 3).await;
    session.items(3).await;
}

#[tokio::test]
async fn a_login_that_ended_elsewhere_or_of_itself_ends_its_streams() {
    let world = World::new().await;
    let often = |config: &mut Config| config.wire.login_check = Duration::ZERO;
    let (gateway, other) = (world.serve_as(often).await, world.serve().await);
    let brief = world.serve_as(|config| config.auth.session_ttl = Duration::from_secs(2)).await;
    for (gateway, other) in [(&gateway, Some(&other)), (&brief, None)] {
        let mut session = Session::open(gateway, &world.keys.pins()).await;
        let credential = client::register(gateway).await;
        let number = begin(&mut session, &credential).await;
        if let Some(other) = other {
            client::logout(other, &credential).await;
        }
        assert_eq!(session.exhaust(number).await.unwrap_err().code, "UNAUTHORIZED");
    }
}

/// Begins a stream that does not end, and takes one item.
async fn begin(session: &mut Session, credential: &str) -> u64 {
    let mut call = ask("streamEndless", "a");
    if !credential.is_empty() {
        call = with(call, "authorization", credential);
    }
    let number = session.send(&call).await;
    session.credit(number, 1).await;
    session.items(1).await;
    number
}

#[tokio::test]
async fn what_a_stream_writes_is_there_behind_its_last_item() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let number = session.send(&ask("streamWriting", "w")).await;
    for n in ["1", "2"] {
        session.credit(number, 1).await;
        assert_eq!(session.items(1).await, [n]);
        if n == "1" {
            assert_eq!(session.text("counted", "w").await, "0");
        }
    }
    session.answer(number).await.unwrap();
    assert_eq!(session.text("counted", "w").await, "2");
}

#[tokio::test]
async fn streams_leave_isolates_for_other_calls() {
    let world = World::new().await;
    let gateway = world.serve_as(|config| config.limits.isolates = 4).await;
    let mut session = Session::open(&gateway, &world.keys.pins()).await;
    let mut begun = Vec::new();
    for name in ["a", "b"] {
        let number = session.send(&ask("streamEndless", name)).await;
        session.credit(number, 1).await;
        session.items(1).await;
        begun.push(number);
    }
    let refused = session.call(&ask("streamNumbers", "1")).await.unwrap_err();
    assert_eq!((&*refused.code, refused.status), ("NOT_TAKEN", 503));
    assert_eq!(session.text("echo", "x").await, "x");
    session.cancel(begun[0]).await;
    session.answer(begun[0]).await.unwrap_err();
    // Its place is free when its function has ended.
    let number = loop {
        let number = session.send(&ask("streamNumbers", "1")).await;
        session.credit(number, 1).await;
        match session.answer(number).await {
            Ok(_) => break number,
            Err(failure) => assert_eq!(failure.code, "NOT_TAKEN"),
        }
    };
    assert_eq!(session.items.len(), 1, "{number}");
}

#[tokio::test]
async fn a_call_that_has_room_for_one_answer_is_refused() {
    let world = World::new().await;
    let gateway = world.serve().await;
    let pass = client::greet(&gateway, &world.keys.pins()[0]).await;
    let answers = client::call(&gateway, &pass, &[ask("streamNumbers", "1")]).await.unwrap();
    let failure = answers[0].as_ref().unwrap_err();
    assert_eq!((failure.status, &*failure.code), (400, "INVALID_REQUEST"));
    assert!(failure.message.contains("raystream connection"), "{}", failure.message);
}

fn one_isolate(config: &mut Config) {
    config.limits.isolates = 1;
}
