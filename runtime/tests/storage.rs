//! A call's transaction on a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tests/support/postgres.rs"]
mod postgres;
#[path = "support/schema.rs"]
mod schema;

use std::{rc::Rc, sync::Arc, time::Duration};

use kontract_runtime::{
    config::{self, Secret},
    failure::Failure,
    manifest::Manifest,
    session::Session,
    storage::{CallStorage, Class, CommitError, Database, Query, Tables},
    value::Value,
};
use postgres::Cluster;
use schema::Table;

struct World {
    cluster: &'static Cluster,
    url: String,
    tables: Arc<Tables>,
    database: Arc<Database>,
}

impl World {
    async fn new() -> Self {
        Self::on(Cluster::shared()).await
    }

    async fn on(cluster: &'static Cluster) -> Self {
        let name = cluster.database();
        let url = cluster.url("postgres", &name);
        let world = Self { cluster, database: database(&url), url, tables: tables() };
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
        CallStorage::new(&self.database, &self.tables, Arc::clone(session), &call_id)
    }

    fn table(&self, name: &str) -> usize {
        self.tables.index(name).unwrap()
    }
}

fn database(url: &str) -> Arc<Database> {
    let url = Secret::new(url);
    Database::new(&config::Database { url, pool: 4, shared_privileges: true }).unwrap()
}

fn tables() -> Arc<Tables> {
    let manifest: Manifest = serde_json::from_value(serde_json::json!({
        "version": 1, "build": "", "abi": "", "routes": {}, "wire": {},
        "tables": {
            "users": { "primaryKey": "id", "fields": {
                "id": { "perm": 6 }, "name": { "perm": 6 }, "age": { "perm": 6 },
                "email": { "perm": 4 }, "tag": { "perm": 6, "unique": true },
            } },
            "notes": { "primaryKey": "id", "owned": true, "fields": { "id": { "perm": 6 }, "text": { "perm": 6 } } },
            "counters": { "primaryKey": "id", "fields": { "id": { "perm": 6 }, "n": { "perm": 6 } } },
        },
    }))
    .unwrap();
    Tables::new(&manifest, |_, field| match field {
        "age" | "n" => Class::Number,
        _ => Class::Text,
    })
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

#[tokio::test]
async fn eight_writers_increment_one_row_to_400() {
    local(async {
        let world = Rc::new(World::new().await);
        let session = world.session("ada", 7).await;
        let counters = world.table("counters");
        let call = world.call(&session);
        call.set(counters, "hot".into(), r#"{"n":0}"#.into()).await.unwrap();
        call.commit().await.unwrap();
        let writers = (0..8).map(|_| {
            let (world, session) = (Rc::clone(&world), Arc::clone(&session));
            tokio::task::spawn_local(async move {
                let mut again = 0;
                for _ in 0..50 {
                    loop {
                        let call = world.call(&session);
                        let row = call.get(counters, "hot".into()).await.unwrap().unwrap();
                        let row: serde_json::Value = serde_json::from_str(&row.data).unwrap();
                        let next = serde_json::json!({ "n": row["n"].as_i64().unwrap() + 1 });
                        call.set(counters, "hot".into(), next.to_string().into()).await.unwrap();
                        match call.commit().await {
                            Ok(()) => break,
                            Err(CommitError::Conflict { .. }) => again += 1,
                            Err(CommitError::Failure(failure)) => panic!("{failure}"),
                        }
                    }
                }
                again
            })
        });
        let mut again = 0;
        for writer in writers.collect::<Vec<_>>() {
            again += writer.await.unwrap();
        }
        let call = world.call(&session);
        let row = call.get(counters, "hot".into()).await.unwrap().unwrap();
        assert_eq!(&*row.data, r#"{"n": 400}"#, "{again} repetitions");
    })
    .await;
}
