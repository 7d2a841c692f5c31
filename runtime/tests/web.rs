//! The Web APIs of isolates: the files of `tests/web` say what must hold.

use std::{
    collections::BTreeMap,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use kontract_runtime::{
    config::Limits,
    engine::{EngineConfig, invocation::Invocation, isolate::Isolate},
};
use rquickjs::{Persistent, Promise};

#[path = "web/server.rs"]
mod server;

macro_rules! holds {
    ($name:ident, $($file:literal),+) => {
        #[tokio::test]
        async fn $name() {
            run(&[], concat!($(include_str!(concat!("web/", $file, ".js"))),+)).await;
        }
    };
}

holds!(texts_are_encoded_and_decoded, "encoding");
holds!(urls_are_parsed_and_changed, "url");
holds!(events_and_signals_are_heard, "events");
holds!(timers_fire, "timers");
holds!(values_are_cloned, "clone");
holds!(streams_are_read, "streams");
holds!(requests_and_responses_have_bodies, "http");
holds!(cryptography_agrees_with_node, "vectors", "crypto");
holds!(what_is_missing_says_so, "limits");
holds!(globals_are_as_the_platform_has_them, "globals");

#[tokio::test]
async fn hosts_are_fetched_from() {
    let base = server::start().await;
    let source = format!("const BASE = '{base}';\n{}", include_str!("web/fetch.js"));
    let effect = run(&["loopback"], &source).await;
    assert!(effect, "a fetch is an effect");
}

#[tokio::test]
async fn only_public_hosts_are_open() {
    let base = server::start().await;
    let source = format!("const BASE = '{base}';\n{}", include_str!("web/egress.js"));
    let named = base.trim_start_matches("http://").replace("127.0.0.1", "localhost");
    run(&[&named], &source).await;
}

#[tokio::test]
async fn what_waits_is_told_from_what_is_over() {
    let isolate = isolate(&[]);
    for (source, is_quiet) in [
        ("AbortSignal.timeout(1000); new Promise((resolve) => setTimeout(resolve, 1))", true),
        ("clearTimeout(setTimeout(() => {}, 1000)); Promise.resolve()", true),
        ("clearInterval(setInterval(() => {}, 1000)); Promise.resolve()", true),
        ("setTimeout(() => {}, 1000); Promise.resolve()", false),
    ] {
        isolate.enter(Some(invocation(&Arc::default())));
        settle(&isolate, source).await;
        assert_eq!(isolate.is_quiet(), is_quiet, "{source}");
        isolate.enter(None);
    }
}

/// Runs the tests of a file in an isolate; whether it said that it had an effect.
async fn run(egress: &[&str], source: &str) -> bool {
    let isolate = isolate(egress);
    let effect = Arc::new(AtomicBool::new(false));
    let invocation = invocation(&effect);
    isolate.enter(Some(invocation));
    let prelude = include_str!("web/prelude.js");
    let source = format!("(async () => {{\n{prelude}\n{source}\nreturn report();\n}})()");
    let promise = settle(&isolate, &source).await;
    let report: String = isolate.burst(|ctx| {
        let promise = promise.restore(ctx).unwrap();
        promise.finish().unwrap_or_else(|error| format!("{error} {:?}", ctx.catch()))
    });
    let (count, failures) = report.split_once('\n').unwrap_or((&report, ""));
    assert!(failures.is_empty() && count != "0 run", "{report}");
    assert!(isolate.is_quiet());
    isolate.enter(None);
    effect.load(Ordering::Acquire)
}

/// The promise that a script gives, once it has settled.
async fn settle(isolate: &Isolate, source: &str) -> Persistent<Promise<'static>> {
    let promise = isolate.burst(|ctx| {
        let promise: Promise<'_> = ctx.eval(source).map_err(|_| format!("{:?}", ctx.catch()))?;
        Ok::<_, String>(Persistent::save(ctx, promise))
    });
    let promise = promise.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    isolate.settle(&promise, deadline).await.unwrap();
    promise
}

fn isolate(egress: &[&str]) -> Isolate {
    let config = EngineConfig {
        limits: Limits { cpu: Duration::from_secs(5), ..Limits::default() },
        egress: egress.iter().map(|entry| (*entry).to_owned()).collect(),
        ..EngineConfig::default()
    };
    Isolate::new(&Arc::new(config)).unwrap()
}

fn invocation(effect: &Arc<AtomicBool>) -> Rc<Invocation> {
    let deadline = Instant::now() + Duration::from_secs(10);
    Invocation::new("call".to_owned(), deadline, Arc::clone(effect))
}
