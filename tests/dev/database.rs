//! `kontract db`, and commands that find the database of development by themselves.

use std::{fs, os::unix::net::UnixStream};

use serde_json::{Value, json};

use crate::{
    call,
    development::{Project, post},
    with_notes,
};

/// What a command prints to standard output; it must succeed.
fn run(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("text")
}

/// What a command that fails prints to standard error.
fn refused(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn read(url: &str, id: &str) -> Value {
    call(url, "read", &json!([id]).to_string()).expect("an answer").1["result"].clone()
}

#[test]
fn rows_outlive_their_database_in_a_dump() {
    let project = with_notes();
    assert!(refused(&project, &["db", "dump"]).contains("K240"));
    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    for (id, text) in [("b", "second"), ("a", "it's \"first\"\n")] {
        call(&url, "write", &json!([id, text]).to_string()).expect("an answer");
    }
    let account = r#"{ "email": "ada@example.com", "password": "a long password" }"#;
    post(&url, "/auth/register", account).expect("an answer");
    assert!(run(&project, &["user", "list"]).starts_with("ada@example.com  RWX"));
    // What runs is `kontract dev`'s.
    assert!(refused(&project, &["db", "stop"]).contains("K182"));
    assert!(refused(&project, &["db", "reset", "--yes"]).contains("K182"));
    dev.stop();

    // It is started for the command alone.
    let dumped = run(&project, &["db", "dump"]);
    let lines: Vec<Value> =
        dumped.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let row = |id, text| json!({ "table": "notes", "id": id, "owner": "anonymous", "data": { "text": text } });
    assert_eq!(lines, [row("b", "second"), row("a", "it's \"first\"\n")]);
    assert_eq!(run(&project, &["db", "dump", "-o", "seed.jsonl"]), "Wrote 2 rows of 1 table\n");
    assert_eq!(project.processes(), []);

    assert!(refused(&project, &["db", "reset"]).contains("--yes"));
    assert!(project.data().exists());
    run(&project, &["db", "reset", "--yes"]);
    assert!(!project.data().exists());

    let dev = project.start(&["--port", "0"]);
    let url = dev.url();
    assert_eq!(read(&url, "a"), "");
    let counts = json!({ "summary": { "rows": 2, "tables": { "notes": 2 } } });
    let made = run(&project, &["db", "seed", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(&made).ok(), Some(counts));
    assert_eq!(read(&url, "a"), "it's \"first\"\n");
    assert_eq!(run(&project, &["db", "dump"]), dumped);
    for (line, needle) in [
        ("{}", "line 2 is no row"),
        (r#"{"table":"none","id":"a","data":{}}"#, "line 2: there is no table none"),
        (r#"{"table":"notes","id":"a","data":{"id":"b","text":""}}"#, "is not the row's id"),
        (r#"{"table":"notes","id":"a","data":{"text":1}}"#, "notes.text: expected string"),
    ] {
        let good = r#"{"table":"notes","id":"c","data":{"text":"not kept"}}"#;
        project.write("bad.jsonl", &format!("{good}\n{line}\n"));
        let told = refused(&project, &["db", "seed", "bad.jsonl"]);
        assert!(told.contains("K254") && told.contains(needle), "{line}: {told}");
    }
    assert_eq!(read(&url, "c"), "");
    dev.stop();
}

#[test]
fn a_database_that_was_started_runs_until_it_is_stopped() {
    let project = with_notes();
    let started: Value =
        serde_json::from_str(&run(&project, &["db", "start", "--json"])).expect("JSON");
    assert_eq!(started["summary"]["started"], true);
    UnixStream::connect(project.data().join(".s.PGSQL.5432")).expect("it listens");
    assert!(run(&project, &["db", "start"]).starts_with("PostgreSQL runs already"));
    assert_eq!(run(&project, &["db", "stop"]), "PostgreSQL stopped\n");
    assert_eq!(project.processes(), []);
    assert!(fs::exists(project.data().join("PG_VERSION")).expect("there"));
    assert_eq!(run(&project, &["db", "stop"]), "PostgreSQL does not run\n");
    assert!(refused(&project, &["db", "seed"]).contains("seed.jsonl"));
}
