//! A folder of outputs, and its list of what the compiler made in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Written, hash};
use crate::{
    config::Options,
    diagnostic::write as diagnostics,
    files::{Disk, Files, Kind, Prepared, is_temporary},
    model::{
        diagnostic::Diagnostic,
        output::{Hashes, Output},
    },
    pipeline::names::Layout,
};

pub struct OutputFolder<'a> {
    pub files: &'a dyn Files,
    options: &'a Options,
    /// Relative to the project.
    name: String,
    /// It lies among the sources, which may be reached through symbolic links.
    among_sources: bool,
}

/// What the compiler made in this folder.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Record {
    pub version: u32,
    /// Path in the output folder → SHA-256 in hexadecimal.
    pub files: BTreeMap<String, String>,
    /// The list was there but could not be read: unlisted files may be the compiler's own.
    #[serde(skip)]
    pub lost: bool,
}

pub enum Removal {
    Removed,
    /// It is gone already, or the list names what the compiler cannot have made.
    NotThere,
    /// Somebody changed it: it is theirs now.
    Changed,
}

pub struct Failure {
    pub written: Written,
    pub diagnostics: Vec<Diagnostic>,
}

impl From<Box<Diagnostic>> for Failure {
    fn from(diagnostic: Box<Diagnostic>) -> Self {
        Self { written: Written::default(), diagnostics: vec![*diagnostic] }
    }
}

impl<'a> OutputFolder<'a> {
    pub fn outputs(files: &'a dyn Files, options: &'a Options) -> Self {
        Self { files, options, name: options.out.clone(), among_sources: false }
    }

    pub fn types(files: &'a dyn Files, options: &'a Options) -> Self {
        Self { files, options, name: Layout::new(options).types_folder(), among_sources: true }
    }

    pub fn pages(files: &'a dyn Files, options: &'a Options) -> Self {
        Self { files, options, name: options.cookbook.out.clone(), among_sources: false }
    }

    pub fn write(
        &self,
        outputs: &[Output],
        hashes: &[String],
        standing: &Hashes,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Written, Failure> {
        let mut written = Written { unchanged: standing.len(), ..Written::default() };
        self.check_no_link()?;
        let old = self.read_record(diagnostics)?;
        let mut files = standing.clone();
        files.extend(outputs.iter().map(|o| o.path.clone()).zip(hashes.iter().cloned()));
        let mut new = Record { version: VERSION, files, lost: false };
        let in_the_way = self.in_the_way(outputs, &old);
        if !in_the_way.is_empty() {
            return Err(Failure { written, diagnostics: in_the_way });
        }

        let mut all = Record { version: VERSION, ..old.clone() };
        for (path, hash) in &new.files {
            all.files.entry(path.clone()).or_insert_with(|| hash.clone());
        }
        // Where there is no room for all, everything stays as it is.
        let prepared = self.prepare(outputs)?;
        let is_fresh = |(path, hash): &(&String, &String)| all.files.get(*path) != Some(*hash);
        let fresh = new.files.iter().filter(is_fresh).map(|(p, h)| (p.clone(), h.clone()));
        let announced = self.announce(fresh.collect()).map_err(|error| self.not_listed(&error));
        if let Err(diagnostic) = announced.and_then(|()| self.write_record(&all)) {
            self.remove_temporaries("");
            return Err(diagnostic.into());
        }
        // Before the new ones: `User.js` may become `user.js`, and a file a folder.
        for (path, hash) in &old.files {
            if new.files.contains_key(path) {
                continue;
            }
            match self.remove(path, hash) {
                Ok(Removal::Removed) => written.removed.push(self.name(path)),
                Ok(Removal::NotThere) => {}
                Ok(Removal::Changed) => {
                    diagnostics.push(diagnostics::changed_by_hand(&self.name(path)));
                }
                Err(diagnostic) => {
                    diagnostics.push(*diagnostic);
                    // The next build tries again.
                    new.files.insert(path.clone(), hash.clone());
                }
            }
        }
        for (output, prepared) in outputs.iter().zip(prepared) {
            let path = self.path(&output.path);
            let result = match prepared {
                // What held the bytes may have been removed, where letter case does not count.
                Prepared::All if written.removed.is_empty() => Ok(false),
                Prepared::Beside(temporary) => Disk.put(&temporary, &path).map(|()| true),
                Prepared::All | Prepared::Nothing => {
                    self.files.write(&path, output.text.as_bytes())
                }
            };
            match result {
                Ok(true) => written.written.push(self.name(&output.path)),
                Ok(false) => written.unchanged += 1,
                Err(error) => {
                    self.remove_temporaries("");
                    let diagnostic = diagnostics::not_written(&self.name(&output.path), &error);
                    return Err(Failure { written, diagnostics: vec![diagnostic] });
                }
            }
        }
        match self.write_record(&new) {
            Ok(()) => {
                self.is_settled();
                Ok(written)
            }
            Err(diagnostic) => Err(Failure { written, diagnostics: vec![*diagnostic] }),
        }
    }

    fn prepare(&self, outputs: &[Output]) -> Result<Vec<Prepared>, Box<Diagnostic>> {
        let prepare = |output: &Output| {
            let prepared = self.files.prepare(&self.path(&output.path), output.text.as_bytes());
            prepared.map_err(|error| {
                Box::new(diagnostics::not_written(&self.name(&output.path), &error))
            })
        };
        let prepared: Result<_, _> = outputs.par_iter().map(prepare).collect();
        if prepared.is_err() {
            self.remove_temporaries("");
        }
        prepared
    }

    /// What would be overwritten although the compiler did not make it, or written elsewhere.
    fn in_the_way(&self, outputs: &[Output], old: &Record) -> Vec<Diagnostic> {
        let mut diagnostics = Vec::new();
        let mut checked = BTreeSet::new();
        for output in outputs {
            let path = output.path.as_str();
            if !is_inside(path) {
                diagnostics.push(diagnostics::outside(&self.name(path)));
                continue;
            }
            let blocked = path
                .match_indices('/')
                .map(|(end, _)| &path[..end])
                .filter(|folder| checked.insert((*folder).to_owned()))
                .find_map(|folder| self.check_folder(folder, old).err());
            if let Some(diagnostic) = blocked {
                diagnostics.push(*diagnostic);
                continue;
            }
            match self.files.link_kind(&self.path(path)) {
                Ok(Kind::Folder) if !old.files.keys().any(|file| is_below(file, path)) => {
                    diagnostics.push(diagnostics::folder_in_the_way(&self.name(path)));
                }
                Ok(Kind::Folder) | Err(_) => {}
                Ok(_) if is_listed(path, old) => {}
                Ok(kind) => {
                    let same = kind == Kind::File
                        && self
                            .files
                            .read(&self.path(path))
                            .is_ok_and(|bytes| bytes == output.text.as_bytes());
                    if !same {
                        diagnostics.push(diagnostics::foreign_file(&self.name(path)));
                    }
                }
            }
        }
        diagnostics
    }

    fn check_folder(&self, folder: &str, old: &Record) -> Result<(), Box<Diagnostic>> {
        match self.files.link_kind(&self.path(folder)) {
            Ok(Kind::Link) => Err(Box::new(diagnostics::leaves_project(&self.name(folder)))),
            Ok(Kind::File | Kind::Other) if !old.files.contains_key(folder) => {
                Err(Box::new(diagnostics::file_in_the_way(&self.name(folder))))
            }
            _ => Ok(()),
        }
    }

    /// The output folder, and those between it and the project, are folders and no links.
    pub fn check_no_link(&self) -> Result<(), Box<Diagnostic>> {
        let mut name = String::new();
        for part in self.name.split('/') {
            if !name.is_empty() {
                name.push('/');
            }
            name.push_str(part);
            match self.files.link_kind(&self.options.project.join(&name)) {
                Ok(Kind::Link) if self.among_sources && name != self.name => {}
                Ok(Kind::Link) => return Err(Box::new(diagnostics::leaves_project(&name))),
                Ok(Kind::File | Kind::Other) => {
                    return Err(Box::new(diagnostics::file_in_the_way(&name)));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Removes a file if it still is as the compiler made it.
    pub fn remove(&self, path: &str, expected: &str) -> Result<Removal, Box<Diagnostic>> {
        // The list is a file like any other: what it says is checked.
        let mut folders = path.match_indices('/').map(|(end, _)| &path[..end]);
        let outside = |folder| {
            matches!(self.files.link_kind(&self.path(folder)), Ok(Kind::Link | Kind::Other))
        };
        if !is_inside(path) || folders.any(outside) {
            return Ok(Removal::NotThere);
        }
        let full = self.path(path);
        let found = match self.files.link_kind(&full) {
            Ok(Kind::File) => self.files.read(&full).map(|bytes| hash(&bytes) == expected),
            Ok(_) => Ok(false),
            Err(error) => Err(error),
        };
        let removed = match found {
            Ok(true) => self.files.remove_file(&full),
            Ok(false) => return Ok(Removal::Changed),
            Err(error) => Err(error),
        };
        match removed {
            Ok(()) => {
                self.remove_empty_folders(path);
                Ok(Removal::Removed)
            }
            // Somebody was faster.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Removal::NotThere),
            Err(error) => Err(Box::new(diagnostics::not_removed(&self.name(path), &error))),
        }
    }

    /// What a build that was killed left behind.
    pub fn remove_temporaries(&self, folder: &str) {
        let path = if folder.is_empty() { self.folder() } else { self.path(folder) };
        for entry in self.files.list(&path).unwrap_or_default() {
            let Some(name) = entry.name.to_str() else { continue };
            let name = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            match entry.kind {
                Kind::Folder => self.remove_temporaries(&name),
                Kind::File if is_temporary(&entry.name) => {
                    let _ = self.files.remove_file(&self.path(&name));
                    self.remove_empty_folders(&name);
                }
                _ => {}
            }
        }
    }

    /// The folders of a file that was removed, the output folder included.
    pub fn remove_empty_folders(&self, path: &str) {
        let mut folder = path;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            if self.files.remove_folder(&self.path(parent)).is_err() {
                return;
            }
            folder = parent;
        }
        let _ = self.files.remove_folder(&self.folder());
    }

    pub fn read_record(
        &self,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Record, Box<Diagnostic>> {
        let bytes = match self.files.read(&self.path(RECORD)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            Err(error) => {
                return Err(Box::new(diagnostics::unreadable_record(&self.name(RECORD), &error)));
            }
        };
        let reason = match serde_json::from_slice::<Record>(&bytes) {
            Ok(mut record) if record.version == VERSION => {
                self.settle(&mut record);
                return Ok(record);
            }
            Ok(_) => "another version of kontract made it".to_owned(),
            Err(error) => error.to_string(),
        };
        diagnostics.push(diagnostics::bad_record(&self.name(RECORD), &reason));
        Ok(Record { lost: true, ..Record::default() })
    }

    pub fn write_record(&self, record: &Record) -> Result<(), Box<Diagnostic>> {
        let text = serde_json::to_string_pretty(record)
            .map_err(io::Error::from)
            .map(|text| format!("{text}\n"));
        text.and_then(|text| self.files.write(&self.path(RECORD), text.as_bytes()))
            .map(drop)
            .map_err(|error| self.not_listed(&error))
    }

    fn not_listed(&self, error: &io::Error) -> Box<Diagnostic> {
        Box::new(diagnostics::not_written(&self.name(RECORD), error))
    }

    fn folder(&self) -> PathBuf {
        self.options.project.join(&self.name)
    }

    pub fn path(&self, path: &str) -> PathBuf {
        let mut full = self.folder();
        full.extend(path.split('/'));
        full
    }

    /// As diagnostics show it.
    pub fn name(&self, path: &str) -> String {
        format!("{}/{path}", self.name)
    }
}

fn is_inside(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    !drive && !path.contains('\\') && path.split('/').all(|part| !matches!(part, "" | "." | ".."))
}

fn is_below(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
}

fn is_listed(path: &str, record: &Record) -> bool {
    record.lost
        || record.files.contains_key(path)
        // The same file where letter case does not count.
        || record.files.keys().any(|file| file.to_lowercase() == path.to_lowercase())
}

pub const RECORD: &str = ".kontract-outputs.json";
pub const VERSION: u32 = 1;
