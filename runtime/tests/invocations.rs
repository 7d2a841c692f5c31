//! Calls do not meet: nothing of one runs during another's, or changes what it finds.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support {
    pub mod application;
}

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use kontract_runtime::{call::Form, session::Session};
use serde_json::{Value, json};
use support::application::{Application, session};

const SLEEP: &str = "
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
import { ctx, env } from 'kontract/runtime';
import { HttpError, HttpResp, NotFoundError } from 'kontract';
";

fn application(api: &str) -> Application {
    Application::new(&format!("{SLEEP}{api}"))
}

async fn call(app: &Application, route: &str) -> Value {
    app.call(route, Value::Null).await.unwrap()
}

/// Calls as `user`.
async fn call_as(app: &Application, user: &str, route: &str) -> Value {
    let session: Arc<Session> = Arc::new(session(user));
    let call = kontract_runtime::call::Call { session, ..app.request(route, Value::Null) };
    let reply = app.reply(call).await.unwrap();
    serde_json::from_slice::<Value>(&reply.body.unwrap()).unwrap()["result"].clone()
}

#[tokio::test]
async fn what_a_call_leaves_behind_never_runs_during_another() {
    let app = application(
        "
        const seen = [];
        export async function floating() { sleep(5).then(() => seen.push(ctx.owner)); return 'left'; }
        export async function timer() { setTimeout(() => seen.push(ctx.owner), 5); return 'left'; }
        export async function interval() { setInterval(() => seen.push(ctx.owner), 1); return 'left'; }
        export async function cleared() { clearTimeout(setTimeout(() => seen.push('cleared'), 5)); return 'left'; }
        export async function watch() { await sleep(30); return seen; }
        ",
    );
    for route in ["floating", "timer", "interval", "cleared"] {
        assert_eq!(call_as(&app, "alice", route).await, json!("left"));
        for _ in 0..3 {
            assert_eq!(call_as(&app, "bob", "watch").await, json!([]), "after {route}");
        }
    }
}

#[tokio::test]
async fn calls_at_the_same_time_have_isolates_of_their_own() {
    let app = application(
        "
        let owner;
        export async function who() { owner = ctx.owner; await sleep(20); return [owner, ctx.owner, ctx.session.id]; }
        ",
    );
    let users: Vec<String> = (0..20).map(|number| format!("user-{number}")).collect();
    let calls = users.iter().map(|user| call_as(&app, user, "who"));
    for (user, seen) in users.iter().zip(futures_util::future::join_all(calls).await) {
        assert_eq!(seen, json!([user, user, format!("session-of-{user}")]));
    }
}

#[tokio::test]
async fn stacks_are_not_for_calls_to_change() {
    let app = application(
        "
        export async function change() { Error.stackTraceLimit = 0; Error.prepareStackTrace = () => 'changed'; }
        export async function sites() { Error.prepareStackTrace = (_, sites) => sites; return typeof new Error().stack; }
        export async function stack() { return [Error.stackTraceLimit > 0, new Error().stack.includes('stack')]; }
        ",
    );
    call(&app, "change").await;
    // Sites would show the functions that called.
    assert_eq!(call(&app, "sites").await, json!("string"));
    assert_eq!(call(&app, "stack").await, json!([true, true]));
}

#[tokio::test]
async fn intrinsics_and_globals_cannot_be_changed() {
    let app = application(
        r"
        const attempts = {
          prototype: () => { Object.prototype.polluted = 1; },
          proto: () => { ({}).__proto__.polluted = 1; },
          define: () => Object.defineProperty(Array.prototype, 'map', { value: 1 }),
          json: () => { JSON.parse = 1; },
          global: () => { globalThis.fetch = 1; },
          promise: () => { Promise.prototype.then = 1; },
          generator: () => { Object.getPrototypeOf(function* () {}).prototype.next = 1; },
          helper: () => { Object.getPrototypeOf([].values().map(String)).next = 1; },
          wrapped: () => { Object.getPrototypeOf(Iterator.from({ next() {} })).next = 1; },
          concatenated: () => { Object.getPrototypeOf(Iterator.concat([])).next = 1; },
          proxies: () => { Proxy.revocable = 1; },
          asyncGenerator: () => { Object.getPrototypeOf(async function* () {}).prototype.next = 1; },
          constructor: () => { Array.from = 1; },
          math: () => { Math.random = () => 4; },
          bytes: () => { Object.getPrototypeOf(Uint8Array.prototype).fill = 1; },
          iterator: () => { Object.getPrototypeOf([][Symbol.iterator]()).next = 1; },
          toText: () => { Object.prototype.toString = 1; },
          error: () => { Error.prototype.name = 'x'; },
          headers: () => { Headers.prototype.get = 1; },
          library: () => { HttpError.prototype.name = 'x'; },
          env: () => { env.REGION = 'x'; },
          ctx: () => { ctx.owner = 'x'; },
        };
        export async function failing() {
          return Object.entries(attempts).filter(([, change]) => {
            try { change(); return true; } catch (error) { return !(error instanceof TypeError); }
          }).map(([name]) => name);
        }
        export async function missing() {
          return ['SharedArrayBuffer', 'Atomics', 'FinalizationRegistry', '__host', 'process', 'require', 'std', 'os']
            .filter((name) => name in globalThis);
        }
        ",
    );
    assert_eq!(call(&app, "failing").await, json!([]));
    assert_eq!(call(&app, "missing").await, json!([]));
}

#[tokio::test]
async fn objects_take_properties_that_their_prototypes_have() {
    let app = application(
        r"
        class Named extends Error { constructor(message) { super(message); this.name = 'Named'; this.message += '!'; } }
        class Bytes extends Uint8Array {}
        Bytes.prototype.fill = () => 'own';
        function Old() { Error.call(this); }
        Old.prototype = Object.create(Error.prototype);
        Old.prototype.constructor = Old;
        Old.prototype.name = 'Old';
        export async function run() {
          const counts = {};
          for (const word of ['constructor', 'toString', '__proto__', 'toString']) counts[word] = (Object.hasOwn(counts, word) ? counts[word] : 0) + 1;
          const f = () => {};
          f.toString = () => 'f';
          const error = new Named('a');
          globalThis.mine = (globalThis.mine ?? 0) + 1;
          return [Object.keys(counts), counts.toString, String(f), String(error), Object.keys(error), new Bytes(1).fill(1),
            String(new Old()), [1, 2].toString(), String({}), globalThis.mine];
        }
        ",
    );
    let expected = json!([
        ["constructor", "toString"],
        2,
        "f",
        "Named: a!",
        ["name"],
        "own",
        "Old",
        "1,2",
        "[object Object]",
        1
    ]);
    assert_eq!(call(&app, "run").await, expected);
}

#[tokio::test]
async fn module_state_stays() {
    let app = application("let count = 0; export const next = async () => ++count;");
    assert_eq!(call(&app, "next").await, json!(1));
    assert_eq!(call(&app, "next").await, json!(2));
}

#[tokio::test]
async fn the_context_describes_the_call() {
    let app = application(
        "export const describe = async () => [{ sid: ctx.sid, owner: ctx.owner, tenant: ctx.tenant, perm: ctx.perm, method: ctx.method,
           path: ctx.path, route: ctx.route, isAnonymous: ctx.isAnonymous, ugroups: ctx.ugroups, callId: ctx.callId, headers: ctx.headers.get('x-name'), signal: ctx.signal.aborted,
           waitUntil: typeof ctx.waitUntil, session: { ...ctx.session, expiresAt: ctx.session.expiresAt instanceof Date },
           currentTxid: String(ctx.currentTxid) }, env.REGION, Object.isFrozen(ctx.ugroups)];",
    );
    let mut call = app.request("describe", Value::Null);
    let mut headers = HeaderMap::new();
    headers
        .insert(HeaderName::from_static("x-name"), HeaderValue::from_bytes(b"J\xf8rgen").unwrap());
    call.headers = headers;
    let reply = app.reply(call).await.unwrap();
    let body: Value = serde_json::from_slice(&reply.body.unwrap()).unwrap();
    let expected = json!([
        {
            "sid": "session-of-user-1", "owner": "user-1", "tenant": "main", "currentTxid": "0", "perm": 4,
            "method": "POST", "path": "/rpc/describe", "headers": "J\u{f8}rgen",
            "route": { "name": "describe" }, "isAnonymous": false, "ugroups": ["editors"],
            "session": { "id": "session-of-user-1", "perm": 7, "expiresAt": true },
            "signal": false, "callId": "call-1", "waitUntil": "function",
        },
        "eu",
        true,
    ]);
    assert_eq!(body["result"], expected);
}

#[tokio::test]
async fn answers_have_the_status_and_headers_that_were_asked_for() {
    let app = application(
        "
        export const created = async () => HttpResp.created({ a: 1 }, { 'x-a': '1', 'x-b': '2' });
        export const redirect = async () => HttpResp.redirect('/elsewhere');
        export const empty = async () => HttpResp.noContent();
        export const strange = async () => new HttpResp(1, 99);
        export const numbers = async () => new HttpResp(1, 200, { 'x-a': 1 });
        const long = 'x'.repeat(1e6);
        export const many = async () => new HttpResp(1, 200, Object.fromEntries(Array(10_000).keys().map((i) => [`x-${i}`, long])));
        ",
    );
    let reply = app.reply(app.request("created", Value::Null)).await.unwrap();
    assert_eq!(
        (reply.status, reply.body.unwrap().as_slice()),
        (201, br#"{"result":{"a":1}}"#.as_slice())
    );
    assert_eq!(reply.headers, [("x-a".into(), "1".into()), ("x-b".into(), "2".into())]);
    let reply = app.reply(app.request("redirect", Value::Null)).await.unwrap();
    assert_eq!((reply.status, reply.body), (302, None));
    assert_eq!(reply.headers, [("Location".into(), "/elsewhere".into())]);
    let reply = app.reply(app.request("empty", Value::Null)).await.unwrap();
    assert_eq!((reply.status, reply.body), (204, None));
    for route in ["strange", "numbers", "many"] {
        assert_eq!(app.call(route, Value::Null).await.unwrap_err().status, 500);
    }
}

#[tokio::test]
async fn what_is_said_of_an_error_is_short() {
    let app = application(
        "
        const long = 'ä'.repeat(1e6);
        export const refused = async () => { throw new HttpError(long, 400, long); };
        ",
    );
    let failure = app.call("refused", Value::Null).await.unwrap_err();
    assert_eq!((failure.status, failure.message.len()), (400, (16 << 10) + '…'.len_utf8()));
    assert_eq!(failure.code.len(), failure.message.len());
}

#[tokio::test]
async fn errors_made_for_the_caller_reach_the_caller() {
    let app = application(
        r"
        export const missing = async () => { throw new NotFoundError('No such note'); };
        export const own = async () => { throw new HttpError('Too many', 429, 'TOO_MANY', { path: 'args[0]' }); };
        export const strange = async () => { throw new HttpError('odd', 200); };
        export const text = async () => { throw 'text'; };
        export const hostile = async () => { throw { get message() { throw 1; }, toString() { throw 2; } }; };
        export const sync = () => { throw new NotFoundError('sync'); };
        export const half = async () => { throw new HttpError('half \uD800 😀', 418, 'HALF\uDE00'); };
        export const wrong = async () => new Map([[1, Symbol()]]);
        ",
    );
    let failure = app.call("missing", Value::Null).await.unwrap_err();
    assert_eq!(
        (&*failure.code, failure.status, &*failure.message),
        ("NOT_FOUND", 404, "No such note")
    );
    let failure = app.call("own", Value::Null).await.unwrap_err();
    assert_eq!(
        (&*failure.code, failure.status, failure.path.as_deref()),
        ("TOO_MANY", 429, Some("args[0]"))
    );
    let failure = app.call("half", Value::Null).await.unwrap_err();
    assert_eq!(
        (&*failure.code, failure.status, &*failure.message),
        ("HALF\u{fffd}", 418, "half \u{fffd} 😀")
    );
    assert_eq!(app.call("sync", Value::Null).await.unwrap_err().status, 404);
    for route in ["strange", "text", "hostile", "wrong"] {
        let failure = app.call(route, Value::Null).await.unwrap_err();
        assert_eq!((&*failure.code, failure.status), ("INTERNAL_ERROR", 500), "{route}");
        assert_eq!(failure.stack, None);
    }
}

#[tokio::test]
async fn work_given_to_wait_until_goes_on_after_the_answer() {
    let app = application(
        "
        let done = 0;
        export async function start() {
          ctx.waitUntil(sleep(20).then(() => { done += 1; return ctx.owner; }));
          ctx.waitUntil(Promise.reject(new Error('logged')));
          return 'started';
        }
        export const finished = async () => done;
        ",
    );
    assert_eq!(call(&app, "start").await, json!("started"));
    let begun = Instant::now();
    while call(&app, "finished").await != json!(1) {
        assert!(begun.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn the_signal_is_aborted_at_the_deadline_and_when_the_caller_leaves() {
    let app = application(
        "
        let heard = 0;
        export async function wait() {
          ctx.signal.addEventListener('abort', () => { heard += 1; });
          ctx.waitUntil(sleep(50));
          await sleep(200);
        }
        export const listen = async () => heard;
        ",
    );
    let mut request = app.request("wait", Value::Null);
    request.deadline = Instant::now() + Duration::from_millis(50);
    let begun = Instant::now();
    let failure = app.reply(request).await.unwrap_err();
    assert_eq!((&*failure.code, failure.status), ("TIMEOUT", 504));
    assert!(begun.elapsed() < Duration::from_millis(190), "{:?}", begun.elapsed());

    // A call whose caller has gone is finished: its isolate, with what was heard, is kept.
    let left = app.reply(app.request("wait", Value::Null));
    assert!(tokio::time::timeout(Duration::from_millis(50), left).await.is_err());
    let begun = Instant::now();
    while call(&app, "listen").await != json!(1) {
        assert!(begun.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_function_may_wait_for_nothing_but_its_signal() {
    let app = application(
        "
        let heard = 0;
        export const signal = () => new Promise((_, reject) => ctx.signal.addEventListener('abort', () => { heard += 1; reject(ctx.signal.reason); }));
        export const nothing = () => new Promise(() => {});
        export const listen = async () => heard;
        ",
    );
    let mut request = app.request("signal", Value::Null);
    request.deadline = Instant::now() + Duration::from_millis(100);
    let begun = Instant::now();
    assert_eq!(app.reply(request).await.unwrap_err().status, 504);
    assert!(begun.elapsed() >= Duration::from_millis(100));

    let left = app.reply(app.request("signal", Value::Null));
    assert!(tokio::time::timeout(Duration::from_millis(50), left).await.is_err());
    let begun = Instant::now();
    while call(&app, "listen").await != json!(1) {
        assert!(begun.elapsed() < Duration::from_secs(2));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }

    let begun = Instant::now();
    assert_eq!(app.call("nothing", Value::Null).await.unwrap_err().status, 504);
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn rejections_that_nobody_handles_do_not_matter_to_the_call() {
    let app = application(
        "
        export async function rejects() { Promise.reject(new Error('floating')); return 'done'; }
        export async function late() { const p = Promise.reject(new Error('x')); await null; await p.catch(() => {}); return 'done'; }
        ",
    );
    assert_eq!(call(&app, "rejects").await, json!("done"));
    assert_eq!(call(&app, "late").await, json!("done"));
}

#[tokio::test]
async fn values_travel_both_ways() {
    let app = application(
        "export const echo = async (value) => value;
         export const isNegativeZero = async (value) => Object.is(value, -0);",
    );
    let value = json!({ "list": [1, -0.5, 1e21, null, "\u{1f600}"], "constructor": true });
    assert_eq!(app.call("echo", value.clone()).await.unwrap(), value);
    assert_eq!(app.call("isNegativeZero", json!(-0.0)).await.unwrap(), json!(true));
    let binary =
        kontract_runtime::call::Call { form: Form::Binary, ..app.request("echo", json!([1])) };
    assert!(!app.reply(binary).await.unwrap().body.unwrap().is_empty());
}

#[tokio::test]
async fn an_engine_that_closes_finishes_its_calls() {
    let app = Arc::new(application(
        "export const slow = async () => { await sleep(50); return 'done'; };",
    ));
    let running = tokio::spawn({
        let app = Arc::clone(&app);
        async move { call(&app, "slow").await }
    });
    tokio::time::sleep(Duration::from_millis(20)).await;
    app.engine.close().await;
    assert_eq!(running.await.unwrap(), json!("done"));
    assert_eq!(app.call("slow", Value::Null).await.unwrap_err().status, 503);
}
