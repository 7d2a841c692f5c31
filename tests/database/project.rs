//! A project that has been built, and the command in it.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::application::{Database, document};

pub struct Project {
    folder: TempDir,
    pub variables: Vec<(&'static str, String)>,
}

/// How a command ended, and what it printed.
pub struct Run {
    pub code: Option<i32>,
    pub output: String,
    pub errors: String,
}

impl Project {
    pub fn new(tables: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("dist")).unwrap();
        let project = Self { folder, variables: Vec::new() };
        project.build(tables);
        project
    }

    /// One whose database is this.
    pub fn of(database: &Database, tables: &Value) -> Self {
        let mut project = Self::new(tables);
        project.variables.push(("KONTRACT_MIGRATE_URL", database.url()));
        let gateway = database.cluster.url(&database.role(), &database.name);
        project.variables.push(("DATABASE_URL", gateway));
        project
    }

    pub fn build(&self, tables: &Value) {
        self.write("dist/manifest.json", &document(tables).to_string());
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, path: &str, text: &str) {
        fs::write(self.folder.path().join(path), text).unwrap();
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_kontract"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env_remove("CI")
            .env_remove("DATABASE_URL")
            .env_remove("KONTRACT_MIGRATE_URL")
            .env_remove("KONTRACT_SECRET")
            .env_remove("GITHUB_ACTIONS")
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .output()
            .unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Run { code: status.code(), output: text(stdout), errors: text(stderr) }
    }

    /// What a command that succeeds prints with `--json`.
    pub fn json(&self, arguments: &[&str]) -> Vec<Value> {
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!(run.code, Some(0), "{arguments:?}: {}{}", run.output, run.errors);
        run.objects()
    }
}

impl Run {
    pub fn objects(&self) -> Vec<Value> {
        self.output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
