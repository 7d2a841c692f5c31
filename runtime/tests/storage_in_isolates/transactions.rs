//! Transactions of a function's own, operations without one, and calls that are sent again.

use std::{collections::BTreeSet, pin::pin, sync::Arc, time::Duration};

use futures_util::{future::join_all, poll};
use kontract_runtime::{
    call::{Call, Keyed, RouteEntry},
    config::Limits,
    engine::EngineConfig,
    manifest::{Isolation, RouteMeta},
};
use serde_json::{Value, json};
use tokio::time::sleep;
use uuid::Uuid;

use crate::{
    API, World, store,
    support::application::{self, Application},
};

impl World {
    fn request_with(
        &self,
        route: &str,
        argument: Value,
        isolation: Isolation,
        retry: bool,
    ) -> Call {
        let call = self.request(route, argument);
        let meta = RouteMeta { isolation, retry, ..call.route.meta.clone() };
        let RouteEntry { name, codec, .. } = &*call.route;
        let route = RouteEntry { name: name.clone(), meta, codec: Arc::clone(codec) };
        Call { route: Arc::new(route), ..call }
    }

    fn alone(&self, route: &str, argument: Value) -> Call {
        self.request_with(route, argument, Isolation::None, false)
    }

    async fn values(&self, ids: &[&str]) -> Value {
        self.result("values", json!(ids)).await
    }

    /// Waits until the function's answer is this.
    async fn becomes(&self, route: &str, argument: Value, expected: Value) {
        for _ in 0..100 {
            if self.result(route, argument.clone()).await == expected {
                return;
            }
            sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.result(route, argument).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_transaction_has_committed_stays_though_the_call_fails() {
    let world = World::new().await;
    let failure = world.call("severalTransactions", Value::Null).await.unwrap_err();
    let stack = failure.stack.unwrap_or_default();
    assert!(stack.contains(r#"[2,"no",2,null]"#), "{stack}");
    assert_eq!(world.values(&["first", "second"]).await, json!([2, null]));
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_of_a_call_do_not_overlap() {
    let world = World::new().await;
    let nested = "A transaction is open already: env.storage.transaction calls cannot overlap";
    let outside = "This call has written outside of env.storage.transaction before: write in transactions only, or in none";
    let told = world.result("overlapping", Value::Null).await;
    let no_function = "env.storage.transaction: expected a function";
    assert_eq!(told, json!([nested, ["done", nested], outside, no_function]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_runs_the_transaction_again_and_not_the_call() {
    let world = World::new().await;
    let mut again = 0;
    for _ in 0..5 {
        for answer in join_all((0..4).map(|_| world.call("raiseInTransaction", Value::Null))).await
        {
            again += answer.unwrap()[1].as_u64().unwrap() - 1;
        }
    }
    assert!(again > 0);
    assert_eq!(world.values(&["hot"]).await, json!([20]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_given_to_after_commit_runs_once_after_success() {
    let world = World::new().await;
    assert!(world.call("afterCommit", json!(true)).await.is_err());
    assert_eq!(world.values(&["committed"]).await, json!([null]));
    assert_eq!(world.result("afterCommit", json!(false)).await, json!("function"));
    world.becomes("values", json!(["committed"]), json!([2])).await;
    // Whichever isolate is asked.
    world.becomes("hooked", Value::Null, json!([[1, true], [2]])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_without_a_transaction_apply_at_once() {
    let world = World::new().await;
    let failure = world.answer(world.alone("atOnce", Value::Null)).await.unwrap_err();
    let stack = failure.stack.unwrap_or_default();
    let expected = r#"[[10,2,3,null],"Row not found in table counters",false,"Conflict, try again",3,3,10,true,null,["kept"],true]"#;
    assert!(stack.contains(expected), "{stack}");
    assert_eq!(world.values(&["kept"]).await, json!([5]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_many_push_many_take_once() {
    let world = World::new().await;
    let pushed = join_all((0..8).map(|_| world.answer(world.alone("produce", json!(50)))));
    assert!(pushed.await.iter().all(Result::is_ok));
    let taken = join_all((0..8).map(|_| world.answer(world.alone("consume", Value::Null)))).await;
    let taken: Vec<String> = taken
        .into_iter()
        .flat_map(|ids| serde_json::from_value::<Vec<String>>(ids.unwrap()).unwrap())
        .collect();
    assert_eq!(taken.len(), 400);
    assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn work_that_outlives_a_call_uses_tables_without_a_transaction() {
    let world = World::new().await;
    assert_eq!(world.result("later", json!("a")).await, Value::Null);
    // What had begun belongs to the call.
    assert!(world.values(&["a"]).await[0].is_number());
    world.becomes("values", json!(["a"]), json!([3])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_runs_again_after_effects_only_where_its_route_allows_it() {
    let world = World::new().await;
    for (id, retry, expected) in [("no", false, Err(409)), ("yes", true, Ok(json!(true)))] {
        let call = world.request_with("book", json!(id), Isolation::Serializable, retry);
        let other = async {
            sleep(Duration::from_millis(50)).await;
            world.result("raiseNow", json!(id)).await
        };
        let (booked, _) = tokio::join!(world.answer(call), other);
        let answered = booked.map(|_| json!(true)).map_err(|failure| failure.status);
        assert_eq!(answered, expected, "{id}");
    }
    assert_eq!(world.values(&["no", "yes"]).await, json!([1, 2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_sent_again_gets_the_first_answer() {
    let world = World::new().await;
    let keyed = |claim: &str, argument: Value| {
        let mut request = [0; 32];
        let text = argument.to_string();
        request[..text.len().min(32)].copy_from_slice(&text.as_bytes()[..text.len().min(32)]);
        let call = world.request("countServed", argument);
        let keyed = Keyed { request, arrival: Uuid::new_v4().into_bytes(), claims_first: false };
        Call { keyed: Some(keyed), claim: claim.to_owned(), ..call }
    };
    let first = world.answer(keyed("a", json!("x"))).await.unwrap();
    for _ in 0..3 {
        assert_eq!(world.answer(keyed("a", json!("x"))).await.unwrap(), first);
    }
    // At the same time: one of them counts.
    let answers = join_all((0..4).map(|_| world.answer(keyed("b", json!("y"))))).await;
    assert!(answers.windows(2).all(|two| two[0] == two[1]), "{answers:?}");
    assert_eq!(world.values(&["served"]).await, json!([2]));
    let other = world.answer(keyed("a", json!("y"))).await.unwrap_err();
    assert_eq!((other.status, &*other.code), (400, "INVALID_REQUEST"));
    // Too large to be kept: it is refused, also where it comes at the same time.
    let large = json!("z".repeat(100_000));
    let calls = (0..2).map(|_| world.answer(keyed("c", large.clone())));
    let answers: Vec<_> = join_all(calls).await.into_iter().map(|answer| answer.is_ok()).collect();
    assert!(answers.contains(&true), "{answers:?}");
    let again = world.answer(keyed("c", large)).await.unwrap_err();
    assert_eq!((again.status, &*again.code), (409, "CONFLICT"));
    assert_eq!(world.values(&["served"]).await, json!([3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_leaves_the_queue_has_claimed_nothing() {
    let world = World::new().await;
    let limits = Limits { isolates: 1, ..Limits::default() };
    let config = EngineConfig { store: Some(store(&world.url)), limits, ..application::config() };
    let narrow = Application::with(API, &[], config).unwrap();
    let claimed = |claim: &str| {
        let keyed =
            Keyed { request: [0; 32], arrival: Uuid::new_v4().into_bytes(), claims_first: true };
        Call {
            keyed: Some(keyed),
            claim: claim.to_owned(),
            ..world.request("waitFor", json!("go"))
        }
    };
    let mut runs = pin!(narrow.reply(claimed("runs")));
    assert!(poll!(&mut runs).is_pending());
    let mut leaves = Box::pin(narrow.reply(claimed("leaves")));
    let mut stays = pin!(narrow.reply(claimed("stays")));
    assert!(poll!(&mut leaves).is_pending());
    assert!(poll!(&mut stays).is_pending());
    drop(leaves);
    world.result("setShared", json!(["go", true, 60])).await;
    runs.await.unwrap();
    stays.await.unwrap();
    let (client, connection) =
        tokio_postgres::connect(&world.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let sql = "SELECT call_id FROM kontract.calls WHERE call_id IN ('runs', 'leaves', 'stays') \
         ORDER BY call_id";
    let rows = client.query(sql, &[]).await.unwrap();
    let rows: Vec<&str> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(rows, ["runs", "stays"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_share_state() {
    let one = World::new().await;
    let other = one.beside();
    one.result("setShared", json!(["a", { "list": [1, null] }, 60])).await;
    assert_eq!(other.result("getShared", json!("a")).await, json!({ "list": [1, null] }));
    one.result("setShared", json!(["a", "changed", 60])).await;
    assert_eq!(one.result("getShared", json!("a")).await, json!("changed"));
    other.becomes("getShared", json!("a"), json!("changed")).await;
    let calls = (0..16).map(|n| [&one, &other][n % 2].call("hit", json!("hits")));
    let mut hits: Vec<u64> =
        join_all(calls).await.into_iter().map(|hit| hit.unwrap().as_u64().unwrap()).collect();
    hits.sort_unstable();
    assert_eq!(hits, (1..=16).collect::<Vec<_>>());
    one.result("setShared", json!(["short", 1, 0.05])).await;
    sleep(Duration::from_millis(60)).await;
    for gateway in [&one, &other] {
        assert_eq!(gateway.result("getShared", json!("short")).await, Value::Null);
    }
    assert_eq!(one.result("hit", json!("short")).await, json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_runs_again_changes_shared_state_once() {
    let world = World::new().await;
    for _ in 0..3 {
        let calls = join_all((0..4).map(|_| world.call("hitInTransaction", Value::Null)));
        assert!(calls.await.iter().all(Result::is_ok));
    }
    assert_eq!(world.result("getShared", json!("transactions")).await, json!(12));
    assert_eq!(world.values(&["hits"]).await, json!([12]));
}
