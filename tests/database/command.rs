//! `kontract migrate`

use std::fs;

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
    assert!(code == Some(1) && errors.contains("KONTRACT_MIGRATE_URL is not set"), "{errors}");
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
    let made = format!("{lines}Made 2 changes; the gateway's role is {role}\n");
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
    assert_eq!((code, output.as_str()), (Some(0), "The database is as the build needs it\n"));

    project.build(&json!({ "users": { "name": "number", "age": "number" } }));
    let (_, output, _) = migrate(&project, &["plan", "--json"]);
    let lines: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let tiers: Vec<&Value> = lines.iter().filter_map(|line| line.get("tier")).collect();
    assert_eq!(tiers, ["data-dependent", "destructive"]);
    assert!(lines[0]["sql"].as_str().unwrap().contains("ADD CONSTRAINT"), "{output}");
}
