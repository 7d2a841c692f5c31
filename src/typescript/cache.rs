//! Answers of earlier runs: `node_modules/.kontract/types.json` and `check.json`. An answer holds for
//! the same request as long as all that it was made from is the same: the script, TypeScript's
//! version, the text of every file that it read, and what decides which files it reads (the list of
//! the project's sources, declaration files and settings, and the packages' lock files).

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt::Write as _,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::request::slashes;
use crate::{
    config::Options,
    files::{Files, Kind},
};

/// What an answer depends on.
pub struct Inputs<'a> {
    pub files: &'a dyn Files,
    pub options: &'a Options,
    pub script: &'a str,
    pub request: &'a str,
    /// The `package.json` of the project's TypeScript.
    pub manifest: &'a Path,
    /// Whether a file of this name, besides settings and declarations, may be read as soon as it
    /// is there.
    pub is_source: fn(&str) -> bool,
    /// What is read in place of a file, by absolute path.
    pub text: &'a dyn Fn(&str) -> Option<Cow<'a, str>>,
}

/// The part of an answer that tells what it was made from.
#[derive(Deserialize)]
struct Read {
    files: Vec<String>,
}

pub struct Cache<'a> {
    inputs: Inputs<'a>,
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
    /// A file that cannot be read is an empty cache.
    pub fn open(name: &str, inputs: Inputs<'a>) -> Self {
        let path = inputs.options.project.join("node_modules/.kontract").join(name);
        let stored = inputs.files.read(&path).ok();
        let stored = stored.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let key = inputs.key();
        Self { inputs, path, key, stored: stored.unwrap_or_default() }
    }

    pub fn find(&self) -> Option<String> {
        let found = self.stored.entries.iter().find(|entry| entry.key == self.key)?;
        let same = |(path, hash): (&String, &String)| self.inputs.hash(path).as_ref() == Some(hash);
        found.inputs.iter().all(same).then(|| found.response.clone())
    }

    /// Keeps an answer that says which files it was made from. A cache that cannot be written is
    /// none.
    pub fn keep(mut self, response: String) {
        let Ok(Read { files }) = serde_json::from_str(&response) else { return };
        if files.is_empty() {
            return;
        }
        let inputs: Option<BTreeMap<String, String>> = files
            .into_iter()
            .map(|path| self.inputs.hash(&path).map(|hash| (path, hash)))
            .collect();
        let Some(inputs) = inputs else { return };
        let key = std::mem::take(&mut self.key);
        self.stored.entries.retain(|entry| entry.key != key);
        self.stored.entries.insert(0, Entry { key, inputs, response });
        self.stored.entries.truncate(MAX_ENTRIES);
        if let Ok(text) = serde_json::to_vec(&self.stored) {
            let _ = self.inputs.files.write(&self.path, &text);
        }
    }
}

impl Inputs<'_> {
    /// Of a source as this build read it: where it has changed since, the answer does not hold.
    fn hash(&self, path: &str) -> Option<String> {
        match (self.text)(path) {
            Some(text) => Some(hex(&Sha256::digest(text.as_bytes()))),
            None => self.files.read(Path::new(path)).ok().map(|b| hex(&Sha256::digest(b))),
        }
    }

    fn key(&self) -> String {
        let mut hasher = Sha256::new();
        let mut add = |name: &str, bytes: &[u8]| {
            hasher.update((name.len() as u64).to_le_bytes());
            hasher.update(name);
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        add("script", self.script.as_bytes());
        add("request", self.request.as_bytes());
        for folder in self.options.project.ancestors() {
            for name in LOCK_FILES {
                let path = folder.join(name);
                if let Ok(bytes) = self.files.read(&path) {
                    add(&slashes(&path), &bytes);
                }
            }
        }
        if let Ok(bytes) = self.files.read(self.manifest) {
            add(&slashes(self.manifest), &bytes);
        }
        let mut found = Vec::new();
        self.ambient(&self.options.project, MAX_DEPTH, &mut found);
        for (path, is_settings) in found {
            // A declaration file counts with its text where it is read.
            let text = if is_settings { self.files.read(&path).ok() } else { None };
            add(&slashes(&path), &text.unwrap_or_default());
        }
        hex(&hasher.finalize())
    }

    /// Declaration files, settings and sources of the project, packages and outputs aside: one
    /// that appears may change what types mean.
    fn ambient(&self, folder: &Path, depth: usize, found: &mut Vec<(PathBuf, bool)>) {
        let Ok(entries) = self.files.list(folder) else { return };
        for entry in entries {
            let path = folder.join(&entry.name);
            let Some(name) = entry.name.to_str() else { continue };
            let is_declaration =
                [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| name.ends_with(end));
            let is_settings =
                name == "package.json" || (name.starts_with("tsconfig") && name.ends_with(".json"));
            match entry.kind {
                Kind::File if is_declaration || is_settings || (self.is_source)(name) => {
                    found.push((path, is_settings));
                }
                Kind::Folder
                    if depth > 0
                        && name != "node_modules"
                        // Neither `.git` nor what an earlier build wrote for editors.
                        && !name.starts_with('.')
                        && path != self.options.out_folder() =>
                {
                    self.ambient(&path, depth - 1, found);
                }
                _ => {}
            }
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
