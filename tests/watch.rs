//! `kontract watch` as a shell and other programs see it.
#![cfg(unix)]

use std::{
    fs,
    io::Write as _,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::{Value, json};

#[path = "support/development.rs"]
mod development;
#[cfg(target_os = "linux")]
#[path = "support/namespace.rs"]
mod namespace;

use development::{Dev, PATIENCE, Project};

fn route(name: &str, word: &str) -> String {
    format!(
        "@backend()\nexport async function {name}(): Promise<string> {{\n  return '{word}';\n}}\n"
    )
}

fn watch(project: &Project, arguments: &[&str]) -> Dev {
    let watch = project.follow(&[&["watch", "--json"], arguments].concat());
    assert_eq!(watch.wait_for("built")["fixed"], false);
    watch
}

/// The first later build that wrote or removed this file.
fn built(watch: &Dev, list: &str, output: &str) -> Value {
    loop {
        let built = watch.wait_for("built");
        if built[list].as_array().expect("a list").contains(&json!(output)) {
            return built;
        }
    }
}

/// A folder of the output has exactly these.
fn holds(project: &Project, folder: &str, names: &[&str]) {
    let entries = fs::read_dir(project.path().join(folder)).expect("a folder");
    let mut found: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| name.ends_with(".js") && !name.starts_with("__") && name != "index.js")
        .collect();
    found.sort();
    assert_eq!(found, names, "{folder}");
}

#[test]
fn however_a_source_changes_it_is_noticed() {
    let kept = ("src/kept.ts", "export const kept = 1;\n");
    let project = Project::new(&[("src/api.ts", &route("greet", "one")), kept]);
    let source = |path: &str| project.path().join("src").join(path);
    let watch = watch(&project, &[]);

    project.write("src/api.ts", &route("greet", "two"));
    built(&watch, "written", "dist/server/api.js");
    // As editors save: beside it, then over it.
    project.write("src/.api.ts.tmp", &route("greet", "three"));
    fs::rename(source(".api.ts.tmp"), source("api.ts")).expect("renamed");
    let saved = built(&watch, "written", "dist/server/api.js");
    assert_eq!(saved["changed"], json!(["src/api.ts"]));
    // A body is none of a client's concern.
    assert!(!saved["written"].to_string().contains("dist/client"), "{saved}");
    let server = fs::read_to_string(project.path().join("dist/server/api.js")).expect("there");
    assert!(server.contains("three"), "{server}");

    fs::rename(source("api.ts"), source("users.ts")).expect("renamed");
    built(&watch, "removed", "dist/server/api.js");
    holds(&project, "dist/server", &["users.js"]);
    fs::rename(source("users.ts"), source("Users.ts")).expect("renamed");
    built(&watch, "written", "dist/server/Users.js");
    holds(&project, "dist/server", &["Users.js"]);

    // A folder that goes and comes again is still looked at.
    for word in ["one", "two"] {
        project.write("src/deep/er/posts.ts", &route("posts", word));
        built(&watch, "written", "dist/server/deep/er/posts.js");
        project.write("src/deep/er/more.ts", &route("more", word));
        built(&watch, "written", "dist/server/deep/er/more.js");
        fs::remove_dir_all(source("deep")).expect("removed");
        built(&watch, "removed", "dist/server/deep/er/posts.js");
        assert!(!project.path().join("dist/server/deep").exists());
    }
    fs::remove_file(source("Users.ts")).expect("removed");
    built(&watch, "removed", "dist/server/Users.js");

    watch.signal(Signal::SIGINT);
    assert_eq!(watch.end().0.code(), Some(0));
}

#[test]
fn errors_are_told_and_that_they_are_mended() {
    let project = Project::new(&[("src/api.ts", "export const broken = (;\n")]);
    let watch = project.follow(&["watch", "--json"]);
    let first = watch.wait_for("built");
    assert_eq!((&first["ok"], &first["errors"]), (&json!(false), &json!(1)));
    let found = &first["diagnostics"][0];
    assert_eq!((&found["file"], &found["line"]), (&json!("src/api.ts"), &json!(1)));
    assert!(!project.path().join("dist").exists());

    project.write("src/api.ts", &route("greet", "one"));
    let mended = built(&watch, "written", "dist/server/api.js");
    assert_eq!((&mended["ok"], &mended["fixed"]), (&json!(true), &json!(true)));
    let modules = mended["modules"].as_array().expect("a list");
    assert_eq!(modules[0]["source"], "src/api.ts");
    assert_eq!(modules[0]["role"], "server");
    assert_eq!(modules[0]["client"], "dist/client/api.js");

    // Settings are sources, too.
    project.write("kontract.toml", "[server]\nbase = 7\n");
    assert_eq!(watch.wait_for("built")["ok"], false);
    project.write("kontract.toml", "[build]\nout = \"made\"\n");
    let moved = watch.wait_for("built");
    assert_eq!((&moved["fixed"], &moved["out"]), (&json!(true), &json!("made")));
    holds(&project, "made/server", &["api.js"]);
    project.write("src/api.ts", &route("greet", "two"));
    built(&watch, "written", "made/server/api.js");
    watch.stop();
}

#[test]
fn a_file_that_is_being_written_is_no_error() {
    let project = Project::new(&[("src/api.ts", &route("greet", "zero"))]);
    let mut watch = watch(&project, &[]);
    let path = project.path().join("src/api.ts");
    // On a busy machine the second half may come too late to be waited for, but not always.
    let is_unseen = (0..50).any(|round| {
        let text = route("greet", &format!("word {round}"));
        let mut file = fs::File::create(&path).expect("writable");
        file.write_all(&text.as_bytes()[..30]).expect("written");
        // Whoever asks has it built at once.
        watch.ask(&json!({ "id": round, "request": "settle" }).to_string());
        thread::sleep(Duration::from_millis(25));
        file.write_all(&text.as_bytes()[30..]).expect("written");
        drop(file);
        let first = watch.wait_for("built");
        if first["ok"] == json!(false) {
            built(&watch, "written", "dist/server/api.js");
        }
        first["ok"] == json!(true)
    });
    assert!(is_unseen, "every first half was an error");
}

#[test]
fn a_project_may_go_and_come_again() {
    let project = Project::new(&[("shop/src/api.ts", &route("greet", "one"))]);
    let watch = watch(&project, &["shop"]);
    // At once, as nothing that is written meanwhile could keep it there.
    fs::rename(project.path().join("shop"), project.path().join("gone")).expect("moved");
    assert_eq!(watch.wait_for("built")["ok"], false);
    project.write("shop/src/api.ts", &route("greet", "two"));
    assert_eq!(built(&watch, "written", "dist/server/api.js")["fixed"], true);
    project.write("shop/src/api.ts", &route("greet", "three"));
    built(&watch, "written", "dist/server/api.js");
    watch.stop();
}

#[test]
fn thousands_of_changes_are_one_build() {
    let project = Project::new(&[("src/api.ts", &route("greet", "one"))]);
    let mut watch = watch(&project, &[]);
    for index in 0..3000 {
        let path = format!("src/many/{}/{index}.ts", index % 30);
        project.write(&path, &format!("export const value = {index};\n"));
    }
    project.write("src/api.ts", &route("greet", "two"));
    built(&watch, "written", "dist/server/api.js");
    watch.ask(r#"{"id":1,"request":"settle"}"#);
    watch.wait_for("settled");

    // As a change of branches does it.
    fs::remove_dir_all(project.path().join("src/many")).expect("removed");
    project.write("src/api.ts", &route("greet", "three"));
    built(&watch, "written", "dist/server/api.js");
    watch.ask(r#"{"id":2,"request":"settle"}"#);
    let mut builds = 0;
    let begun = Instant::now();
    loop {
        let told = watch.told();
        builds += told.iter().filter(|event| event["event"] == "built").count();
        if told.iter().any(|event| event["id"] == 2) {
            break;
        }
        assert!(begun.elapsed() < PATIENCE);
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(builds, 0, "more than one build");
    watch.stop();
}

#[test]
fn a_program_that_writes_all_the_time_hides_nothing() {
    let project = Project::new(&[("src/api.ts", &route("greet", "one"))]);
    let watch = watch(&project, &[]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let begun = Instant::now();
            while !done.load(Ordering::Relaxed) && begun.elapsed() < PATIENCE {
                project.write("src/noise.log", "noise");
                thread::sleep(Duration::from_millis(3));
            }
        });
        thread::sleep(Duration::from_millis(100));
        project.write("src/api.ts", &route("greet", "two"));
        let begun = Instant::now();
        built(&watch, "written", "dist/server/api.js");
        done.store(true, Ordering::Relaxed);
        assert!(begun.elapsed() < Duration::from_secs(8));
    });
    watch.stop();
}

#[test]
fn changes_are_found_without_the_systems_help() {
    let project = Project::new(&[("src/api.ts", &route("greet", "one"))]);
    let watch = watch(&project, &["--poll"]);
    project.write("src/deep/posts.ts", &route("posts", "one"));
    built(&watch, "written", "dist/server/deep/posts.js");
    watch.stop();
}

#[cfg(target_os = "linux")]
#[test]
fn where_a_limit_of_the_system_is_reached_it_says_so_and_changes_are_found() {
    let name = "where_a_limit_of_the_system_is_reached_it_says_so_and_changes_are_found";
    if namespace::has_run_in_namespaces(name) {
        return;
    }
    for (limit, remedy) in [
        ("max_inotify_watches", "fs.inotify.max_user_watches="),
        ("max_inotify_instances", "fs.inotify.max_user_instances="),
    ] {
        let limit = format!("/proc/sys/user/{limit}");
        let before = fs::read_to_string(&limit).expect("there");
        fs::write(&limit, "1").expect("we may");
        let [project, other] =
            [(); 2].map(|()| Project::new(&[("src/api.ts", &route("greet", "one"))]));
        let first = limit.ends_with("instances").then(|| watch(&other, &[]));
        let watch = project.follow(&["watch", "--json"]);
        let told = watch.wait_for("polling");
        assert!(told["help"].to_string().contains(remedy), "{told}");
        project.write("src/deep/posts.ts", &route("posts", "one"));
        built(&watch, "written", "dist/server/deep/posts.js");
        watch.stop();
        first.into_iter().for_each(Dev::stop);
        fs::write(&limit, before).expect("we may");
    }
}

/// What the command of `--exec` has left.
fn runs(project: &Project, count: usize) {
    let begun = Instant::now();
    let log = project.path().join("log");
    while fs::read_to_string(&log).unwrap_or_default().lines().count() != count {
        assert!(begun.elapsed() < PATIENCE, "not {count} runs");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_command_runs_with_the_newest_outputs() {
    let project = Project::new(&[("src/api.ts", "export const broken = (;\n")]);
    let command = "echo run >> log; sleep 60 & sleep 60";
    let watch = watch(&project, &["--exec", command]);
    project.write("src/api.ts", &route("greet", "one"));
    assert_eq!(watch.wait_for("command")["state"], "started");
    runs(&project, 1);
    project.write("src/api.ts", &route("greet", "two"));
    watch.wait_for("command");
    runs(&project, 2);
    // Neither errors nor a change that no output shows are a reason.
    project.write("src/api.ts", "export const broken = (;\n");
    assert_eq!(watch.wait_for("built")["ok"], false);
    project.write("src/api.ts", &route("greet", "two"));
    assert_eq!(watch.wait_for("built")["fixed"], true);
    project.write("src/unused.ts", "export const unused = 1;\n");
    project.write("src/api.ts", &route("greet", "three"));
    watch.wait_for("command");
    runs(&project, 3);
    // `sh` and its two children, and `kontract`.
    assert!(project.processes().len() <= 4, "{:?}", project.processes());
    watch.stop();
    assert_eq!(project.processes(), []);
}

#[test]
fn a_command_that_does_not_end_is_killed_and_one_that_ends_is_told() {
    let project = Project::new(&[("src/api.ts", &route("greet", "one"))]);
    let ended = watch(&project, &["--exec", "sleep 60 & exit 3"]);
    assert_eq!(ended.wait_for("command")["state"], "started");
    let told = ended.wait_for("command");
    assert_eq!((&told["state"], &told["code"]), (&json!("ended"), &json!(3)));
    // What it left behind ends with it.
    assert_eq!(project.processes().len(), 2);
    ended.stop();
    assert_eq!(project.processes(), []);

    let command = "trap '' TERM; echo run >> log; while :; do sleep 1; done";
    let stubborn = watch(&project, &["--exec", command]);
    runs(&project, 1);
    stubborn.stop();
    assert_eq!(project.processes(), []);
}

#[test]
fn programs_ask_line_by_line() {
    let annotated = "export @backend(perm = 4) async function é(@int32 id: number) {}\n";
    let blanked = "export                    async function é(       id: number) {}\n";
    let project = Project::new(&[("src/api.ts", &route("greet", "one")), ("src/é.ts", annotated)]);
    let mut watch = project.follow(&["watch", "--json"]);
    let answers: Vec<(Value, Value)> = vec![
        (
            json!({ "id": 1, "request": "lift", "file": "src/é.ts" }),
            json!({ "id": 1, "event": "lifted", "text": blanked }),
        ),
        (
            json!({ "id": "b", "request": "lift", "file": "src/../src/page.tsx", "text": "<p/>" }),
            json!({ "id": "b", "event": "lifted", "text": "<p/>" }),
        ),
    ];
    for (request, answer) in &answers {
        watch.ask(&request.to_string());
        assert_eq!(&watch.wait_for("lifted"), answer);
    }
    watch.ask(r#"{"id":3,"request":"lift","file":"src/api.ts","text":"let x = 1;\nlet = (;"}"#);
    let lifted = watch.wait_for("lifted");
    let first = &lifted["diagnostics"][0];
    assert_eq!((&first["file"], &first["line"]), (&json!("src/api.ts"), &json!(2)), "{lifted}");
    for (line, needle) in [
        ("no JSON", "no JSON object"),
        ("[1]", "no JSON object"),
        (r#"{"request":"settle"}"#, "`id`"),
        (r#"{"id":{},"request":"settle"}"#, "`id`"),
        (r#"{"id":4,"request":"other"}"#, "unknown variant `other`"),
        (r#"{"id":4,"request":"lift"}"#, "missing field `file`"),
        (r#"{"id":4,"request":"lift","file":"src/none.ts"}"#, "src/none.ts cannot be read"),
    ] {
        watch.ask(line);
        let refused = watch.wait_for("refused");
        assert!(refused["message"].to_string().contains(needle), "{line}: {refused}");
        assert_eq!(refused["id"], if line.contains("\"id\":4") { json!(4) } else { Value::Null });
    }
    // An answer is of what was on the disk when it was asked; what was asked is answered.
    project.write("src/api.ts", &route("greet", "two"));
    watch.ask(r#"{"id":5,"request":"settle"}"#);
    watch.close_input();
    assert_eq!(watch.wait_for("settled")["ok"], true);
    assert_eq!(watch.end().0.code(), Some(0));
}

#[test]
fn what_is_asked_of_one_that_ends_is_answered() {
    let project = Project::new(&[("src/api.ts", &route("greet", "one"))]);
    let mut watch = project.follow(&["watch", "--json", "--optimize"]);
    watch.ask(r#"{"id":1,"request":"settle"}"#);
    watch.close_input();
    assert_eq!(watch.wait_for("built")["ok"], true);
    assert_eq!(watch.wait_for("settled"), json!({ "id": 1, "event": "settled", "ok": true }));
    assert_eq!(watch.end().0.code(), Some(0));
    let missing = project.follow(&["watch", "nowhere"]);
    assert_eq!(missing.end().0.code(), Some(2));
}

#[test]
fn people_read_a_line_for_each_build() {
    let project = Project::new(&[("src/api.ts", &route("greet", "one"))]);
    let watch = project.follow(&["watch"]);
    let line = |needle: &str| {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while begun.elapsed() < PATIENCE {
            seen.extend(watch.told());
            if seen.iter().any(|line| line.as_str().is_some_and(|line| line.contains(needle))) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        panic!("no {needle:?}, but {seen:#?}");
    };
    line("Built 1 route in 1 module: ");
    project.write("src/api.ts", "export const broken = (;\n");
    line("src/api.ts: 1 error, nothing written (");
    project.write("src/api.ts", &route("greet", "two"));
    line("src/api.ts: fixed, ");
    watch.signal(Signal::SIGTERM);
    let (status, errors) = watch.end();
    assert_eq!(status.code(), Some(0));
    assert!(errors.contains("src/api.ts:1:"), "{errors}");
}
