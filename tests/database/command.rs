//! `kontract migrate`

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    application::Database,
    project::{Project, Run},
};

fn migrate(project: &Project, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Run { code, output, errors } = project.run(&[&["migrate"], arguments].concat());
    (code, output, errors)
}

#[test]
fn the_command_tells_what_it_does_and_what_it_needs() {
    let tables = json!({ "users": { "name": "string" } });
    let mut project = Project::new(&tables);
    let (code, _, errors) = migrate(&project, &["up"]);
    assert!(code == Some(1) && errors.contains("set KONTRACT_MIGRATE_URL"), "{errors}");
    let (code, output, errors) = migrate(&project, &["plan"]);
    let going_by =
        "1 change would be made, going by kontract.lock.json: KONTRACT_MIGRATE_URL is not set";
    assert!(code == Some(0) && output.contains(going_by), "{output}{errors}");
    let database = Database::empty();
    project.variables.push(("KONTRACT_MIGRATE_URL", database.url()));
    let (code, _, errors) = migrate(&project, &["up"]);
    assert!(code == Some(1) && errors.contains("DATABASE_URL is not set"), "{errors}");
    let role = database.role();
    project.variables.push(("DATABASE_URL", database.cluster.url(&role, &database.name)));

    let lines = "  make the functions of Kontract\n  create the table users\n";
    let (code, output, _) = migrate(&project, &["up", "--dry-run"]);
    assert_eq!((code, output), (Some(0), format!("{lines}2 changes would be made\n")));
    let (code, output, _) = migrate(&project, &["up"]);
    let made = format!(
        "{lines}Updated kontract.lock.json\nMade 2 changes; the gateway's role is {role}\n"
    );
    assert_eq!((code, output), (Some(0), made));
    let (code, output, _) = migrate(&project, &["up", "--json"]);
    let summary = json!({ "summary": { "changes": 0, "dryRun": false, "role": role } });
    assert_eq!((code, serde_json::from_str(&output).ok()), (Some(0), Some(summary)));

    project.build(&json!({ "users": { "name": "string", "age": "number" } }));
    let (code, output, _) = migrate(&project, &["up", "--json"]);
    let objects: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(code, Some(0));
    assert_eq!(objects[0], json!({ "change": "add the field users.age" }));

    fs::remove_dir_all(project.path().join("dist")).unwrap();
    let (code, _, errors) = migrate(&project, &["up"]);
    assert!(
        code == Some(1) && errors.contains("K199") && errors.contains("kontract build"),
        "{errors}"
    );
}

#[test]
fn a_plan_changes_nothing_and_names_the_tier_of_each_change() {
    let database = Database::empty();
    let mut project = Project::new(&json!({ "users": { "name": "string" } }));
    project.variables.push(("KONTRACT_MIGRATE_URL", database.url()));
    let role = database.role();
    project.variables.push(("DATABASE_URL", database.cluster.url(&role, &database.name)));
    let plan = [
        "  make the functions of Kontract (safe)",
        "  create the table users (safe)",
        "2 changes would be made\n",
    ];
    for _ in 0..2 {
        let (code, output, errors) = migrate(&project, &["plan"]);
        assert_eq!((code, output), (Some(0), plan.join("\n")), "{errors}");
    }
    assert_eq!(migrate(&project, &["status"]).0, Some(1));
    assert_eq!(migrate(&project, &["up"]).0, Some(0));
    let (code, output, _) = migrate(&project, &["status"]);
    let lines: Vec<&str> = output.lines().collect();
    assert!(code == Some(0) && lines[0].ends_with("  0001_create_users"), "{output}");
    assert_eq!(lines[1], "The database is as the build needs it");

    project.build(&json!({ "users": { "name": "number", "age": "number" } }));
    let (_, output, _) = migrate(&project, &["plan", "--json"]);
    let lines: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tiers: Vec<&Value> = lines.iter().filter_map(|line| line.get("tier")).collect();
    assert_eq!(tiers, ["data-dependent", "destructive"]);
    assert!(lines[0]["sql"].as_str().unwrap().contains("ADD CONSTRAINT"), "{output}");
}

#[test]
fn a_migration_file_is_asked_for_made_run_and_taken_back() {
    let database = Database::empty();
    let project = Project::of(&database, &json!({ "users": { "old_email": "string" } }));
    assert_eq!(migrate(&project, &["up"]).0, Some(0));
    let insert =
        "INSERT INTO kdata.%I (id, data, _owner) VALUES (''1'', ''{\"old_email\": \"e\"}'', ''a'')";
    let sql = format!(
        "DO $$ BEGIN EXECUTE format('{insert}', (SELECT ptr FROM kontract.storage)); END $$"
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async { database.owner().await.batch_execute(&sql).await.unwrap() });

    project.build(&json!({ "users": {} }));
    let (code, _, errors) = migrate(&project, &["up"]);
    let wanted = "\u{274c} Cannot auto-migrate: field 'old_email' was removed\n\n\
        Please create a manual migration:\n\n  migrations/0002_remove_old_email.ts\n\n\
        `users.old_email` holds a value in 1 row. `kontract migrate create remove_old_email` begins \
        that file; or write `/** @renamedFrom old_email */` above the field that it is now.\n\n\
        Guide: https://kontract.dev/docs/migrations\n\n";
    assert_eq!((code, errors.as_str()), (Some(1), wanted));

    project.build(&json!({ "users": { "email": "string" } }));
    let (code, output, _) = migrate(&project, &["create", "rename_email_field"]);
    let path = "migrations/0002_rename_email_field.ts";
    assert_eq!((code, output), (Some(0), format!("Created: {path}\n")));
    project.write(
        path,
        "import { Migration } from 'kontract/migration';
         export default {
           version: 2,
           up: async (db: MigrationDB) => { await db.renameField('users', 'old_email', 'email'); },
           down: async (db: MigrationDB) => { await db.renameField('users', 'email', 'old_email'); },
         } satisfies Migration;",
    );
    let (code, _, errors) = migrate(&project, &["up", "--locked"]);
    assert!(code == Some(1) && errors.contains("K204"), "{errors}");
    let (_, output, _) = migrate(&project, &["status"]);
    assert!(output.contains("new                           0002_rename_email_field"), "{output}");
    let (code, output, errors) = migrate(&project, &["up"]);
    let first = "Running migration 0002_rename_email_field... \u{2713}\n";
    assert!(code == Some(0) && output.starts_with(first), "{output}{errors}");
    assert_eq!(migrate(&project, &["up", "--locked"]).0, Some(0));
    let (code, output, errors) = migrate(&project, &["down"]);
    let first = "Rolling back migration 0002_rename_email_field... \u{2713}\n";
    assert!(code == Some(0) && output.starts_with(first), "{output}{errors}");
    assert_eq!(migrate(&project, &["up", "--locked"]).0, Some(0));
    project.write(path, "export default {};");
    let (code, _, errors) = migrate(&project, &["up"]);
    assert!(code == Some(1) && errors.contains("K201") && errors.contains(path), "{errors}");
}

#[test]
fn what_git_could_not_merge_in_the_lock_is_kept_of_both_sides() {
    let table = |fields: Value| json!({ "users": fields });
    let (one, other) = (Database::empty(), Database::empty());
    let project = Project::of(&one, &table(json!({ "name": "string" })));
    let branch = Project::of(&other, &table(json!({ "name": "string" })));
    let lock = |project: &Project| fs::read_to_string(project.path().join("kontract.lock.json"));
    assert_eq!(migrate(&project, &["up"]).0, Some(0));
    let base = lock(&project).unwrap();
    branch.write("kontract.lock.json", &base);
    branch.write("base.json", &base);

    project.build(&table(json!({ "name": "string", "mine": "string?" })));
    assert_eq!(migrate(&project, &["up"]).0, Some(0));
    branch.build(&table(json!({ "name": "string", "theirs": "string?" })));
    assert_eq!(migrate(&branch, &["up"]).0, Some(0));
    branch.write("mine.json", &lock(&project).unwrap());
    let merged = Command::new("git")
        .args(["merge-file", "-p", "mine.json", "base.json", "kontract.lock.json"])
        .current_dir(branch.path())
        .output()
        .unwrap();
    let merged = String::from_utf8(merged.stdout).unwrap();
    assert!(merged.contains("<<<<<<<"), "{merged}");

    let both = table(json!({ "name": "string", "mine": "string?", "theirs": "string?" }));
    for project in [&project, &branch] {
        project.write("kontract.lock.json", &merged);
        project.build(&both);
        for command in ["status", "up"] {
            let (code, _, errors) = migrate(project, &[command]);
            let says = errors.contains("K131") && errors.contains("kontract migrate merge");
            assert!(code == Some(1) && says, "{errors}");
        }
        let (code, output, errors) = migrate(project, &["merge"]);
        let kept = "Kept both sides of kontract.lock.json\nJoined by 0003_merge\n";
        assert_eq!((code, output.as_str()), (Some(0), kept), "{errors}");
        assert_eq!(migrate(project, &["up", "--locked"]).0, Some(0));
        let (code, output, _) = migrate(project, &["status"]);
        assert!(code == Some(0) && output.contains("0002_add_users_theirs"), "{output}");
    }
    let (code, _, errors) = migrate(&project, &["merge"]);
    assert!(code == Some(1) && errors.contains("K202"), "{errors}");
}
