//! `env.storage` and `env.shared` in isolates, on a real PostgreSQL.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../tests/support/postgres.rs"]
mod postgres;
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

const API: &str = r#"
import { env, ctx } from "kontract/runtime";
import { ConflictError, NotFoundError, PermissionError } from "kontract";


export async function write(row) { await env.storage.users.set("1", row); return env.storage.users.get("1"); }
export async function read(id) { return env.storage.users.get(id); }
export async function kinds() {
  const row = { date: new Date(0), big: 2n ** 63n - 1n, bytes: new Uint8Array([1, 2]), tags: new Set(["a"]) };
  await env.storage.values.set("1", row);
  const own = await env.storage.values.get("1");
  return [own.date.getTime(), String(own.big), [...own.bytes], [...own.tags], own.id];
}
export async function kindsAgain() {
  const row = await env.storage.values.get("1");
  return [row.date instanceof Date, typeof row.big, row.bytes instanceof Uint8Array, row.tags instanceof Set];
}
export async function failures() {
  const { users } = env.storage;
  const seen = [];
  const attempt = async (work) => {
    try { await work(); seen.push("none"); } catch (error) { seen.push([error.constructor.name, error.status ?? null, error.message, error.path ?? null]); }
  };
  await attempt(() => users.get(1));
  await attempt(() => users.get("a\0"));
  await attempt(() => users.set("1", { id: "2" }));
  await attempt(() => users.set("1", { age: "x" }));
  await attempt(() => users.set("1", { unknown: 1 }));
  await attempt(() => users.update("missing", { age: 1 }));
  await attempt(() => users.set("1", { get age() { throw new RangeError("of its own"); } }));
  await attempt(() => users.push({ id: "twice" }));
  await attempt(() => users.push({ id: "twice" }));
  await attempt(async () => env.storage.nothing);
  await attempt(async () => env.storage["a-b"]);
  await attempt(async () => { env.storage.users = 1; });
  await attempt(() => users.query({ age: { gt: true } }).next());
  await attempt(() => users.query([]).next());
  await attempt(() => users.query({}, { limit: -1 }).next());
  await attempt(() => users.query({}, { orderBy: "none" }).next());
  await attempt(() => users.query({}, { cursor: "none" }).next());
  await attempt(() => users.query({ name: () => 1 }).next());
  await attempt(() => users.exec("SELECT 1"));
  return seen;
}
export async function classes() {
  const { users } = env.storage;
  const of = async (work) => work().then(() => [], (error) => [error instanceof NotFoundError, error instanceof ConflictError, error instanceof PermissionError]);
  await users.push({ id: "class" });
  return [await of(() => users.update("missing", {})), await of(() => users.push({ id: "class" }))];
}
export async function increment() {
  const row = await env.storage.counters.get("hot");
  await env.storage.counters.set("hot", { n: (row?.n ?? 0) + 1 });
  return Number(ctx.currentTxid) > 0;
}
export async function counted() { return (await env.storage.counters.get("hot")).n; }
export async function fill(count) {
  for (let n = 0; n < count; n++) await env.storage.users.push({ name: `user ${n}`, age: n });
  return count;
}
export async function pages() {
  const { users } = env.storage;
  const seen = [];
  for await (const { age } of users) {
    if (age >= 700) break;
    seen.push(age);
  }
  const first = users.query({ age: { gte: 1195 } }, { limit: 2, orderBy: { age: "desc" } });
  const ages = [];
  for await (const row of first) ages.push(row.age);
  for await (const row of users.query({ age: { gte: 1195 } }, { cursor: first.cursor, orderBy: { age: "desc" } })) ages.push(row.age);
  const many = await users.getMany(["none", (await users.query({ age: 3 }).next()).value.id]);
  return [seen.length, seen.at(-1), ages, await users.count(), await users.count({ age: { lt: 10 } }), many.map((row) => row?.age ?? null)];
}
export async function parallel() {
  const rows = env.storage.users.query({}, { limit: 3, orderBy: "age" });
  const found = await Promise.all([rows.next(), rows.next(), rows.next(), rows.next()]);
  return found.map(({ value, done }) => (done ? "done" : value.age));
}
export async function throws() { await env.storage.users.set("thrown", { age: 1 }); throw new Error("no"); }
let kept;
export async function keep() { kept = env.storage.users; await kept.get("1"); return true; }
export async function useKept() { return kept.get("1"); }
export async function frozen() {
  const { users } = env.storage;
  const rows = users.query();
  return [users, rows].map((object) => Object.isFrozen(Object.getPrototypeOf(object)));
}
export async function shared() {
  await env.shared.set("a", { list: [1n, new Date(5)] });
  const { list } = await env.shared.get("a");
  const hits = [await env.shared.increment("n"), await env.shared.increment("n", 5, { ttl: 10 })];
  const wrong = await env.shared.increment("a").catch((error) => error.constructor.name);
  return [typeof list[0], list[1].getTime(), hits, await env.shared.delete("a"), await env.shared.get("a"), wrong];
}
export async function countedOnce() {
  const hits = await env.shared.increment("attempts");
  const row = await env.storage.counters.get("hot");
  await env.storage.counters.set("hot", { n: (row?.n ?? 0) + 1 });
  return hits;
}
const parse = (text) => JSON.parse(text, (_, value) => {
  if (typeof value?.$date === "number") return new Date(value.$date);
  return typeof value?.$bigint === "string" ? BigInt(value.$bigint) : value;
});
/** What is not as the vectors say, in the rows that this call sees. */
export async function differences({ text, write }) {
  const vectors = parse(text);
  const { people } = env.storage;
  if (write) for (const row of vectors.rows) await people.set(row.id, row);
  const found = [];
  const ids = async (filter, options) => {
    const ids = [];
    for await (const { id } of people.query(filter, options)) ids.push(id);
    return ids;
  };
  const compare = (what, actual, expected) => {
    if (JSON.stringify(actual) !== JSON.stringify(expected)) found.push([String(what), actual, expected]);
  };
  for (const [index, [filter, expected]] of vectors.finds.entries()) {
    compare(`finds ${index}`, await ids(filter), expected);
    compare(`counts ${index}`, await people.count(filter), expected.length);
  }
  for (const [index, [filter, message]] of vectors.refused.entries()) {
    compare(`refused ${index}`, await ids(filter).catch((error) => [error.status, error.message]), [400, message]);
  }
  for (const [index, [orderBy, expected]] of vectors.orders.entries()) {
    compare(`orders ${index}`, await ids({}, { orderBy }), expected);
    const { cursor } = await (async () => {
      const rows = people.query({}, { orderBy, limit: 3 });
      for await (const _ of rows);
      return rows;
    })();
    compare(`continues ${index}`, await ids({}, { orderBy, cursor }), expected.slice(3));
  }
  return found;
}
export async function attempts() { return env.shared.get("attempts"); }
"#;

struct World {
    app: Application,
    session: Arc<Session>,
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
        let config = EngineConfig { store: Some(store(&url)), threads: 2, ..application::config() };
        let app = Application::with(API, &[], config).unwrap();
        Self { app, session: Arc::new(session) }
    }

    async fn call(&self, route: &str, argument: Value) -> Result<Value, Failure> {
        static CALLS: AtomicU32 = AtomicU32::new(0);
        let mut call = self.app.request(route, argument);
        call.session = Arc::clone(&self.session);
        call.call_id = format!("call {}", CALLS.fetch_add(1, Ordering::Relaxed));
        let body = self.app.reply(call).await?.body.unwrap_or_default();
        Ok(serde_json::from_slice::<Value>(&body).unwrap()["result"].clone())
    }

    async fn result(&self, route: &str, argument: Value) -> Value {
        self.call(route, argument).await.unwrap()
    }
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
        ["Error", null, "exec() is not available in this version", null],
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
    let vectors = include_str!("../../fixtures/storage/filters.json");
    // First with rows of the call's own, then with those that PostgreSQL has.
    for write in [true, false] {
        let found = world.result("differences", json!({ "text": vectors, "write": write })).await;
        assert_eq!(found, json!([]), "{write}");
    }
}
