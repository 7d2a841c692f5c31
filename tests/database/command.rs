//! `kontract migrate up`

use std::{
    fs,
    process::{Command, Output},
};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::application::{Database, document};

/// A project that has been built.
struct Project {
    folder: TempDir,
    variables: Vec<(&'static str, String)>,
}

impl Project {
    fn new(tables: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("dist")).unwrap();
        let project = Self { folder, variables: Vec::new() };
        project.build(tables);
        project
    }

    fn build(&self, tables: &Value) {
        let text = document(tables).to_string();
        fs::write(self.folder.path().join("dist/manifest.json"), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_kontract"))
            .args(["migrate", "up"])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("DATABASE_URL")
            .env_remove("KONTRACT_MIGRATE_URL")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}

#[test]
fn the_command_tells_what_it_does_and_what_it_needs() {
    let tables = json!({ "users": { "name": "string" } });
    let mut project = Project::new(&tables);
    let (code, _, errors) = project.run(&[]);
    assert!(code == Some(1) && errors.contains("KONTRACT_MIGRATE_URL is not set"), "{errors}");
    let database = Database::empty();
    project.variables.push(("KONTRACT_MIGRATE_URL", database.url()));
    let (code, _, errors) = project.run(&[]);
    assert!(code == Some(1) && errors.contains("DATABASE_URL is not set"), "{errors}");
    let role = database.role();
    project.variables.push(("DATABASE_URL", database.cluster.url(&role, &database.name)));

    let lines = "  make the functions of Kontract\n  create the table users\n";
    let (code, output, _) = project.run(&["--dry-run"]);
    assert_eq!((code, output), (Some(0), format!("{lines}2 changes would be made\n")));
    let (code, output, _) = project.run(&[]);
    let made = format!("{lines}Made 2 changes; the gateway's role is {role}\n");
    assert_eq!((code, output), (Some(0), made));
    let (code, output, _) = project.run(&["--json"]);
    let summary = json!({ "summary": { "changes": 0, "dryRun": false, "role": role } });
    assert_eq!((code, serde_json::from_str(&output).ok()), (Some(0), Some(summary)));

    project.build(&json!({ "users": { "name": "string", "age": "number" } }));
    let (code, output, _) = project.run(&["--json"]);
    let objects: Vec<Value> =
        output.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(code, Some(0));
    assert_eq!(objects[0], json!({ "change": "add the field users.age" }));

    fs::remove_dir_all(project.folder.path().join("dist")).unwrap();
    let (code, _, errors) = project.run(&[]);
    assert!(
        code == Some(1) && errors.contains("K199") && errors.contains("kontract build"),
        "{errors}"
    );
}
