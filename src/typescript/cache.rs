//! Answers of earlier builds: `node_modules/.kontract/types.json`. An answer holds for the same
//! questions as long as all that it was made from is the same: the script, TypeScript's version,
//! the text of every file that it read, and what decides which files it reads (the list of the
//! project's sources, declaration files and settings, and the packages' lock files).

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Installed, answers::Response, node, request::slashes};
use crate::files::Kind;

pub struct Cache<'a> {
    project: &'a Installed<'a>,
    path: PathBuf,
    key: String,
    stored: Stored,
}

#[derive(Serialize, Deserialize, Default)]
struct Stored {
    /// Newest first.
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    key: String,
    /// SHA-256 by absolute path.
    inputs: BTreeMap<String, String>,
    response: String,
}

impl<'a> Cache<'a> {
    /// `manifest` is the `package.json` of the project's TypeScript. A file that cannot be read is
    /// an empty cache.
    pub fn open(project: &'a Installed<'a>, request: &str, manifest: &Path) -> Self {
        let path = project.options.project.join("node_modules/.kontract/types.json");
        let stored = project.files.read(&path).ok();
        let stored = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let key = key(project, request, manifest);
        Self { project, path, key, stored: stored.unwrap_or_default() }
    }

    pub fn find(&self) -> Option<String> {
        let found = self.stored.entries.iter().find(|entry| entry.key == self.key)?;
        let same = |(path, hash): (&String, &String)| self.hash(path).as_ref() == Some(hash);
        found.inputs.iter().all(same).then(|| found.response.clone())
    }

    /// A cache that cannot be written is none.
    pub fn keep(mut self, response: String) {
        let Ok(read) = serde_json::from_str::<Response>(&response) else { return };
        let inputs: Option<BTreeMap<String, String>> =
            read.files.into_iter().map(|path| self.hash(&path).map(|hash| (path, hash))).collect();
        let Some(inputs) = inputs else { return };
        let key = std::mem::take(&mut self.key);
        self.stored.entries.retain(|entry| entry.key != key);
        self.stored.entries.insert(0, Entry { key, inputs, response });
        self.stored.entries.truncate(MAX_ENTRIES);
        if let Ok(text) = serde_json::to_vec(&self.stored) {
            let _ = self.project.files.write(&self.path, &text);
        }
    }

    /// Of a source as this build read it: where it has changed since, the answer does not hold.
    fn hash(&self, path: &str) -> Option<String> {
        let file = self.project.options.source_path(Path::new(path));
        match self.project.text(&file) {
            Some(text) => Some(hex(&Sha256::digest(text.as_bytes()))),
            None => self.project.files.read(Path::new(path)).ok().map(|b| hex(&Sha256::digest(b))),
        }
    }
}

fn key(project: &Installed<'_>, request: &str, manifest: &Path) -> String {
    let mut hasher = Sha256::new();
    let mut add = |name: &str, bytes: &[u8]| {
        hasher.update((name.len() as u64).to_le_bytes());
        hasher.update(name);
        hasher.update((bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    add("script", node::identity().as_bytes());
    add("request", request.as_bytes());
    for folder in project.options.project.ancestors() {
        for name in LOCK_FILES {
            let path = folder.join(name);
            if let Ok(bytes) = project.files.read(&path) {
                add(&slashes(&path), &bytes);
            }
        }
    }
    if let Ok(bytes) = project.files.read(manifest) {
        add(&slashes(manifest), &bytes);
    }
    let mut found = Vec::new();
    ambient(project, &project.options.project, MAX_DEPTH, &mut found);
    for (path, is_settings) in found {
        // A declaration file counts with its text where it is read.
        let text = if is_settings { project.files.read(&path).ok() } else { None };
        add(&slashes(&path), &text.unwrap_or_default());
    }
    hex(&hasher.finalize())
}

/// Declaration files and settings of the project, packages and outputs aside: one that appears may
/// change what types mean.
fn ambient(project: &Installed<'_>, folder: &Path, depth: usize, found: &mut Vec<(PathBuf, bool)>) {
    let Ok(entries) = project.files.list(folder) else { return };
    for entry in entries {
        let path = folder.join(&entry.name);
        let Some(name) = entry.name.to_str() else { continue };
        let is_declaration = [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| name.ends_with(end));
        let is_settings =
            name == "package.json" || (name.starts_with("tsconfig") && name.ends_with(".json"));
        match entry.kind {
            Kind::File if is_declaration || is_settings => found.push((path, is_settings)),
            Kind::Folder
                if depth > 0
                    && name != "node_modules"
                    // Neither `.git` nor what an earlier build wrote for editors.
                    && !name.starts_with('.')
                    && path != project.options.out_folder() =>
            {
                ambient(project, &path, depth - 1, found);
            }
            _ => {}
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A build asks a few times at most.
const MAX_ENTRIES: usize = 8;
const MAX_DEPTH: usize = 16;
const LOCK_FILES: &[&str] = &[
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "node_modules/.package-lock.json",
    "node_modules/.modules.yaml",
    "node_modules/.yarn-state.yml",
];
