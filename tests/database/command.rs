//! `kontract migrate up`

use std::fs;

use serde_json::{Value, json};

use crate::{
    application::Database,
    project::{Project, Run},
};

fn up(project: &Project, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Run { code, output, errors } = project.run(&[&["migrate", "up"], arguments].concat());
    (code, output, errors)
}

#[test]
fn the_command_tells_what_it_does_and_what_it_needs() {
    let tables = json!({ "users": { "name": "string" } });
    let mut project = Project::new(&tables);
    let (code, _, errors) = up(&project, &[]);
    assert!(code == Some(1) && errors.contains("KONTRACT_MIGRATE_URL is not set"), "{errors}");
    let database = Database::empty();
    project.variables.push(("KONTRACT_MIGRATE_URL", database.url()));
    let (code, _, errors) = up(&project, &[]);
    assert!(code == Some(1) && errors.contains("DATABASE_URL is not set"), "{errors}");
    let role = database.role();
    project.variables.push(("DATABASE_URL", database.cluster.url(&role, &database.name)));

    let lines = "  make the functions of Kontract\n  create the table users\n";
    let (code, output, _) = up(&project, &["--dry-run"]);
    assert_eq!((code, output), (Some(0), format!("{lines}2 changes would be made\n")));
    let (code, output, _) = up(&project, &[]);
    let made = format!("{lines}Made 2 changes; the gateway's role is {role}\n");
    assert_eq!((code, output), (Some(0), made));
    let (code, output, _) = up(&project, &["--json"]);
    let summary = json!({ "summary": { "changes": 0, "dryRun": false, "role": role } });
    assert_eq!((code, serde_json::from_str(&output).ok()), (Some(0), Some(summary)));

    project.build(&json!({ "users": { "name": "string", "age": "number" } }));
    let (code, output, _) = up(&project, &["--json"]);
    let objects: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(code, Some(0));
    assert_eq!(objects[0], json!({ "change": "add the field users.age" }));

    fs::remove_dir_all(project.path().join("dist")).unwrap();
    let (code, _, errors) = up(&project, &[]);
    assert!(
        code == Some(1) && errors.contains("K199") && errors.contains("kontract build"),
        "{errors}"
    );
}
