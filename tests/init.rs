//! `kontract init` as a shell sees it, and that what it makes is a project that compiles.

use std::{fs, path::Path, process::Command};

use serde_json::Value;
use tempfile::TempDir;

struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn kontract(folder: &Path, arguments: &[&str]) -> Run {
    let output = Command::new(env!("CARGO_BIN_EXE_kontract"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("CI")
        .env_remove("GITHUB_ACTIONS")
        .env("npm_config_user_agent", "pnpm/12.0.0 npm/? node/v22.12.0 linux x64")
        .output()
        .expect("it starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    Run { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn every_template_compiles_without_a_warning() {
    for template in ["api", "react"] {
        let home = folder();
        let begun = kontract(home.path(), &["init", "shop", "--template", template]);
        assert_eq!((begun.code, begun.stderr.as_str()), (Some(0), ""));
        assert!(begun.stdout.ends_with("\n\n  cd shop\n  pnpm install\n  pnpm run dev\n\n"));
        let built = kontract(&home.path().join("shop"), &["build"]);
        assert_eq!((built.code, built.stderr.as_str()), (Some(0), ""), "{template}");
        assert!(built.stdout.starts_with("Built 3 routes"), "{}", built.stdout);
    }
}

#[test]
fn the_current_folder_is_used_where_no_name_is_given() {
    let home = folder();
    let project = home.path().join("shop");
    fs::create_dir(&project).expect("made");
    let run = kontract(&project, &["init", "--json"]);
    let summary: Value = serde_json::from_str(&run.stdout).expect("JSON");
    assert_eq!(summary["summary"]["name"], "shop");
    assert_eq!(summary["summary"]["next"], serde_json::json!(["pnpm install", "pnpm run dev"]));
    for file in summary["summary"]["files"].as_array().expect("files") {
        assert!(project.join(file.as_str().expect("a path")).is_file());
    }
    let again = kontract(&project, &["init", "--json"]);
    assert_eq!(again.code, Some(2));
    assert!(again.stdout.contains(r#""code":"K190""#), "{}", again.stdout);
}

#[test]
fn with_quiet_nothing_is_said_of_a_success() {
    let home = folder();
    let run = kontract(home.path(), &["init", "apps/shop", "--quiet"]);
    assert_eq!((run.code, run.stdout.as_str(), run.stderr.as_str()), (Some(0), "", ""));
    assert!(home.path().join("apps/shop/package.json").is_file());
}
