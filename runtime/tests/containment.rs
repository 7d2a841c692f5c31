//! What one call does to the others: nothing.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support {
    pub mod application;
}

use std::time::{Duration, Instant};

use kontract_runtime::{call::Call, engine::EngineConfig, failure::Failure};
use serde_json::{Value, json};
use support::application::{Application, config};
use tokio::sync::Mutex;

const API: &str = r#"
export async function add({ a, b }) { return a + b; }
export async function slow() {
  for (let i = 0; i < 20; i++) await new Promise((done) => setTimeout(done, 5));
  return "slow";
}
export async function loop() { for (;;); }
export async function loopAfterAwait() { await null; for (;;); }
export async function loopInFinally() { try { for (;;); } finally { for (;;); } }
export async function loopInGetter() { return { get a() { for (;;); } }; }
export async function loopInCatch() { for (;;) { try { await null; for (;;); } catch { } } }
export async function allocate() { return new Uint8Array(2 ** 30).length; }
export async function fill() { const all = []; for (;;) all.push(new Uint8Array(2 ** 20)); }
export async function strings() { let text = "abc"; for (;;) text += text; }
export async function pending() { const all = []; for (let i = 0; i < 1e6; i++) all.push(new Promise(() => {})); }
export async function microtasks() { const next = () => Promise.resolve().then(next); return next(); }
export async function recurse() { const f = () => f() + 1; return f(); }
export async function recurseAsync() { const f = async () => (await f()) + 1; return f(); }
export async function backtrack() { return /^(a+)+$/.test("a".repeat(40) + "b"); }
export async function deepJson() {
  let value = {};
  for (let i = 0; i < 1e5; i++) value = { value };
  return JSON.stringify(value).length;
}
export async function deepParse() { return JSON.parse("[".repeat(1e6) + "]".repeat(1e6)); }
export async function deepResult() {
  let value = {};
  for (let i = 0; i < 1e5; i++) value = { value };
  return value;
}
export async function deepText() { const a = {}; a.toString = () => String(a); return String(a); }
export async function deepSort() { const f = () => [2, 1].sort(f); return f(); }
export async function deepProxy() { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.a; }
export async function indexOf() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }
export async function search() { return "a".repeat(1e7).indexOf("a".repeat(5e6) + "b"); }
export async function join() { return new Array(2 ** 32 - 1).join("").length; }
export async function promises() { for (let i = 0; i < 1e6; i++) Promise.resolve(i).then(() => {}); }
export async function noticed() {
  await fetch("http://127.0.0.1:9/").catch(() => {});
  for (let i = 0; i < 100; i++) await new Promise((done) => setTimeout(done, 20));
}
export async function timers() { for (let i = 0; i < 1e6; i++) setTimeout(() => {}, 1e6); }
export async function bigint() { const value = (1n << 520_000n) - 1n; for (;;) value * value; }
export async function busy() { const end = Date.now() + 400; while (Date.now() < end); return "busy"; }
let counted = 0;
export async function count() { counted += 1; }
export async function counter() { return counted; }
export async function never() { await new Promise(() => {}); }
export async function shared() { return Array(10_000).fill("x".repeat(1e6)); }
export async function sharedTwice() { let value = "x"; for (let i = 0; i < 60; i++) value = [value, value]; return value; }
export async function sharedKeys() { return Array(10_000).fill(Object.fromEntries(Array(10_000).keys().map((i) => [i, null]))); }
export async function manyFields() { return Array(1000).fill(Object.fromEntries(Array(1000).keys().map((i) => [i, null]))); }
export async function longest() { const list = []; list.length = 2 ** 32 - 1; return list; }
export async function longestOfProxies() { return new Proxy([], { get: () => 2 ** 40 }); }
export async function revoked() { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return [proxy]; }
export async function revokedList() { const { proxy, revoke } = Proxy.revocable([], {}); revoke(); return [proxy]; }
export async function trap() { return { a: new Proxy({}, { getPrototypeOf() { throw new Error("of its own"); } }) }; }
export async function proxy() { return { a: new Proxy({ b: 1 }, {}) }; }
export async function fails() { throw new Error("of its own"); }
"#;

/// Calls `route`; the calls before and behind it on the same thread get their results.
async fn fail(app: &Application, route: &str) -> Failure {
    let slow = app.call("slow", Value::Null);
    let failing = async {
        let begun = Instant::now();
        let failure = app.call(route, Value::Null).await.expect_err(route);
        assert_in_time(route, begun, config().limits.cpu);
        failure
    };
    let (slow, failure) = tokio::join!(slow, failing);
    assert_eq!(slow.unwrap(), json!("slow"), "beside {route}");
    assert_eq!(
        app.call("add", json!({ "a": 1, "b": 2 })).await.unwrap(),
        json!(3),
        "after {route}"
    );
    failure
}

/// Other tests have the processors too, unless one test is run at a time.
fn assert_in_time(what: &str, begun: Instant, limit: Duration) {
    let (took, grace) = (begun.elapsed(), Duration::from_millis(if proves() { 100 } else { 3800 }));
    assert!(took <= limit + grace, "{what} took {took:?}");
}

fn proves() -> bool {
    std::env::var_os("KONTRACT_PROVE").is_some()
}

/// Held by each test, so that what is measured is one test alone.
async fn turn() -> Option<tokio::sync::MutexGuard<'static, ()>> {
    static TURN: Mutex<()> = Mutex::const_new(());
    if proves() { Some(TURN.lock().await) } else { None }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_give_way_times_out_alone() {
    let _turn = turn().await;
    let app = Application::new(API);
    for route in [
        "loop",
        "loopAfterAwait",
        "loopInFinally",
        "loopInGetter",
        "loopInCatch",
        "microtasks",
        "backtrack",
        "indexOf",
        "search",
        "join",
        "bigint",
    ] {
        let failure = fail(&app, route).await;
        assert_eq!((failure.status, &*failure.code), (504, "TIMEOUT"), "{route}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_much_fails_alone() {
    let _turn = turn().await;
    let app = Application::new(API);
    for route in [
        "allocate",
        "fill",
        "strings",
        "pending",
        "recurse",
        "recurseAsync",
        "deepJson",
        "deepParse",
        "deepResult",
        "deepText",
        "deepSort",
        "deepProxy",
        "timers",
        "never",
        "fails",
    ] {
        let failure = fail(&app, route).await;
        assert!(matches!(failure.status, 500 | 504), "{route}: {failure}");
        assert!(!failure.message.contains("of its own"), "{failure}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_cannot_be_written_fail_alone_and_soon() {
    let _turn = turn().await;
    let mut config = config();
    // What is in the heap once may be written until it would fill one.
    config.limits.heap = 8 << 20;
    let app = Application::with(API, &[], config).unwrap();
    for route in [
        "shared",
        "sharedTwice",
        "sharedKeys",
        "longest",
        "longestOfProxies",
        "revoked",
        "revokedList",
        "trap",
    ] {
        let failure = fail(&app, route).await;
        assert_eq!((failure.status, &*failure.code), (500, "INTERNAL_ERROR"), "{route}");
    }
    assert_eq!(app.call("proxy", Value::Null).await.unwrap(), json!({ "a": { "b": 1 } }));
}

#[tokio::test(flavor = "multi_thread")]
async fn writing_a_result_is_part_of_the_slice() {
    let _turn = turn().await;
    let mut config = config();
    config.limits.cpu = Duration::from_millis(20);
    let app = Application::with(API, &[], config).unwrap();
    let failure = fail(&app, "manyFields").await;
    assert_eq!((failure.status, &*failure.code), (504, "TIMEOUT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_million_promises_matter_to_nobody_else() {
    let _turn = turn().await;
    let app = Application::new(API);
    let promises = async {
        let begun = Instant::now();
        let ended = app.call("promises", Value::Null).await;
        assert_in_time("promises", begun, config().limits.cpu);
        ended
    };
    let (promises, slow) = tokio::join!(promises, app.call("slow", Value::Null));
    assert!(promises.is_ok() || matches!(promises.unwrap_err().status, 500 | 504));
    assert_eq!(slow.unwrap(), json!("slow"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_noticed_outside_is_not_run_again_when_its_thread_is_given_up() {
    let _turn = turn().await;
    let config = EngineConfig { egress: vec!["loopback".to_owned()], ..config() };
    let app = Application::with(API, &[], config).unwrap();
    let noticed = app.call("noticed", Value::Null);
    let stuck = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.call("search", Value::Null).await
    };
    let (noticed, stuck) = tokio::join!(noticed, stuck);
    assert_eq!(stuck.unwrap_err().status, 504);
    #[cfg(target_os = "linux")]
    assert!(somebody_yields());
    assert_eq!(noticed.unwrap_err().status, 503);
    assert!(!app.engine.is_worn_out());
}

/// Whether a thread of isolates has the lowest priority.
#[cfg(target_os = "linux")]
fn somebody_yields() -> bool {
    let threads = std::fs::read_dir("/proc/self/task").unwrap();
    threads.filter_map(|thread| std::fs::read_to_string(thread.ok()?.path().join("stat")).ok()).any(
        |stat| {
            let (name, fields) = stat.rsplit_once(") ").unwrap();
            name.contains("(kontract-isol") && fields.split(' ').nth(16) == Some("19")
        },
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_holds_also_where_the_thread_does_not_answer() {
    let _turn = turn().await;
    let mut config = config();
    config.limits.cpu = Duration::from_secs(2);
    let app = Application::with(API, &[], config).unwrap();
    let limit = Duration::from_millis(300);
    let timed = async |route: &str, deadline: Duration| {
        let begun = Instant::now();
        let call = Call { deadline: begun + deadline, ..app.request(route, Value::Null) };
        let failure = app.reply(call).await.expect_err(route);
        assert_eq!((failure.status, &*failure.code), (504, "TIMEOUT"), "{route}");
        let grace = Duration::from_millis(if proves() { 100 } else { 1000 });
        assert!(begun.elapsed() <= deadline + grace, "{route} took {:?}", begun.elapsed());
    };
    // Its thread is not given up yet: on a busy machine it may only look stuck.
    tokio::join!(timed("indexOf", limit), timed("slow", limit / 2));
    timed("loop", limit).await;
    // Once it is, another one answers.
    assert_eq!(app.call("add", json!({ "a": 1, "b": 2 })).await.unwrap(), json!(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_whose_caller_has_gone_before_it_began_is_not_begun() {
    let _turn = turn().await;
    let mut config = config();
    (config.limits.cpu, config.limits.isolates) = (Duration::from_secs(2), 1);
    let app = Application::with(API, &[], config).unwrap();
    let busy = app.call("busy", Value::Null);
    let gone = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        tokio::time::timeout(Duration::from_millis(50), app.call("count", Value::Null)).await
    };
    let (busy, gone) = tokio::join!(busy, gone);
    assert_eq!(busy.unwrap(), json!("busy"));
    assert!(gone.is_err());
    assert_eq!(app.call("counter", Value::Null).await.unwrap(), json!(0));
}
