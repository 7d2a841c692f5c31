//! A call's transaction on a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tests/support/postgres.rs"]
mod postgres;
#[path = "support/schema.rs"]
mod schema;

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kontract_runtime::{
    codec::Schema,
    config::{self, Secret},
    failure::Failure,
    session::Session,
    storage::{CallStorage, CommitError, Database, Query, Row, Store, Tables},
    value::Value,
};
use postgres::Cluster;
use schema::Table;
use tokio::{
    join,
    task::spawn_local,
    time::{sleep, timeout},
};

struct World {
    cluster: &'static Cluster,
    url: String,
    store: Store,
}

impl World {
    async fn new() -> Self {
        Self::on(Cluster::shared()).await
    }

    async fn on(cluster: &'static Cluster) -> Self {
        let name = cluster.database();
        let url = cluster.url("postgres", &name);
        let world = Self { cluster, store: store(&url), url };
        world.run(&schema::script(TABLES)).await;
        world
    }

    async fn run(&self, script: &str) {
        let (client, connection) =
            tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(script).await.unwrap();
    }

    async fn session(&self, user: &str, perm: u8) -> Arc<Session> {
        let (session, opened) = schema::session(user, perm);
        self.run(&opened).await;
        Arc::new(session)
    }

    fn call(&self, session: &Arc<Session>) -> Rc<CallStorage> {
        let call_id = format!("{:?}", std::time::Instant::now());
        self.store.call(session, &call_id)
    }

    fn table(&self, name: &str) -> usize {
        self.store.tables.index(name).unwrap()
    }
}

fn store(url: &str) -> Store {
    let url = Secret::new(url);
    let config = config::Database { url, pool: 4, shared_privileges: true };
    let manifest = schema::manifest(&serde_json::json!({
        "users": { "fields": [
            ["name", "string"], ["age", { "number": "float64" }], ["email", "string", 4], ["tag", "string"],
        ] },
        "notes": { "fields": [["text", "string"]], "owned": true },
        "counters": { "fields": [["n", { "number": "float64" }]] },
    }));
    let tables = Tables::new(&manifest, &Schema::load(&manifest).unwrap());
    Store::new(&Database::new(&config).unwrap(), tables, &Arc::default())
}

const TABLES: &[Table<'_>] = &[
    Table {
        name: "users",
        fields: r#"{"name":"text","age":"number","email":"text","tag":"text"}"#,
        readonly: &["email"],
        unique: &["tag"],
        owned: false,
    },
    Table { name: "notes", fields: r#"{"text":"text"}"#, readonly: &[], unique: &[], owned: true },
    Table {
        name: "counters",
        fields: r#"{"n":"number"}"#,
        readonly: &[],
        unique: &[],
        owned: false,
    },
];

async fn local<T>(body: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(body).await
}

async fn rows(query: Result<Query, Failure>) -> Vec<String> {
    let mut query = query.unwrap();
    let mut found = Vec::new();
    loop {
        let page = query.page().await.unwrap();
        if page.is_empty() {
            return found;
        }
        found.extend(
            page.into_iter().map(|placed| format!("{} {}", placed.row.id, placed.row.data)),
        );
    }
}

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

/// Runs a call as the engine does: again after a conflict.
async fn run<T>(
    world: &World,
    session: &Arc<Session>,
    body: impl AsyncFn(Rc<CallStorage>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut retry = world.store.retry();
    loop {
        let call = world.call(session);
        let result = body(Rc::clone(&call)).await?;
        match call.commit().await {
            Ok(()) => return Ok(result),
            Err(error) => retry.again(error, false, deadline).await?,
        }
    }
}

fn number(row: &Row) -> i64 {
    let row: serde_json::Value = serde_json::from_str(&row.data).unwrap();
    row["n"].as_i64().unwrap()
}

async fn increment(call: &Rc<CallStorage>, table: usize, id: &str) -> Result<(), Failure> {
    let n = call.get(table, id.into()).await?.map_or(0, |row| number(&row));
    call.set(table, id.into(), format!(r#"{{"n":{}}}"#, n + 1).into()).await
}

async fn count(world: &World, session: &Arc<Session>, id: &str) -> i64 {
    let table = world.table("counters");
    let read = run(world, session, async |call| call.get(table, id.into()).await).await;
    number(&read.unwrap().unwrap())
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
async fn an_error_that_is_caught_leaves_the_transaction_usable() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        run(&world, &session, async |call: Rc<CallStorage>| {
            let missing = call.update(users, "1".into(), r#"{"age":1}"#.into()).await;
            assert_eq!(missing.unwrap_err(), Failure::not_found("Row not found in table users"));
            call.push(users, Some("1".into()), r#"{"name":"Ada","email":"a@b"}"#.into()).await?;
            let again = call.push(users, Some("1".into()), r#"{"name":"Eve"}"#.into()).await;
            assert_eq!(again.unwrap_err(), Failure::conflict());
            call.update(users, "1".into(), r#"{"age":36}"#.into()).await
        })
        .await
        .unwrap();
        run(&world, &session, async |call: Rc<CallStorage>| {
            let fixed = Failure::permission_denied("Field 'email' is read-only");
            let update = call.update(users, "1".into(), r#"{"email":"x"}"#.into()).await;
            assert_eq!(update.unwrap_err(), fixed);
            let set = call.set(users, "1".into(), r#"{"name":"A","email":"x"}"#.into()).await;
            assert_eq!(set.unwrap_err(), fixed);
            // What is left out is kept.
            call.set(users, "1".into(), r#"{"name":"Countess"}"#.into()).await
        })
        .await
        .unwrap();
        let read = run(&world, &session, async |call| call.get(users, "1".into()).await).await;
        assert_eq!(&*read.unwrap().unwrap().data, r#"{"name": "Countess", "email": "a@b"}"#);
    })
    .await;
}

#[tokio::test]
async fn a_value_that_must_be_unique_is_named() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        let push = async |call: Rc<CallStorage>| {
            call.push(users, None, r#"{"name":"Ada","tag":"one"}"#.into()).await
        };
        run(&world, &session, push).await.unwrap();
        let taken = run(&world, &session, push).await.unwrap_err();
        assert_eq!((taken.status, taken.path.as_deref()), (409, Some("users.tag")));
        assert_eq!(taken.message, "Another row of users has this tag");
    })
    .await;
}

#[tokio::test]
async fn rows_of_an_owned_table_are_their_users_alone() {
    local(async {
        let world = World::new().await;
        let (ada, bob) = (world.session("ada", 7).await, world.session("bob", 7).await);
        let notes = world.table("notes");
        run(&world, &ada, async |call: Rc<CallStorage>| {
            call.set(notes, "1".into(), r#"{"text":"hers"}"#.into()).await
        })
        .await
        .unwrap();
        let denied = Failure::permission_denied("Cannot write table notes");
        run(&world, &bob, async |call: Rc<CallStorage>| {
            assert_eq!(call.get(notes, "1".into()).await?, None);
            assert_eq!(
                rows(Query::new(&call, notes, &Value::Undefined, &Value::Undefined)).await,
                NONE
            );
            let update = call.update(notes, "1".into(), r#"{"text":"his"}"#.into()).await;
            assert_eq!(update.unwrap_err(), denied);
            assert_eq!(call.delete(notes, "1".into()).await.unwrap_err(), denied);
            let push = call.push(notes, Some("1".into()), r#"{"text":"his"}"#.into()).await;
            assert_eq!(push.unwrap_err(), denied);
            Ok(())
        })
        .await
        .unwrap();
        let set = run(&world, &bob, async |call: Rc<CallStorage>| {
            call.set(notes, "1".into(), r#"{"text":"his"}"#.into()).await
        })
        .await;
        assert_eq!(set.unwrap_err(), denied);
    })
    .await;
}

#[tokio::test]
async fn permission_is_what_an_operation_needs_and_no_more() {
    local(async {
        let world = World::new().await;
        let all = world.session("ada", 7).await;
        let counters = world.table("counters");
        for id in ["a", "b", "c"] {
            run(&world, &all, async |call| increment(&call, counters, id).await).await.unwrap();
        }
        let (reader, writer, remover) =
            (world.session("r", 4).await, world.session("w", 2).await, world.session("x", 1).await);
        let update = async |call: Rc<CallStorage>| {
            call.update(counters, "a".into(), r#"{"n":7}"#.into()).await
        };
        run(&world, &writer, update).await.unwrap();
        let refused = run(&world, &reader, update).await.unwrap_err();
        assert_eq!(refused, Failure::permission_denied("Cannot write table counters"));
        let delete = async |call: Rc<CallStorage>| call.delete(counters, "a".into()).await;
        assert!(run(&world, &remover, delete).await.unwrap());
        let popped = run(&world, &remover, async |call| call.pop(counters).await).await.unwrap();
        assert_eq!(&*popped.unwrap().id, "c");
        let refused = run(&world, &writer, async |call| call.shift(counters).await).await;
        assert_eq!(
            refused.unwrap_err(),
            Failure::permission_denied("Cannot delete table counters")
        );
        let get = async |call: Rc<CallStorage>| call.get(counters, "b".into()).await;
        let refused = run(&world, &remover, get).await.unwrap_err();
        assert_eq!(refused, Failure::permission_denied("Cannot read table counters"));
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

#[tokio::test]
async fn a_query_merges_what_the_call_wrote() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        run(&world, &session, async |call: Rc<CallStorage>| {
            for (id, age) in [("a", 30), ("b", 10), ("c", 20), ("d", 40)] {
                call.set(users, id.into(), format!(r#"{{"age":{age}}}"#).into()).await?;
            }
            call.set(users, "none".into(), "{}".into()).await
        })
        .await
        .unwrap();
        let call = world.call(&session);
        call.set(users, "a".into(), r#"{"age":25}"#.into()).await.unwrap();
        call.push(users, Some("new".into()), r#"{"age":15}"#.into()).await.unwrap();
        call.delete(users, "c".into()).await.unwrap();
        let adults = object([("age", object([("gte", Value::Number(15.0))]))]);
        let ids = async |options: Value| {
            let found = rows(Query::new(&call, users, &adults, &options)).await;
            found.iter().map(|row| row.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(ids(Value::Undefined).await, ["a", "d", "new"]);
        let by_age = || ("orderBy", Value::String("age".to_owned()));
        assert_eq!(ids(object([by_age()])).await, ["new", "a", "d"]);
        let downwards = object([("age", Value::String("desc".to_owned()))]);
        assert_eq!(ids(object([("orderBy", downwards)])).await, ["d", "a", "new"]);
        assert_eq!(ids(object([by_age(), ("limit", Value::Number(2.0))])).await, ["new", "a"]);
        let all = Query::new(&call, users, &Value::Undefined, &object([by_age()]));
        let first = all.unwrap().page().await.unwrap();
        let ids: Vec<&str> = first.iter().map(|placed| &*placed.row.id).collect();
        assert_eq!(ids, ["none", "b", "new", "a", "d"]);
        call.commit().await.unwrap();
        let read = run(&world, &session, async |call| {
            Ok(rows(Query::new(&call, users, &adults, &Value::Undefined)).await)
        });
        assert_eq!(
            read.await.unwrap(),
            [r#"a {"age": 25}"#, r#"d {"age": 40}"#, r#"new {"age": 15}"#]
        );
    })
    .await;
}

#[tokio::test]
async fn cursors_continue_page_by_page_over_rows_of_every_kind() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let users = world.table("users");
        run(&world, &session, async |call: Rc<CallStorage>| {
            for (id, age) in [("a", "1"), ("b", "2"), ("c", "2"), ("d", "null"), ("e", "-1.5")] {
                call.set(users, id.into(), format!(r#"{{"age":{age}}}"#).into()).await?;
            }
            call.set(users, "f".into(), "{}".into()).await
        })
        .await
        .unwrap();
        for (direction, expected) in [("asc", "dfeabc"), ("desc", "cbaefd")] {
            let call = world.call(&session);
            let mut seen = String::new();
            let mut cursor = None;
            for _ in 0..10 {
                let order = object([("age", Value::String(direction.to_owned()))]);
                let mut options = vec![("orderBy", order), ("limit", Value::Number(1.0))];
                options.extend(cursor.take().map(|cursor| ("cursor", Value::String(cursor))));
                let mut query =
                    Query::new(&call, users, &Value::Undefined, &object(options)).unwrap();
                let page = query.page().await.unwrap();
                let Some(last) = page.last() else { break };
                seen.push_str(&last.row.id);
                cursor = Some(query.order().encode_cursor(&last.place));
            }
            assert_eq!(seen, expected, "{direction}");
            call.commit().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn a_phantom_is_a_conflict() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let call = world.call(&session);
        let found = rows(Query::new(&call, counters, &Value::Undefined, &Value::Undefined)).await;
        assert_eq!(found, NONE);
        run(&world, &session, async |call| increment(&call, counters, "a").await).await.unwrap();
        call.set(counters, "b".into(), r#"{"n":1}"#.into()).await.unwrap();
        assert!(matches!(call.commit().await, Err(CommitError::Conflict { .. })));
    })
    .await;
}

#[tokio::test]
async fn iteration_goes_over_more_than_one_page() {
    local(async {
        let world = World::new().await;
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        run(&world, &session, async |call: Rc<CallStorage>| {
            for n in 0..1203 {
                call.push(counters, None, format!(r#"{{"n":{n}}}"#).into()).await?;
            }
            Ok(())
        })
        .await
        .unwrap();
        let call = world.call(&session);
        let found = rows(Query::new(&call, counters, &Value::Undefined, &Value::Undefined)).await;
        let numbers = found.iter().map(|row| row.split(' ').next_back().unwrap().to_owned());
        let expected = (0..1203).map(|n| format!("{n}}}"));
        assert!(numbers.eq(expected));
        call.commit().await.unwrap();
    })
    .await;
}

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

/// Writers go on while the server is killed and started again.
#[tokio::test]
async fn no_acknowledged_write_is_lost_when_postgresql_is_killed() {
    local(async {
        static KILLED: std::sync::OnceLock<Cluster> = std::sync::OnceLock::new();
        let world = Rc::new(World::on(KILLED.get_or_init(|| Cluster::start(&[]))).await);
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let end = Instant::now() + Duration::from_secs(6);
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let (world, session) = (Rc::clone(&world), Arc::clone(&session));
                spawn_local(async move {
                    let id = format!("row {writer}");
                    let (mut written, mut failed) = (0, 0);
                    while Instant::now() < end {
                        let done = async |call| increment(&call, counters, &id).await;
                        let call = run(&world, &session, done);
                        match timeout(Duration::from_secs(10), call).await.unwrap() {
                            Ok(()) => written += 1,
                            Err(failure) => {
                                assert_eq!(failure.status, 503, "{failure}");
                                failed += 1;
                                sleep(Duration::from_millis(10)).await;
                            }
                        }
                    }
                    (id, written, failed)
                })
            })
            .collect();
        for _ in 0..2 {
            sleep(Duration::from_millis(1000)).await;
            let cluster = world.cluster;
            tokio::task::spawn_blocking(move || {
                cluster.kill();
                std::thread::sleep(Duration::from_millis(300));
                cluster.run();
            })
            .await
            .unwrap();
        }
        let mut failures = 0;
        for writer in writers {
            let (id, written, failed) = writer.await.unwrap();
            assert_eq!(count(&world, &session, &id).await, written, "{id}");
            assert!(written > 0);
            failures += failed;
        }
        assert!(failures > 0, "nobody noticed");
    })
    .await;
}

fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

const NONE: [&str; 0] = [];
