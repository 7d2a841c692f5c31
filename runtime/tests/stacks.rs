//! Stacks in terms of the sources.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support {
    pub mod application;
}

use kontract_runtime::engine::EngineConfig;
use serde_json::Value;
use support::application::{Application, config};

/// `src/api.ts`, in which `fail` stands on lines 4 to 6 and `deep` on line 9.
const API: &str = "export function fail() {
  throw new TypeError('inner');
}
export async function outer() {
  await null;
  try { fail(); } catch (cause) { throw new Error('outer', { cause }); }
}
";

fn map() -> String {
    let mut map = swc_sourcemap::SourceMapBuilder::new(None);
    let source = map.add_source("../../src/api.ts".into());
    // Each line of the build is three lines further down in the source, and two columns to the right.
    for line in 0..8 {
        for column in 0..60 {
            map.add_raw(line, column, line + 3, column + 2, Some(source), None, false);
        }
    }
    let mut text = Vec::new();
    map.into_sourcemap().to_writer(&mut text).unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn stacks_are_those_of_the_sources() {
    let map = map();
    let development = EngineConfig { development: true, ..config() };
    let app = Application::with(API, &[("dist/server/api.js.map", &map)], development).unwrap();
    let stack = app.call("outer", Value::Null).await.unwrap_err().stack.unwrap();
    let lines: Vec<&str> = stack.lines().map(str::trim).collect();
    assert_eq!(lines[0], "Error: outer");
    assert!(lines[1].starts_with("at outer (src/api.ts:9:"), "{stack}");
    let cause = lines.iter().position(|line| *line == "caused by: TypeError: inner").unwrap();
    assert!(lines[cause + 1].starts_with("at fail (src/api.ts:5:"), "{stack}");
    assert!(lines[cause + 2].starts_with("at outer (src/api.ts:9:"), "{stack}");
}

#[test]
fn what_fails_at_load_is_shown_in_the_sources() {
    let api = "export const run = 1;\nthrow new Error('at load');\n";
    let error =
        Application::with(api, &[("dist/server/api.js.map", &map())], config()).err().unwrap();
    assert!(error.contains("src/api.ts:5:"), "{error}");
}

#[tokio::test]
async fn answers_have_no_stack_outside_of_development() {
    let app = Application::new(API);
    assert_eq!(app.call("fail", Value::Null).await.unwrap_err().stack, None);
}
