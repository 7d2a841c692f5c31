//! Web APIs in calls: what they start ends with the call.

use std::time::{Duration, Instant};

use kontract_runtime::engine::EngineConfig;
use serde_json::{Value, json};

use crate::{
    application::{Application, config},
    server,
};

#[tokio::test]
async fn what_a_call_leaves_behind_never_goes_on() {
    let base = server::start().await;
    let application = application(
        &base,
        "let late = [];
        export async function leave() {
          setTimeout(() => late.push('timer'), 5);
          setTimeout(() => fetch(`${BASE}/count`), 5);
          fetch(`${BASE}/chunks`).then((response) => response.text()).then(() => late.push('fetch'));
          AbortSignal.timeout(5).addEventListener('abort', () => late.push('signal'));
          return late.length;
        }
        export async function look() {
          await new Promise((resolve) => setTimeout(resolve, 30));
          return [...late, await (await fetch(`${BASE}/counted`)).text()];
        }",
    );
    for _ in 0..3 {
        assert_eq!(application.call("leave", json!(null)).await.unwrap(), json!(0));
        assert_eq!(application.call("look", json!(null)).await.unwrap(), json!(["0"]));
    }
}

#[tokio::test]
async fn a_fetch_ends_with_its_call() {
    let base = server::start().await;
    let application = application(
        &base,
        "export async function wait() { return (await fetch(`${BASE}/slow`)).status; }
        export async function read() { return (await fetch(`${BASE}/stuck`)).text(); }
        export async function quick() { return (await fetch(`${BASE}/status/201`)).status; }",
    );
    for route in ["wait", "read"] {
        let mut call = application.request(route, json!(null));
        call.deadline = Instant::now() + Duration::from_millis(300);
        let start = Instant::now();
        let failure = application.reply(call).await.unwrap_err();
        assert_eq!(failure.code, "TIMEOUT");
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        assert_eq!(application.call("quick", json!(null)).await.unwrap(), json!(201));
    }
}

#[tokio::test]
async fn a_body_that_fills_the_heap_fails_its_call_alone() {
    let base = server::start().await;
    let application = application(
        &base,
        "export async function fill() { return (await (await fetch(`${BASE}/endless`)).text()).length; }
        export async function quick() { return (await fetch(`${BASE}/status/201`)).status; }",
    );
    let filling = application.call("fill", json!(null));
    let quick = async {
        for _ in 0..5 {
            assert_eq!(application.call("quick", json!(null)).await.unwrap(), json!(201));
        }
    };
    let (filled, ()) = tokio::join!(filling, quick);
    assert_eq!(filled.unwrap_err().status, 500);
}

#[tokio::test]
async fn one_call_changes_nothing_for_the_next() {
    let base = server::start().await;
    let application = application(
        &base,
        "export function change() {
          const tried = [
            () => { fetch = () => 'evil'; },
            () => { globalThis.Headers = class {}; },
            () => { Headers.prototype.get = () => 'evil'; },
            () => { Object.prototype.polluted = true; },
            () => { Response.prototype.__proto__.text = () => 'evil'; },
            () => { Object.defineProperty(globalThis, 'crypto', { value: {} }); },
            () => { delete globalThis.URL; },
          ];
          return tried.map((attempt) => { try { attempt(); return 'changed'; } catch (error) { return error.name; } });
        }
        export async function look() {
          const response = await fetch(`${BASE}/status/200`);
          return [await response.text(), new Headers({ a: 'b' }).get('a'), {}.polluted ?? null, typeof URL, typeof crypto.subtle];
        }",
    );
    let refused = application.call("change", json!(null)).await.unwrap();
    assert_eq!(refused, Value::from(vec!["TypeError"; 7]));
    let seen = application.call("look", json!(null)).await.unwrap();
    assert_eq!(seen, json!(["status 200", "b", null, "function", "object"]));
}

fn application(base: &str, api: &str) -> Application {
    let config = EngineConfig { egress: vec!["loopback".to_owned()], threads: 1, ..config() };
    let api = format!("const BASE = '{base}';\n{api}");
    Application::with(&api, &[], config).unwrap()
}
