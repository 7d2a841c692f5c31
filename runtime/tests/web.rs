//! The Web APIs of isolates: the files of `tests/web` say what must hold.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    process::Command,
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

#[path = "support/application.rs"]
mod application;
#[path = "web/calls.rs"]
mod calls;
#[path = "web/log.rs"]
mod log;
#[path = "web/server.rs"]
mod server;

macro_rules! holds {
    ($($name:ident, $as_in_node:literal, $($file:literal),+;)*) => {
        $(#[tokio::test]
        async fn $name() {
            let source = concat!($(include_str!(concat!("web/", $file, ".js"))),+);
            run(&[], source).await;
            if $as_in_node {
                run_in_node(source);
            }
        })*
    };
}

holds! {
    texts_are_encoded_and_decoded, true, "encoding";
    urls_are_parsed_and_changed, true, "url";
    events_and_signals_are_heard, true, "events";
    timers_fire, true, "timers";
    values_are_cloned, true, "clone";
    streams_are_read, true, "streams";
    requests_and_responses_have_bodies, true, "http";
    cryptography_agrees_with_node, true, "vectors", "crypto";
    what_is_missing_says_so, false, "limits";
    globals_are_as_the_platform_has_them, false, "globals";
}

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

#[test]
fn a_console_writes_what_nodes_does() {
    let lines = logged(include_str!("web/console.js"));
    let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    similar(&text.join("\n"), include_str!("web/console.txt").trim_end());
    assert!(lines.iter().all(|line| line.call_id == "call"));
}

#[test]
fn random_input_gives_what_it_gives_in_node() {
    let source = include_str!("web/random.js");
    let lines = logged(&format!("{{{source}}}"));
    let text: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
    let node = Command::new("node").args(["-e", source]).output().unwrap();
    similar(&text.join("\n"), String::from_utf8_lossy(&node.stdout).trim_end());
    assert_eq!(lines.len(), 600);
}

#[test]
fn a_console_has_levels_and_limits() {
    let lines = logged(
        "const e = new RangeError('far', { cause: new Error('deep') });
        console.error('bad', e); console.warn('careful'); console.debug('fine');
        console.assert(false, 'no'); console.assert(true, 'never'); console.trace('here');
        const a = { n: 1 }; a.self = a; console.log(a);
        console.log('x'.repeat(100_000)); console.log(new Array(200).fill(7));
        console.time('t'); console.timeEnd('t'); console.timeEnd('t');
        console.log(new Headers({ a: 'b' }), new DOMException('m', 'AbortError').name);
        console.log(new Proxy({ a: 1 }, {}), '%s', Symbol('q'));
        console.log(new Proxy({}, { ownKeys() { throw 1; } }));
        const deep = Array.from({ length: 100 }, () => new Set(Array.from({ length: 100 }, () => new Set([{}, []]))));
        console.log(deep);",
    );
    let levels: Vec<&str> = lines.iter().map(|line| line.level.as_str()).collect();
    assert_eq!(levels[..5], ["ERROR", "WARN", "DEBUG", "ERROR", "DEBUG"]);
    assert!(lines[0].text.starts_with("bad RangeError: far\n    at "), "{}", lines[0].text);
    assert!(lines[0].text.contains("[cause]: Error: deep"));
    assert_eq!(lines[3].text, "Assertion failed: no");
    assert_eq!(lines[5].text, "{ n: 1, self: [Circular] }");
    assert!(lines[6].text.len() < 70_000 && lines[6].text.ends_with("more bytes"));
    assert!(lines[7].text.contains("... 100 more items"));
    assert!(lines[8].text.starts_with("t: ") && lines[9].level == "WARN");
    assert_eq!(lines[10].text, "Headers { 'a' => 'b' } AbortError");
    assert_eq!(lines[11].text, "{ a: 1 } %s Symbol(q)");
    assert_eq!(lines[12].text, "(a value that cannot be shown)");
    assert_eq!(lines.len(), 14);
}

fn logged(source: &str) -> Vec<log::Line> {
    let log = log::Log::default();
    let isolate = isolate(&[]);
    isolate.enter(Some(invocation(&Arc::default())));
    tracing::subscriber::with_default(log.clone(), || {
        let ran = isolate
            .burst(|ctx| ctx.eval::<(), _>(source).map_err(|_| format!("{:?}", ctx.catch())));
        ran.unwrap();
    });
    isolate.enter(None);
    log.lines()
}

fn similar(actual: &str, expected: &str) {
    for (actual, expected) in actual.lines().zip(expected.lines()) {
        assert_eq!(actual, expected);
    }
    assert_eq!(actual.lines().count(), expected.lines().count());
}

/// Runs the tests of a file in an isolate; whether it said that it had an effect.
async fn run(egress: &[&str], source: &str) -> bool {
    let isolate = isolate(egress);
    let effect = Arc::new(AtomicBool::new(false));
    let invocation = invocation(&effect);
    isolate.enter(Some(invocation));
    let promise = settle(&isolate, &script(source)).await;
    let report: String = isolate.burst(|ctx| {
        let promise = promise.restore(ctx).unwrap();
        promise.finish().unwrap_or_else(|error| format!("{error} {:?}", ctx.catch()))
    });
    assert_passed(&report);
    assert!(isolate.is_quiet());
    isolate.enter(None);
    effect.load(Ordering::Acquire)
}

/// The same tests, against an implementation of others.
fn run_in_node(source: &str) {
    let script = format!("{}.then((report) => process.stdout.write(report))", script(source));
    let output = Command::new("node").args(["--no-warnings", "-e", &script]).output().unwrap();
    let report = [output.stdout, output.stderr].concat();
    assert_passed(&String::from_utf8_lossy(&report));
}

fn script(source: &str) -> String {
    let prelude = include_str!("web/prelude.js");
    format!("(async () => {{\n{prelude}\n{source}\nreturn report();\n}})()")
}

fn assert_passed(report: &str) {
    let (count, failures) = report.split_once('\n').unwrap_or((report, ""));
    assert!(failures.is_empty() && count.ends_with(" run") && count != "0 run", "{report}");
}

/// The promise that a script gives, once it has settled.
async fn settle(isolate: &Isolate, source: &str) -> Persistent<Promise<'static>> {
    let promise = isolate.burst(|ctx| {
        let promise: Promise<'_> = ctx.eval(source).map_err(|_| format!("{:?}", ctx.catch()))?;
        Ok::<_, String>(Persistent::save(ctx, promise))
    });
    let promise = promise.unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    isolate.settle(&promise, || deadline).await.unwrap();
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
