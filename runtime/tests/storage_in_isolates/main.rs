//! `env.storage` and `env.shared` in isolates, on a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../tests/support/postgres.rs"]
mod postgres;
#[path = "../support"]
mod support {
    pub mod application;
    pub mod schema;
}

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use futures_util::future::join_all;
use kontract_runtime::{
    call::Call,
    codec::Schema,
    config::{self, Secret},
    engine::EngineConfig,
    failure::Failure,
    session::Session,
    storage::{Database, Store, Tables},
};
use postgres::Cluster;
use serde_json::{Value, json};
use support::{
    application::{self, Application},
    schema::{self, Table},
};

mod transactions;

const API: &str = concat!(include_str!("api.js"), include_str!("transactions.js"));

struct World {
    app: Application,
    session: Arc<Session>,
    url: String,
}

impl World {
    async fn new() -> Self {
        let _ = tracing_subscriber::fmt().with_test_writer().try_init();
        let cluster = Cluster::shared();
        let url = cluster.url("postgres", &cluster.database());
        let (session, opened) = schema::session("ada", 7);
        let (client, connection) =
            tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&(schema::script(TABLES) + &opened)).await.unwrap();
        Self { app: serve(&url), session: Arc::new(session), url }
    }

    /// Another gateway on the same database.
    fn beside(&self) -> Self {
        Self { app: serve(&self.url), session: Arc::clone(&self.session), url: self.url.clone() }
    }

    fn request(&self, route: &str, argument: Value) -> Call {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let mut call = self.app.request(route, argument);
        call.session = Arc::clone(&self.session);
        call.call_id = format!("call {}", CALLS.fetch_add(1, Ordering::Relaxed));
        call.claim.clone_from(&call.call_id);
        call
    }

    async fn call(&self, route: &str, argument: Value) -> Result<Value, Failure> {
        self.answer(self.request(route, argument)).await
    }

    async fn answer(&self, call: Call) -> Result<Value, Failure> {
        let body = self.app.reply(call).await?.body.unwrap_or_default();
        Ok(serde_json::from_slice::<Value>(&body).unwrap()["result"].clone())
    }

    async fn result(&self, route: &str, argument: Value) -> Value {
        self.call(route, argument).await.unwrap()
    }
}

fn serve(url: &str) -> Application {
    let store = Some(store(url));
    let config = EngineConfig { store, threads: 2, development: true, ..application::config() };
    Application::with(API, &[], config).unwrap()
}

fn store(url: &str) -> Store {
    let config = config::Database { url: Secret::new(url), pool: 4, shared_privileges: true };
    let number = json!({ "number": "float64" });
    let manifest = schema::manifest(&json!({
        "users": { "fields": [["name", "string"], ["age", number]] },
        "values": { "fields": [
            ["date", "date"], ["big", { "bigint": "int64" }], ["bytes", "bytes"], ["tags", { "set": { "shape": "string" } }],
        ] },
        "counters": { "fields": [["n", number]] },
        "people": { "fields": [
            ["name", "string"], ["age", number], ["big", { "bigint": "int64" }], ["born", "date"], ["active", "boolean"],
            ["tags", { "array": { "shape": "string" } }], ["place", { "object": "any" }],
        ] },
    }));
    let tables = Tables::new(&manifest, &Schema::load(&manifest).unwrap());
    Store::new(&Database::new(&config).unwrap(), tables, &Arc::default())
}

const fn table(name: &'static str, fields: &'static str) -> Table<'static> {
    Table { name, fields, readonly: &[], unique: &[], owned: false }
}

const TABLES: &[Table<'_>] = &[
    table("users", r#"{"name":"text","age":"number"}"#),
    table("values", r#"{"date":"text","big":"bigint"}"#),
    table("counters", r#"{"n":"number"}"#),
    table("people", PEOPLE),
];
const PEOPLE: &str = r#"{"name":"text","age":"number","big":"bigint","born":"text","active":"text","tags":"json","place":"json"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_read_as_they_were_written() {
    let world = World::new().await;
    let row = json!({ "name": "Ada", "age": 36.5 });
    let shown = json!({ "id": "1", "name": "Ada", "age": 36.5 });
    assert_eq!(world.result("write", row).await, shown);
    assert_eq!(world.result("read", json!("1")).await, shown);
    assert_eq!(world.result("read", json!("2")).await, Value::Null);
    let kinds = world.result("kinds", Value::Null).await;
    assert_eq!(kinds, json!([0, "9223372036854775807", [1, 2], ["a"], "1"]));
    let kinds = world.result("kindsAgain", Value::Null).await;
    assert_eq!(kinds, json!([true, "bigint", true, true]));
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_say_what_is_wrong_and_can_be_caught() {
    let world = World::new().await;
    let failures = world.result("failures", Value::Null).await;
    let expected = json!([
        ["HttpError", 400, "users.id: expected text", "users.id"],
        ["HttpError", 400, "users.id: expected text without NUL", "users.id"],
        ["HttpError", 400, "users.id: expected at most 1024 bytes", "users.id"],
        ["HttpError", 400, "users.id: expected the id that the row is stored under", "users.id"],
        ["HttpError", 400, "users.age: expected number", "users.age"],
        ["HttpError", 400, "users.unknown: unexpected property", "users.unknown"],
        ["NotFoundError", 404, "Row not found in table users", null],
        ["RangeError", null, "of its own", null],
        "none",
        ["ConflictError", 409, "Conflict, try again", null],
        ["NotFoundError", 404, "Table nothing not found", null],
        ["HttpError", 400, "Invalid identifier", null],
        ["TypeError", null, "env.storage cannot be changed", null],
        [
            "HttpError",
            400,
            "filter.age.gt: expected text, a number, a bigint or a date",
            "filter.age.gt"
        ],
        ["HttpError", 400, "filter: expected an object", "filter"],
        ["HttpError", 400, "limit: expected a whole number, not negative", "limit"],
        [
            "HttpError",
            400,
            "orderBy: expected _order, or a field of users with text, numbers, dates or booleans",
            "orderBy"
        ],
        ["HttpError", 400, "cursor: expected the cursor of an earlier query", "cursor"],
        ["TypeError", null, "filter.name: only data can be stored", null],
        [
            "Error",
            null,
            "exec() runs the SQL that the compiler has seen: call it as `env.storage.<table>.exec('SELECT …', […])`, and build with `kontract`",
            null
        ],
    ]);
    for (found, expected) in failures.as_array().unwrap().iter().zip(expected.as_array().unwrap()) {
        assert_eq!(found, expected);
    }
    assert_eq!(failures.as_array().map(Vec::len), expected.as_array().map(Vec::len));
    let classes = world.result("classes", Value::Null).await;
    assert_eq!(classes, json!([[true, false, false], [false, true, false]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn increments_of_one_row_by_many_calls_all_count() {
    let world = World::new().await;
    for _ in 0..10 {
        let calls = (0..8).map(|_| world.call("increment", Value::Null));
        for done in join_all(calls).await {
            assert_eq!(done.unwrap(), json!(true));
        }
    }
    assert_eq!(world.result("counted", Value::Null).await, json!(80));
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_and_iteration_go_page_by_page() {
    let world = World::new().await;
    world.result("fill", json!(1200)).await;
    let pages = world.result("pages", Value::Null).await;
    let ages = json!([1199, 1198, 1197, 1196, 1195]);
    assert_eq!(pages, json!([700, 699, ages, 1200, 10, [null, 3]]));
    assert_eq!(world.result("parallel", Value::Null).await, json!([0, 1, 2, "done"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_throws_writes_nothing() {
    let world = World::new().await;
    assert_eq!(world.call("throws", Value::Null).await.unwrap_err().status, 500);
    assert_eq!(world.result("read", json!("thrown")).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_of_no_use_to_another_call() {
    let world = World::new().await;
    let mut refused = 0;
    for _ in 0..4 {
        assert_eq!(world.result("keep", Value::Null).await, json!(true));
        refused += u32::from(world.call("useKept", Value::Null).await.is_err());
    }
    assert_eq!(refused, 4);
    assert_eq!(world.result("frozen", Value::Null).await, json!([true, true]));
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_state_holds_values_of_every_kind() {
    let world = World::new().await;
    let shared = world.result("shared", Value::Null).await;
    assert_eq!(shared, json!(["bigint", 5, [1, 6], true, null, "TypeError"]));
    // A call that runs again after a conflict has counted once.
    let calls = join_all((0..16).map(|_| world.call("countedOnce", Value::Null))).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    assert_eq!(world.result("attempts", Value::Null).await, json!(16));
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_orders_have_the_meaning_that_every_host_gives_them() {
    let world = World::new().await;
    let vectors = include_str!("../../../fixtures/storage/filters.json");
    // First with rows of the call's own, then with those that PostgreSQL has.
    for write in [true, false] {
        let found = world.result("differences", json!({ "text": vectors, "write": write })).await;
        assert_eq!(found, json!([]), "{write}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_thrown_because_of_reads_at_different_moments_is_not_told() {
    let world = World::new().await;
    world.result("fund", Value::Null).await;
    let transfers = async {
        for _ in 0..30 {
            world.result("transfer", Value::Null).await;
        }
    };
    let audits = async {
        for _ in 0..10 {
            for audit in join_all((0..3).map(|_| world.call("audit", Value::Null))).await {
                assert_eq!(audit.unwrap(), json!(100));
            }
        }
    };
    tokio::join!(transfers, audits);
}
