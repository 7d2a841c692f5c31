//! `kontract db dump` and `seed`, and what operators get wrong.

use std::fs;

use serde_json::json;

use crate::{application::Database, project::Project};

async fn project() -> (Database, Project) {
    let tables = json!({ "users": { "name": "string" }, "notes": { "text": "string" } });
    let database = Database::empty();
    database.migrate(&tables).await.unwrap();
    let project = Project::of(&database, &tables);
    (database, project)
}

fn refused(project: &Project, arguments: &[&str]) -> String {
    let run = project.run(arguments);
    assert_eq!(run.code, Some(1), "{arguments:?}: {}", run.output);
    run.errors
}

#[tokio::test]
async fn a_dump_that_fails_leaves_the_file_that_was_there() {
    let (_database, project) = project().await;
    project.write("in.jsonl", r#"{"table":"notes","id":"a","data":{"text":"kept"}}"#);
    project.json(&["db", "seed", "in.jsonl"]);
    project.json(&["db", "dump", "-o", "rows.jsonl"]);
    let file = project.path().join("rows.jsonl");
    let rows = fs::read_to_string(&file).unwrap();
    assert!(rows.contains("kept"), "{rows}");
    let told = refused(&project, &["db", "dump", "--tenant", "typo", "-o", "rows.jsonl"]);
    assert!(told.contains("there is no tenant `typo`"), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), rows);
    let left = fs::read_dir(project.path())
        .unwrap()
        .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().contains("tmp"));
    assert_eq!(left.count(), 0);
    let told = refused(&project, &["db", "dump", "-o", "none/rows.jsonl"]);
    assert!(told.contains("none/rows.jsonl cannot be written"), "{told}");
}

#[tokio::test]
async fn a_line_that_cannot_be_stored_is_named() {
    let (_database, project) = project().await;
    for (line, needles) in [
        (r#"{"table":"notse","id":"a","data":{}}"#, ["no table notse", "there are notes, users"]),
        (
            r#"{"table":"notes","id":"a","data":{"text":"a\u0000b"}}"#,
            ["line 2: a text holds the character U+0000", "leave it out"],
        ),
        (
            r#"{"table":"notes","id":"a","data":{"text":"a","more":[{"b\u0000":1}]}}"#,
            ["line 2: a text holds the character U+0000", "leave it out"],
        ),
    ] {
        let good = r#"{"table":"notes","id":"b","data":{"text":"good"}}"#;
        project.write("bad.jsonl", &format!("{good}\n{line}\n"));
        let told = refused(&project, &["db", "seed", "bad.jsonl"]);
        assert!(needles.iter().all(|needle| told.contains(needle)), "{told}");
    }
    assert_eq!(project.run(&["db", "dump"]).output, "");
}

#[tokio::test]
async fn a_tenant_that_is_not_there_has_no_accounts_to_show() {
    let (_database, project) = project().await;
    for arguments in [
        &["user", "list", "--tenant", "typo"][..],
        &["user", "grant", "ada@example.com", "--group", "a", "--tenant", "typo"],
        &["user", "groups", "ada@example.com", "--tenant", "typo"],
        &["db", "seed", "/dev/null", "--tenant", "typo"],
    ] {
        let told = refused(&project, arguments);
        assert!(told.contains("there is no tenant `typo`"), "{arguments:?}: {told}");
    }
}

#[test]
fn every_command_of_the_database_shows_examples() {
    let project = Project::new(&json!({}));
    for command in ["start", "stop", "reset", "seed", "dump"] {
        let run = project.run(&["db", command, "--help"]);
        assert!(run.output.contains("\nExamples:\n"), "{command}: {}", run.output);
    }
}
