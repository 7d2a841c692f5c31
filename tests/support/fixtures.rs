//! The fixtures on disk.

#![allow(dead_code, reason = "each test uses its own part")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use kontract::files::Memory;

/// Where a fixture lies while it is built.
pub const PROJECT: &str = "/app";

pub struct Fixture {
    pub stage: String,
    pub name: String,
    /// Paths in the project, sorted.
    pub sources: Vec<(String, Vec<u8>)>,
}

impl Fixture {
    pub fn files(&self) -> Memory {
        // Nothing above the project is looked at.
        let files = Memory::unix([(format!("{PROJECT}/.git/HEAD"), "")]);
        for (path, bytes) in &self.sources {
            files.add(&format!("{PROJECT}/{path}"), bytes);
        }
        files
    }

    /// A fixture asks for its source maps by a comment.
    pub fn wants_mappings(&self) -> bool {
        let asks = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains("// snapshot: mappings");
        self.sources.iter().any(|(_, bytes)| asks(bytes))
    }
}

pub fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// `fixtures/apps` holds whole applications, `fixtures/codec` shapes, `fixtures/wire` the vectors of
/// the protocol: they have tests of their own.
pub fn stages() -> Vec<String> {
    let apart = |stage: &String| matches!(stage.as_str(), "apps" | "codec" | "wire");
    names(&folder("fixtures")).into_iter().filter(|stage| !apart(stage)).collect()
}

pub fn fixtures() -> Vec<Fixture> {
    let mut fixtures = Vec::new();
    for stage in stages() {
        let folder = folder("fixtures").join(&stage);
        for entry in names(&folder) {
            let path = folder.join(&entry);
            let name = entry.split('.').next().unwrap_or(&entry).to_owned();
            let mut sources = Vec::new();
            if path.is_dir() {
                read_all(&path, "", &mut sources);
            } else {
                sources.push((format!("src/{entry}"), fs::read(&path).expect("readable")));
            }
            fixtures.push(Fixture { stage: stage.clone(), name, sources });
        }
    }
    fixtures
}

fn read_all(folder: &Path, prefix: &str, sources: &mut Vec<(String, Vec<u8>)>) {
    for name in names(folder) {
        let path = folder.join(&name);
        if path.is_dir() {
            read_all(&path, &format!("{prefix}{name}/"), sources);
        } else {
            sources.push((format!("{prefix}{name}"), fs::read(&path).expect("readable")));
        }
    }
}

/// The entries of a folder, sorted; none where it does not exist.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("readable").file_name().into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}
