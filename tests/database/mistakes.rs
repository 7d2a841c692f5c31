//! What people get wrong with migrations, and what they are told.

use std::fs;

use serde_json::json;

use crate::{
    application::Database,
    journey::Journey,
    project::{Project, Run},
};

const HEAD: &str = "import type { Migration, MigrationDB } from 'kontract/migration';\n\n";

/// A project whose database has three rows of users, and no migration files.
async fn project() -> (Database, Project) {
    let tables = json!({ "users": { "name": "string" } });
    let database = Database::empty();
    let project = Project::of(&database, &tables);
    done(&project, &["up"]);
    let fill = "DO $$ BEGIN EXECUTE format('INSERT INTO kdata.%I (id, data, _owner)
        SELECT i::text, jsonb_build_object(''name'', ''n''), ''a'' FROM generate_series(1, 3) AS i',
        (SELECT ptr FROM kontract.storage)); END $$";
    database.owner().await.batch_execute(fill).await.unwrap();
    fs::create_dir(project.path().join("migrations")).unwrap();
    (database, project)
}

fn run(project: &Project, arguments: &[&str]) -> Run {
    project.run(&[&["migrate"], arguments].concat())
}

fn done(project: &Project, arguments: &[&str]) -> String {
    let Run { code, output, errors } = run(project, arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {output}{errors}");
    output
}

#[track_caller]
fn refused(project: &Project, arguments: &[&str], needles: &[&str]) {
    let Run { code, output, errors } = run(project, arguments);
    assert_eq!(code, Some(1), "{arguments:?}: {output}{errors}");
    // Lines may be broken anywhere.
    let words =
        |text: &str| text.replace('│', " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let told = words(&errors);
    for needle in needles {
        assert!(told.contains(&words(needle)), "{needle}: {errors}");
    }
}

fn lock(project: &Project) -> String {
    fs::read_to_string(project.path().join("kontract.lock.json")).unwrap()
}

#[tokio::test]
async fn what_fails_in_a_file_is_told_with_its_place_there() {
    let (_database, project) = project().await;
    let path = "migrations/0002_shout.ts";
    for (body, place, message) in [
        ("const r: any = 1; r.a.b();", "[migrations/0002_shout.ts:10:", "failed: TypeError"),
        (
            "await db.transform('nobody', (r) => r);",
            "0002_shout.ts:10:14",
            "there is no table `nobody`",
        ),
        ("await db.exec('SELEC 1');", "0002_shout.ts:10:14", "syntax error at or near"),
        ("await help(db);", "0002_shout.ts:5:", "failed: Error: help!"),
    ] {
        let text = format!(
            "{HEAD}type Unseen = {{ a: number }};\n\
             async function help(_: MigrationDB): Promise<void> {{\n  throw new Error('help!'); }}\n\
             // Comments and types are gone when it runs.\nexport default {{\n  version: 2,\n  \
             up: async (db: MigrationDB) => {{\n    {body}\n  }},\n  down: async () => {{}},\n}} satisfies Migration;\n"
        );
        project.write(path, &text);
        refused(&project, &["up"], &[place, message, "nothing was changed"]);
        let told = run(&project, &["up"]).errors;
        assert!(!told.contains("kontract:"), "{told}");
    }
}

#[tokio::test]
async fn names_and_versions_that_differ_are_refused() {
    let (_database, project) = project().await;
    let text = |version: u32| {
        format!(
            "{HEAD}export default {{ version: {version}, up: async () => {{}}, down: async () => {{}} }} satisfies Migration;\n"
        )
    };
    project.write("migrations/0002_a.ts", &text(7));
    let needles = ["K206", "this is version 2", "0002_a.ts:3:27", "write `version: 2`"];
    refused(&project, &["up"], &needles);
    project.write("migrations/0002_a.ts", &text(2));
    for name in ["3_b.ts", "0003-b.ts", "0003_b.js", "0003.mts"] {
        project.write(&format!("migrations/{name}"), &text(3));
        for command in ["up", "status", "plan"] {
            refused(&project, &[command], &["K205", name, "it would never run"]);
        }
        fs::remove_file(project.path().join("migrations").join(name)).unwrap();
    }
    project.write("migrations/notes.md", "Other files may lie there.");
    project.write("migrations/types.ts", "export {};");
    done(&project, &["up"]);
}

#[tokio::test]
async fn a_migration_that_rows_stand_in_the_way_of_is_not_taken_back() {
    let (_database, project) = project().await;
    refused(
        &project,
        &["down"],
        &[
            "K211",
            "`0001_create_users` cannot be taken back: to remove the table users would cost 3 rows",
        ],
    );
    for arguments in [&["down", "--steps", "0"][..], &["create", ""], &["create", "…"]] {
        let Run { code, errors, .. } = run(&project, arguments);
        assert!(code == Some(2) && errors.contains("invalid value"), "{arguments:?}: {errors}");
    }
}

#[tokio::test]
async fn a_new_field_of_another_type_is_not_called_missing() {
    let (_database, project) = project().await;
    project.build(&json!({ "users": { "name": "string", "age": "number" } }));
    refused(&project, &["up"], &["cannot add the field users.age: it is missing in 3 rows"]);
    let text = format!(
        "{HEAD}export default {{ version: 2, up: (db) => db.transform('users', (r) => ({{ ...r, age: 'x' }})), \
         down: async () => {{}} }} satisfies Migration;\n"
    );
    project.write("migrations/0002_age.ts", &text);
    let needle = "cannot add the field users.age: something else stands there in 3 rows";
    refused(&project, &["up"], &[needle]);
}

#[tokio::test]
async fn a_dry_run_writes_no_file() {
    let (_database, project) = project().await;
    let files = |project: &Project| {
        let mut found: Vec<_> = fs::read_dir(project.path().join("migrations"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        found.sort();
        (found, lock(project))
    };
    let before = files(&project);
    let printed = done(&project, &["create", "shout", "--dry-run"]);
    assert!(printed.starts_with("// migrations/0002_shout.ts\n"), "{printed}");
    assert!(printed.ends_with("Would be created: migrations/0002_shout.ts\n"), "{printed}");
    assert_eq!(files(&project), before);

    done(&project, &["create", "shout"]);
    done(&project, &["up"]);
    let before = files(&project);
    let told = done(&project, &["squash", "--dry-run"]);
    assert_eq!(told, "  remove migrations/0002_shout.ts\n2 migrations would become 0003_squash\n");
    assert_eq!(files(&project), before);

    // Two heads, as of two branches.
    let base = lock(&project);
    let mut text: serde_json::Value = serde_json::from_str(&base).unwrap();
    let mut other = text["migrations"][1].clone();
    other["name"] = json!("0002_theirs");
    other.as_object_mut().unwrap().remove("file");
    text["migrations"].as_array_mut().unwrap().push(other);
    project.write("kontract.lock.json", &text.to_string());
    let before = files(&project);
    assert_eq!(done(&project, &["merge", "--dry-run"]), "Would be joined by 0003_merge\n");
    assert_eq!(files(&project), before);
}

#[tokio::test]
async fn what_was_put_together_never_runs_again() {
    let (_database, project) = project().await;
    done(&project, &["create", "shout"]);
    done(&project, &["up"]);
    let file = project.path().join("migrations/0002_shout.ts");
    let text = fs::read(&file).unwrap();
    let chain = lock(&project);

    // Somebody has removed the file before.
    fs::remove_file(&file).unwrap();
    done(&project, &["squash"]);
    let squashed = lock(&project);
    assert_ne!(squashed, chain);

    // It comes back with another branch, say.
    fs::write(&file, text).unwrap();
    for arguments in [&["up"][..], &["plan"], &["status"], &["create", "more"]] {
        let needles =
            ["K209", "migrations/0002_shout.ts", "part of `0003_squash`", "remove the file"];
        refused(&project, arguments, &needles);
    }
    assert_eq!(lock(&project), squashed);
    fs::remove_file(&file).unwrap();
    done(&project, &["up"]);
    refused(
        &project,
        &["down"],
        &["K211", "`0003_squash` cannot be taken back: it stands for 2 migrations"],
    );

    // A database that never had them is made by it alone, and that can be taken back.
    let tables = json!({ "users": { "name": "string" } });
    let mut fresh = Journey::begin();
    let text: serde_json::Value = serde_json::from_str(&squashed).unwrap();
    fresh.links = serde_json::from_value(text["migrations"].clone()).unwrap();
    fresh.up(&tables).await.unwrap();
    assert_eq!(
        fresh.down(&json!({})).await.unwrap(),
        ["run 0003_squash", "remove the table users"]
    );
}

#[tokio::test]
async fn without_a_database_what_the_lock_has_counts_as_done() {
    let (_database, mut project) = project().await;
    done(&project, &["create", "shout"]);
    done(&project, &["up"]);
    project.variables.clear();
    let told = done(&project, &["plan"]);
    assert_eq!(told, "kontract.lock.json is as the build needs it\n");
    let told = done(&project, &["status"]);
    assert!(told.starts_with("  recorded                      0001_create_users\n"), "{told}");
    done(&project, &["create", "more"]);
    let told = done(&project, &["plan"]);
    assert!(
        told.starts_with("  run the migration 0003_more\n1 migration would be made, going by"),
        "{told}"
    );
}
