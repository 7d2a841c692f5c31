//! Puts the outputs into the output folder, and the types for editors into `.kontract` among the
//! sources.
//!
//! Input: all outputs of a build without errors.
//! Output: folders that hold exactly these, and whatever others have put there.
//!
//! Each folder remembers what the compiler made in it, with a hash of each file, in
//! `.kontract-outputs.json`. A file is removed only if it is listed there and still has these
//! bytes; a file that is not listed is never overwritten. The list is written before the first
//! new file, so that a build that is interrupted loses track of none.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
};

use serde::{Deserialize, Serialize};

use crate::{
    config::Options,
    diagnostic::write as diagnostics,
    files::{Files, Kind, is_temporary},
    hash::hex as hash,
    model::{diagnostic::Diagnostic, output::Output},
    pipeline::names::Layout,
};

/// How many files a build touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Written {
    pub written: usize,
    pub unchanged: usize,
    pub removed: usize,
}

impl Written {
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            written: self.written + other.written,
            unchanged: self.unchanged + other.unchanged,
            removed: self.removed + other.removed,
        }
    }
}

/// Stops at the first output that cannot be written, and then removes nothing.
pub fn write(
    files: &dyn Files,
    options: &Options,
    outputs: &[Output],
) -> (Written, Vec<Diagnostic>) {
    write_into(&OutputFolder::outputs(files, options), outputs)
}

/// The same for `Build::types`.
pub fn write_types(
    files: &dyn Files,
    options: &Options,
    types: &[Output],
) -> (Written, Vec<Diagnostic>) {
    write_into(&OutputFolder::types(files, options), types)
}

fn write_into(folder: &OutputFolder<'_>, outputs: &[Output]) -> (Written, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let result = folder.write(outputs, &mut diagnostics);
    let written = result.unwrap_or_else(|failure| {
        diagnostics.extend(failure.diagnostics);
        failure.written
    });
    (written, diagnostics)
}

/// Removes what builds made, and with it folders that become empty. Returns how many files.
pub fn clean(files: &dyn Files, options: &Options) -> (usize, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let removed = [OutputFolder::outputs(files, options), OutputFolder::types(files, options)]
        .iter()
        .map(|folder| clean_one(folder, &mut diagnostics))
        .sum();
    (removed, diagnostics)
}

fn clean_one(folder: &OutputFolder<'_>, diagnostics: &mut Vec<Diagnostic>) -> usize {
    let record = folder.check_no_link().and_then(|()| folder.read_record(diagnostics));
    let record = match record {
        Ok(record) => record,
        Err(diagnostic) => {
            diagnostics.push(*diagnostic);
            return 0;
        }
    };
    let mut removed = 0;
    let mut left = Record { version: VERSION, ..Record::default() };
    for (path, hash) in &record.files {
        match folder.remove(path, hash) {
            Ok(Removal::Removed) => removed += 1,
            Ok(Removal::NotThere) => {}
            Ok(Removal::Changed) => {
                diagnostics.push(diagnostics::changed_by_hand(&folder.name(path)));
            }
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                left.files.insert(path.clone(), hash.clone());
            }
        }
    }
    folder.remove_temporaries("");
    if !left.files.is_empty() {
        diagnostics.extend(folder.write_record(&left).err().map(|diagnostic| *diagnostic));
    } else if folder.files.remove_file(&folder.path(RECORD)).is_ok() {
        folder.remove_empty_folders(RECORD);
    }
    removed
}

struct OutputFolder<'a> {
    files: &'a dyn Files,
    options: &'a Options,
    /// Relative to the project.
    name: String,
    /// It lies among the sources, which may be reached through symbolic links.
    among_sources: bool,
}

/// What the compiler made in this folder.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Record {
    version: u32,
    /// Path in the output folder → SHA-256 in hexadecimal.
    files: BTreeMap<String, String>,
    /// The list was there but could not be read: unlisted files may be the compiler's own.
    #[serde(skip)]
    lost: bool,
}

enum Removal {
    Removed,
    /// It is gone already, or the list names what the compiler cannot have made.
    NotThere,
    /// Somebody changed it: it is theirs now.
    Changed,
}

struct Failure {
    written: Written,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> OutputFolder<'a> {
    fn outputs(files: &'a dyn Files, options: &'a Options) -> Self {
        Self { files, options, name: options.out.clone(), among_sources: false }
    }

    fn types(files: &'a dyn Files, options: &'a Options) -> Self {
        Self { files, options, name: Layout::new(options).types_folder(), among_sources: true }
    }

    fn write(
        &self,
        outputs: &[Output],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Result<Written, Failure> {
        let mut written = Written::default();
        let fail = |written, diagnostics| Failure { written, diagnostics };
        self.check_no_link().map_err(|diagnostic| fail(written, vec![*diagnostic]))?;
        let old =
            self.read_record(diagnostics).map_err(|diagnostic| fail(written, vec![*diagnostic]))?;
        let mut new = Record {
            version: VERSION,
            files: outputs
                .iter()
                .map(|output| (output.path.clone(), hash(output.text.as_bytes())))
                .collect(),
            lost: false,
        };
        let in_the_way = self.in_the_way(outputs, &old);
        if !in_the_way.is_empty() {
            return Err(fail(written, in_the_way));
        }

        let mut all = Record { version: VERSION, ..old.clone() };
        for (path, hash) in &new.files {
            all.files.entry(path.clone()).or_insert_with(|| hash.clone());
        }
        self.write_record(&all).map_err(|diagnostic| fail(written, vec![*diagnostic]))?;
        // Before the new ones: `User.js` may become `user.js`, and a file a folder.
        for (path, hash) in &old.files {
            if new.files.contains_key(path) {
                continue;
            }
            match self.remove(path, hash) {
                Ok(Removal::Removed) => written.removed += 1,
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
        for output in outputs {
            match self.files.write(&self.path(&output.path), output.text.as_bytes()) {
                Ok(true) => written.written += 1,
                Ok(false) => written.unchanged += 1,
                Err(error) => {
                    let diagnostic = diagnostics::not_written(&self.name(&output.path), &error);
                    return Err(fail(written, vec![diagnostic]));
                }
            }
        }
        self.write_record(&new).map_err(|diagnostic| fail(written, vec![*diagnostic]))?;
        Ok(written)
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
    fn check_no_link(&self) -> Result<(), Box<Diagnostic>> {
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
    fn remove(&self, path: &str, expected: &str) -> Result<Removal, Box<Diagnostic>> {
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
    fn remove_temporaries(&self, folder: &str) {
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
    fn remove_empty_folders(&self, path: &str) {
        let mut folder = path;
        while let Some((parent, _)) = folder.rsplit_once('/') {
            if self.files.remove_folder(&self.path(parent)).is_err() {
                return;
            }
            folder = parent;
        }
        let _ = self.files.remove_folder(&self.folder());
    }

    fn read_record(&self, diagnostics: &mut Vec<Diagnostic>) -> Result<Record, Box<Diagnostic>> {
        let bytes = match self.files.read(&self.path(RECORD)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Record::default()),
            Err(error) => {
                return Err(Box::new(diagnostics::unreadable_record(&self.name(RECORD), &error)));
            }
        };
        let reason = match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if record.version == VERSION => return Ok(record),
            Ok(_) => "another version of kontract made it".to_owned(),
            Err(error) => error.to_string(),
        };
        diagnostics.push(diagnostics::bad_record(&self.name(RECORD), &reason));
        Ok(Record { lost: true, ..Record::default() })
    }

    fn write_record(&self, record: &Record) -> Result<(), Box<Diagnostic>> {
        let text = serde_json::to_string_pretty(record)
            .map_err(io::Error::from)
            .map(|text| format!("{text}\n"));
        text.and_then(|text| self.files.write(&self.path(RECORD), text.as_bytes()))
            .map(drop)
            .map_err(|error| Box::new(diagnostics::not_written(&self.name(RECORD), &error)))
    }

    fn folder(&self) -> PathBuf {
        self.options.project.join(&self.name)
    }

    fn path(&self, path: &str) -> PathBuf {
        let mut full = self.folder();
        full.extend(path.split('/'));
        full
    }

    /// As diagnostics show it.
    fn name(&self, path: &str) -> String {
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

const RECORD: &str = ".kontract-outputs.json";
const VERSION: u32 = 1;

#[cfg(test)]
mod tests;
