//! What tests of storage start from: a database of their own, sessions, calls.

use std::{
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use kontract_runtime::{
    codec::Schema,
    config::{self, Secret},
    failure::Failure,
    session::Session,
    storage::{CallStorage, Database, Query, Row, Store, Tables},
    value::Value,
};

use crate::{
    postgres::Cluster,
    schema::{self, Table},
};

pub struct World {
    pub cluster: &'static Cluster,
    pub url: String,
    pub store: Store,
}

impl World {
    pub async fn new() -> Self {
        Self::on(Cluster::shared()).await
    }

    pub async fn on(cluster: &'static Cluster) -> Self {
        let name = cluster.database();
        let url = cluster.url("postgres", &name);
        let world = Self { cluster, store: store(&url), url };
        world.run(&schema::script(TABLES)).await;
        world
    }

    pub async fn run(&self, script: &str) {
        let (client, connection) =
            tokio_postgres::connect(&self.url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(script).await.unwrap();
    }

    pub async fn session(&self, user: &str, perm: u8) -> Arc<Session> {
        let (session, opened) = schema::session(user, perm);
        self.run(&opened).await;
        Arc::new(session)
    }

    pub fn call(&self, session: &Arc<Session>) -> Rc<CallStorage> {
        let call_id = format!("{:?}", std::time::Instant::now());
        self.store.call(session, &call_id, &call_id)
    }

    pub fn table(&self, name: &str) -> usize {
        self.store.tables.index(name).unwrap()
    }
}

pub fn store(url: &str) -> Store {
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

pub const TABLES: &[Table<'_>] = &[
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

pub async fn local<T>(body: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(body).await
}

pub async fn rows(query: Result<Query, Failure>) -> Vec<String> {
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

/// Runs a call as the engine does: again after a conflict.
pub async fn run<T>(
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

pub fn number(row: &Row) -> i64 {
    let row: serde_json::Value = serde_json::from_str(&row.data).unwrap();
    row["n"].as_i64().unwrap()
}

pub async fn increment(call: &Rc<CallStorage>, table: usize, id: &str) -> Result<(), Failure> {
    let n = call.get(table, id.into()).await?.map_or(0, |row| number(&row));
    call.set(table, id.into(), format!(r#"{{"n":{}}}"#, n + 1).into()).await
}

pub async fn count(world: &World, session: &Arc<Session>, id: &str) -> i64 {
    let table = world.table("counters");
    let read = run(world, session, async |call| call.get(table, id.into()).await).await;
    number(&read.unwrap().unwrap())
}

pub fn object(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Object(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

pub const NONE: [&str; 0] = [];
