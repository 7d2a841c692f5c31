use std::io;

use super::*;
use crate::{
    diagnostic::testing::{shown, snapshots},
    files::Memory,
};

fn begin(files: &Memory, folder: &str) -> Result<String, String> {
    create(files, Path::new(folder), Template::React, Manager::Npm)
        .map(|(name, _)| name)
        .map_err(|diagnostic| shown(files, "/", vec![diagnostic]))
}

fn nothing() -> Memory {
    Memory::unix([("/home/notes.txt", "")])
}

#[test]
fn every_placeholder_is_filled_in_and_package_json_names_the_project() {
    for template in [Template::Api, Template::React] {
        let files: Vec<_> = templates::render(template, "shop", Manager::Pnpm).collect();
        for (path, text) in &files {
            assert!(!text.contains("{{"), "{path}");
        }
        let text = |name: &str| files.iter().find(|(path, _)| *path == name).map(|(_, text)| text);
        let package: serde_json::Value =
            serde_json::from_str(text("package.json").expect("a package")).expect("JSON");
        assert_eq!(package["name"], "shop");
        assert_eq!(package["dependencies"]["kontract"], concat!("^", env!("CARGO_PKG_VERSION")));
        assert!(text("README.md").expect("a page").contains("pnpm run dev"));
    }
}

#[test]
fn the_folder_gives_the_name() {
    for name in ["shop", "my-shop", "a1", "7wonders", "shop.example", "a_b"] {
        assert_eq!(begin(&nothing(), &format!("/home/{name}")), Ok(name.to_owned()));
    }
}

#[test]
fn an_empty_repository_is_an_empty_folder() {
    let files = Memory::unix([("/home/shop/.git/HEAD", "")]);
    assert_eq!(begin(&files, "/home/shop"), Ok("shop".to_owned()));
}

#[test]
fn nothing_is_overwritten() {
    let files = Memory::unix([("/home/shop/README.md", "mine"), ("/home/file", "")]);
    let before = files.texts();
    let messages =
        ["/home/shop", "/home/file"].map(|folder| begin(&files, folder).expect_err("refused"));
    assert_eq!(files.texts(), before);
    snapshots("init").bind(|| insta::assert_snapshot!("in_the_way", messages.join("\n")));
}

#[test]
fn wrong_names_are_refused_with_a_better_one() {
    let files = nothing();
    let names = ["Shop", "my shop", "日本", ".hidden", "-x", "a'; rm -rf", "node_modules", "react"];
    let messages = names.map(|name| begin(&files, &format!("/home/{name}")).expect_err("refused"));
    assert!(begin(&files, &format!("/home/{}", "x".repeat(215))).is_err());
    assert_eq!(files.texts(), nothing().texts());
    snapshots("init").bind(|| insta::assert_snapshot!("names", messages.join("\n")));
}

#[test]
fn what_cannot_be_read_or_written_is_said() {
    let unreadable = nothing();
    unreadable.fail("/home/shop", io::ErrorKind::PermissionDenied);
    let full = nothing();
    full.fail("/home/shop/kontract.toml", io::ErrorKind::StorageFull);
    let messages =
        [unreadable, full].map(|files| begin(&files, "/home/shop").expect_err("refused"));
    snapshots("init").bind(|| insta::assert_snapshot!("file_system_errors", messages.join("\n")));
}

#[test]
fn the_manager_is_the_one_that_started_the_command() {
    for (agent, expected) in [
        ("npm/11.0.0 node/v22.12.0 linux x64 workspaces/false", Manager::Npm),
        ("pnpm/12.0.0 npm/? node/v22.12.0 linux x64", Manager::Pnpm),
        ("yarn/4.9.0 npm/? node/v22.12.0 linux x64", Manager::Yarn),
        ("bun/1.3.0 npm/? node/v24.3.0 linux x64", Manager::Bun),
        ("", Manager::Npm),
    ] {
        assert_eq!(Manager::of_agent(agent), expected);
    }
}
