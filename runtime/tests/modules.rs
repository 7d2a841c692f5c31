//! What an application's modules can be made of.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support {
    pub mod application;
}

use serde_json::{Value, json};
use support::application::{Application, config};

fn package(name: &str, json: &str, files: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = format!("node_modules/{name}");
    let manifest = (format!("{folder}/package.json"), json.to_owned());
    let files = files.iter().map(|(path, text)| (format!("{folder}/{path}"), (*text).to_owned()));
    std::iter::once(manifest).chain(files).collect()
}

fn start(api: &str, packages: &[Vec<(String, String)>]) -> Result<Application, String> {
    let files: Vec<(&str, &str)> =
        packages.iter().flatten().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    Application::with(api, &files, config())
}

async fn run(api: &str, packages: &[Vec<(String, String)>]) -> Value {
    start(api, packages).unwrap().call("run", Value::Null).await.unwrap()
}

/// Why the application cannot be started.
fn refusal(api: &str, packages: &[Vec<(String, String)>]) -> String {
    start(api, packages).err().expect("the application starts")
}

#[tokio::test]
async fn packages_are_found_as_node_finds_them() {
    let packages = [
        package(
            "conditions",
            r#"{ "type": "module", "exports": { ".": { "node": "./node.js", "import": "./import.js" }, "./sub/*": "./lib/*.js" } }"#,
            &[
                ("import.js", "export { name } from './inner.js';"),
                ("inner.js", "export const name = 'import';"),
                ("node.js", "import 'node:fs'"),
                ("lib/a.js", "export default 'sub';"),
            ],
        ),
        package(
            "variants",
            r#"{ "type": "module", "exports": { "worker": "./worker.js", "import": "./node.js" } }"#,
            &[("worker.js", "export default 'worker';"), ("node.js", "import 'node:crypto'")],
        ),
        package(
            "@scope/main",
            r#"{ "main": "./lib/index", "module": "./esm.mjs" }"#,
            &[("lib/index.js", "exports.main = true;")],
        ),
        package(
            "events",
            r#"{ "main": "./events.js" }"#,
            &[("events.js", "exports.Emitter = class {};")],
        ),
    ];
    let api = "
        import { name } from 'conditions';
        import sub from 'conditions/sub/a';
        import worker from 'variants';
        import { main } from '@scope/main';
        import { Emitter } from 'events';
        export const run = () => [name, sub, worker, main, typeof Emitter];
    ";
    assert_eq!(run(api, &packages).await, json!(["import", "sub", "worker", true, "function"]));
}

#[tokio::test]
async fn commonjs_gives_its_exports_by_name_and_as_default() {
    let packages = [package(
        "old",
        r#"{ "main": "index.js" }"#,
        &[
            (
                "index.js",
                "#!/usr/bin/env node
                const helper = require('./helper');
                const data = require('./data.json');
                exports.twice = function twice(x) { return helper(x) + helper(x); };
                exports.data = data;
                exports['not a name'] = 1;
                exports.default = 'inner default';
                exports.kind = typeof module + typeof __filename + (this === exports);
                sloppy = 1;
                Object.defineProperty(exports, '__esModule', { value: true });
                if (process.env.NODE_ENV !== 'production') throw new Error('development');
                exports.parent = require('./cycle').name;",
            ),
            ("helper.js", "module.exports = (x) => x;"),
            ("data.json", r#"{ "a": [1, "\u2028"] }"#),
            ("cycle.js", "exports.name = typeof require('./index').twice;"),
        ],
    )];
    let api = "
        import old, { twice, data, kind, parent } from 'old';
        import * as all from 'old';
        export const run = () => [twice('a'), data, kind, parent, old.default, Object.keys(all)];
    ";
    let expected = json!(["aa", { "a": [1, "\u{2028}"] }, "objectstringtrue", "function", "inner default", ["data", "default", "kind", "parent", "twice"]]);
    assert_eq!(run(api, &packages).await, expected);
}

#[tokio::test]
async fn a_module_is_evaluated_once_for_import_and_require() {
    let packages = [package(
        "counter",
        "{}",
        &[
            ("index.js", "let n = 0; exports.next = () => ++n;"),
            ("user.js", "exports.next = require('./index').next;"),
        ],
    )];
    let api = "
        import { next } from 'counter';
        import { next as same } from 'counter/user.js';
        export const run = () => [next(), same(), next === same];
    ";
    assert_eq!(run(api, &packages).await, json!([1, 2, true]));
}

#[tokio::test]
async fn modules_named_by_a_literal_can_be_loaded_later() {
    let packages = [
        package("late", r#"{ "type": "module" }"#, &[("index.js", "export const late = 'late';")]),
        package(
            "lazy",
            "{}",
            &[
                ("index.js", "exports.load = () => require('./inner');"),
                ("inner.js", "module.exports = 'inner';"),
            ],
        ),
    ];
    let api = "
        import { load } from 'lazy';
        export async function run() {
          const { late } = await import('late');
          const { default: json } = await import(`./data.json`, { with: { type: 'json' } }).catch((e) => ({ default: e.message }));
          return [late, load(), json];
        }
        export const missing = (name) => import(name);
        export const node = () => import('node:fs');
    ";
    let app = start(api, &packages).unwrap();
    let [late, inner, json] =
        serde_json::from_value::<[Value; 3]>(app.call("run", Value::Null).await.unwrap()).unwrap();
    assert_eq!((late, inner), (json!("late"), json!("inner")));
    assert!(json.as_str().unwrap().contains("Cannot find module './data.json'"), "{json}");
    for (route, name) in [("missing", json!("nowhere")), ("node", Value::Null)] {
        let result = app.call(route, name.clone()).await;
        assert_eq!(result.unwrap_err().status, 500, "{route} {name}");
    }
}

#[tokio::test]
async fn ignored_modules_are_empty() {
    let packages = [package(
        "isomorphic",
        r#"{ "main": "index.js", "browser": { "fs": false, "./node.js": "./browser.js" } }"#,
        &[
            (
                "index.js",
                "exports.fs = Object.keys(require('fs')); exports.where = require('./node.js');",
            ),
            ("node.js", "module.exports = 'node';"),
            ("browser.js", "module.exports = 'browser';"),
        ],
    )];
    let api = "import { fs, where } from 'isomorphic'; export const run = () => [fs, where];";
    assert_eq!(run(api, &packages).await, json!([[], "browser"]));
}

#[test]
fn modules_of_node_are_refused_with_what_to_use() {
    for (specifier, instead) in [
        ("node:crypto", "use the global crypto"),
        ("fs/promises", "env.storage"),
        ("node:zlib", "kontract/node"),
        ("node:new", "kontract/node"),
    ] {
        let error = refusal(&format!("import '{specifier}'; export const run = 1;"), &[]);
        assert!(error.contains("dist/server/api.js") && error.contains(specifier), "{error}");
        assert!(error.contains(instead), "{error}");
    }
    let error = refusal("import 'missing-package'; export const run = 1;", &[]);
    assert!(error.contains("dist/server/api.js") && error.contains("missing-package"), "{error}");
}

#[test]
fn what_fails_while_it_is_loaded_keeps_the_application_from_starting() {
    for (api, message) in [
        (
            "export const run = 1;\nthrow new Error('at load');",
            "Error: at load\n    at <anonymous> (dist/server/api.js:2:",
        ),
        (
            "export const run = 1;\nawait Promise.reject(new TypeError('rejected'));",
            "TypeError: rejected",
        ),
        (
            "export const run = 1;\nawait new Promise(() => {});",
            "waits for something that never comes",
        ),
        (
            "export const run = 1;\nawait new Promise((done) => setTimeout(done, 1));",
            "inside a backend function",
        ),
        (
            "import { ctx } from 'kontract/runtime'; export const run = ctx.owner;",
            "only available while a backend function",
        ),
        ("export const run = ;", "SyntaxError"),
        ("import { nothing } from 'kontract'; export const run = 1;", "nothing"),
        ("export const run = 1; for (;;);", "takes too long"),
        ("import 'kontract/client'; export const run = 1;", "cannot be used in server code"),
    ] {
        let mut limits = config();
        limits.limits.cpu = std::time::Duration::from_millis(20);
        let error = Application::with(api, &[], limits).err().unwrap_or_default();
        assert!(error.contains(message), "{api}\n{error}");
    }
    let throws =
        package("throws", "{}", &[("index.js", "\n\nthrow new RangeError('in a package');")]);
    let error = refusal("import { x } from 'throws'; export const run = x;", &[throws]);
    assert!(
        error.contains("RangeError: in a package") && error.contains("throws/index.js:3:"),
        "{error}"
    );
}

#[tokio::test]
async fn nothing_is_read_from_disk_once_the_application_has_started() {
    let packages = [package("late", "{}", &[("index.js", "exports.late = true;")])];
    let api = "export const run = async () => (await import('late')).late;";
    let app = start(api, &packages).unwrap();
    std::fs::remove_dir_all(app.folder.path()).unwrap();
    assert_eq!(app.call("run", Value::Null).await.unwrap(), json!(true));
}

#[tokio::test]
async fn the_library_is_the_gateways_own() {
    let api = "
        import { env, ctx, perms } from 'kontract/runtime';
        import { HttpError, NotFoundError, HttpResp, verifyAccess } from 'kontract';
        import * as codec from '../codec/api.js';
        export const run = () => [ctx.owner, ctx.perm, ctx.session.perm, ctx.route.name, env.REGION, perms.RW_, Object.keys(codec).length];
    ";
    let kontract = package("kontract", "{}", &[("index.js", "throw new Error('not this one')")]);
    let codec = vec![("dist/codec/api.js".to_owned(), "export const a = 1;".to_owned())];
    assert_eq!(run(api, &[kontract, codec]).await, json!(["user-1", 4, 7, "run", "eu", 6, 1]));
}
