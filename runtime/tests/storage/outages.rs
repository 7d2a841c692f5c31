//! When PostgreSQL is slow, or gone.

use std::{
    cell::Cell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    task::{spawn_blocking, spawn_local},
    time::{sleep, timeout},
};

use kontract_runtime::storage::CallStorage;

use crate::{
    postgres::Cluster,
    world::{World, count, increment, local, run},
};

#[tokio::test]
async fn a_statement_that_nobody_waits_for_is_cancelled() {
    local(async {
        let world = World::new().await;
        let slow: Arc<str> = "SELECT pg_sleep(30)".into();
        let waited = timeout(Duration::from_millis(50), world.store.database.rows(&slow, Vec::new())).await;
        assert!(waited.is_err());
        // It stands in the same connection's way for no longer than this.
        let start = Instant::now();
        world.store.database.ping().await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        sleep(Duration::from_millis(500)).await;
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND state = 'active' AND pid <> pg_backend_pid()";
        let found = world.store.database.rows(&sleeping.into(), Vec::new()).await.unwrap();
        assert_eq!(found[0].get::<_, i64>(0), 0);
    })
    .await;
}

#[tokio::test]
async fn no_acknowledged_write_is_lost_when_postgresql_is_killed() {
    local(async {
        static KILLED: std::sync::OnceLock<Cluster> = std::sync::OnceLock::new();
        let world = Rc::new(World::on(KILLED.get_or_init(|| Cluster::start(&[]))).await);
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let under_load = Rc::new(Cell::new(true));
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let (world, session) = (Rc::clone(&world), Arc::clone(&session));
                let under_load = Rc::clone(&under_load);
                spawn_local(async move {
                    let id = format!("row {writer}");
                    let mut written = 0;
                    while under_load.get() {
                        let done = async |call| increment(&call, counters, &id).await;
                        let call = run(&world, &session, done);
                        match timeout(Duration::from_secs(10), call).await.unwrap() {
                            Ok(()) => written += 1,
                            Err(failure) => {
                                assert_eq!(failure.status, 503, "{failure}");
                                sleep(Duration::from_millis(10)).await;
                            }
                        }
                    }
                    (id, written)
                })
            })
            .collect();
        for _ in 0..2 {
            sleep(Duration::from_secs(1)).await;
            let cluster = world.cluster;
            spawn_blocking(|| cluster.kill()).await.unwrap();
            let read = async |call: Rc<CallStorage>| call.get(counters, "row 0".into()).await;
            assert_eq!(run(&world, &session, read).await.unwrap_err().status, 503);
            sleep(Duration::from_millis(300)).await;
            spawn_blocking(|| cluster.run()).await.unwrap();
        }
        // Longer than it takes until a lost server is asked again.
        sleep(Duration::from_secs(1)).await;
        under_load.set(false);
        for writer in writers {
            let (id, written) = writer.await.unwrap();
            assert_eq!(count(&world, &session, &id).await, written, "{id}");
            assert!(written > 0);
        }
    })
    .await;
}
