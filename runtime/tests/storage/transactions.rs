//! What calls see of each other.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kontract_runtime::storage::{CallStorage, CommitError};
use tokio::{join, task::spawn_local};

use crate::world::{World, count, increment, local, number, run};

#[tokio::test]
async fn a_call_sees_what_it_wrote_and_others_see_it_after_its_commit() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let call = world.call(&session);
        assert_eq!(call.get(counters, "a".into()).await.unwrap(), None);
        call.set(counters, "a".into(), r#"{"n":1}"#.into()).await.unwrap();
        assert_eq!(&*call.get(counters, "a".into()).await.unwrap().unwrap().data, r#"{"n":1}"#);
        let other = world.call(&session);
        assert_eq!(other.get(counters, "a".into()).await.unwrap(), None);
        call.commit().await.unwrap();
        let third = world.call(&session);
        assert_eq!(&*third.get(counters, "a".into()).await.unwrap().unwrap().data, r#"{"n": 1}"#);
    })
    .await;
}

#[tokio::test]
async fn eight_writers_increment_one_row_to_400() {
    local(async {
        let world = Rc::new(World::new().await);
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (world, session) = (Rc::clone(&world), Arc::clone(&session));
                spawn_local(async move {
                    for _ in 0..50 {
                        let done = async |call| increment(&call, counters, "hot").await;
                        run(&world, &session, done).await.unwrap();
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(count(&world, &session, "hot").await, 400);
    })
    .await;
}

#[tokio::test]
async fn crosswise_reads_and_writes_neither_deadlock_nor_skew() {
    local(async {
        let world = Rc::new(World::new().await);
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        for id in ["a", "b"] {
            let begin = async |call: Rc<CallStorage>| {
                call.set(counters, id.into(), r#"{"n":1}"#.into()).await
            };
            run(&world, &session, begin).await.unwrap();
        }
        // Each takes one from a row as long as both together hold more than one.
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (world, session) = (Rc::clone(&world), Arc::clone(&session));
                spawn_local(async move {
                    let (mine, other) = if writer % 2 == 0 { ("a", "b") } else { ("b", "a") };
                    for _ in 0..20 {
                        run(&world, &session, async |call: Rc<CallStorage>| {
                            let mine_now = number(&call.get(counters, mine.into()).await?.unwrap());
                            let other_now =
                                number(&call.get(counters, other.into()).await?.unwrap());
                            let next =
                                if mine_now + other_now > 1 { mine_now - 1 } else { mine_now + 1 };
                            call.set(counters, mine.into(), format!(r#"{{"n":{next}}}"#).into())
                                .await
                        })
                        .await
                        .unwrap();
                    }
                })
            })
            .collect();
        let start = Instant::now();
        for writer in writers {
            writer.await.unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        let sum = count(&world, &session, "a").await + count(&world, &session, "b").await;
        assert!((1..=2).contains(&sum), "{sum}");
    })
    .await;
}

#[tokio::test]
async fn gets_that_are_asked_for_together_are_one_statement() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 4).await;
        let counters = world.table("counters");
        let call = world.call(&session);
        let gets = (0..20).map(|id| call.get(counters, id.to_string().into()).into_future());
        for found in join_all(gets.collect::<Vec<_>>()).await {
            assert_eq!(found.unwrap(), None);
        }
        // One statement is one moment: nothing has to be compared, and another user's session that
        // does not exist any more is not asked for.
        world.run("DELETE FROM kontract.trxs").await;
        call.commit().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn reads_at_two_moments_are_compared() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let call = world.call(&session);
        assert_eq!(call.get(counters, "a".into()).await.unwrap(), None);
        run(&world, &session, async |call| increment(&call, counters, "a").await).await.unwrap();
        assert_eq!(call.get(counters, "b".into()).await.unwrap(), None);
        assert!(matches!(call.commit().await, Err(CommitError::Conflict { .. })));
    })
    .await;
}

#[tokio::test]
async fn operations_take_effect_in_the_order_they_were_called() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        run(&world, &session, async |call| increment(&call, counters, "a").await).await.unwrap();
        run(&world, &session, async |call: Rc<CallStorage>| {
            let before = call.get(counters, "a".into()).into_future();
            let first = call.update(counters, "a".into(), r#"{"n":5}"#.into()).into_future();
            let between = call.get(counters, "a".into()).into_future();
            let second = call.update(counters, "a".into(), r#"{"m":6}"#.into()).into_future();
            let after = call.get(counters, "a".into()).into_future();
            let removed = call.delete(counters, "a".into()).into_future();
            let gone = call.get(counters, "a".into()).into_future();
            let (before, first, between, second, after, removed, gone) =
                join!(before, first, between, second, after, removed, gone);
            assert_eq!(&*before?.unwrap().data, r#"{"n": 1}"#);
            assert_eq!(&*between?.unwrap().data, r#"{"n":5}"#);
            assert_eq!(&*after?.unwrap().data, r#"{"n":5,"m":6}"#);
            assert!(removed? && gone?.is_none());
            first.and(second)
        })
        .await
        .unwrap();
        let read = run(&world, &session, async |call| call.get(counters, "a".into()).await).await;
        assert_eq!(read.unwrap(), None);
    })
    .await;
}

#[tokio::test]
async fn pops_of_several_calls_take_different_rows() {
    local(async {
        let world = Rc::new(World::new().await);
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let ids: Vec<_> = (0..4)
            .map(|writer| {
                let (world, session) = (Rc::clone(&world), Arc::clone(&session));
                spawn_local(async move {
                    let mut popped = Vec::new();
                    for n in 0..10 {
                        run(&world, &session, async |call: Rc<CallStorage>| {
                            let data = format!(r#"{{"n":{}}}"#, writer * 100 + n);
                            call.push(counters, None, data.into()).await
                        })
                        .await
                        .unwrap();
                        let shift = async |call: Rc<CallStorage>| {
                            let (first, second) =
                                join!(Rc::clone(&call).shift(counters), call.shift(counters));
                            Ok([first?, second?])
                        };
                        let taken = run(&world, &session, shift).await.unwrap();
                        popped.extend(taken.into_iter().flatten().map(|row| row.id));
                    }
                    popped
                })
            })
            .collect();
        let mut popped = Vec::new();
        for ids in ids {
            popped.extend(ids.await.unwrap());
        }
        let all = popped.len();
        popped.sort();
        popped.dedup();
        assert_eq!((all, popped.len()), (40, 40));
    })
    .await;
}
