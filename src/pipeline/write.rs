//! Puts the outputs into the output folder, the types for editors into `.kontract` among the
//! sources, and the pages of the cookbook into theirs.
//!
//! Input: all outputs of a build without errors.
//! Output: folders that hold exactly these, and whatever others have put there.
//!
//! Each folder remembers what the compiler made in it, with a hash of each file, in
//! `.kontract-outputs.json`. A file is removed only if it is listed there and still has these
//! bytes; a file that is not listed is never overwritten. The list is written before the first
//! new file, and beside it what listed files become, so that a build that is interrupted loses
//! track of none.

use std::collections::BTreeMap;

use rayon::prelude::*;

use self::folder::{OutputFolder, RECORD, Record, Removal, VERSION};
use crate::{
    config::Options,
    diagnostic::write as diagnostics,
    files::Files,
    hash::hex as hash,
    model::{
        diagnostic::Diagnostic,
        output::{Hashes, Output},
    },
    pipeline::Build,
};

pub mod again;
mod folder;
mod pending;

/// The files that a build touched, by their paths in the project.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Written {
    pub written: Vec<String>,
    pub unchanged: usize,
    pub removed: Vec<String>,
}

impl Written {
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.written.extend(other.written);
        self.unchanged += other.unchanged;
        self.removed.extend(other.removed);
        self
    }
}

/// Where there is no room for all outputs, or one cannot be written, nothing changes.
pub fn write(
    files: &dyn Files,
    options: &Options,
    outputs: &[Output],
) -> (Written, Vec<Diagnostic>) {
    write_into(&OutputFolder::outputs(files, options), outputs)
}

/// The same for what a build made, beside what of it stands already.
pub fn write_beside(
    files: &dyn Files,
    options: &Options,
    build: &Build,
) -> (Written, Vec<Diagnostic>) {
    let folder = OutputFolder::outputs(files, options);
    write_hashed(&folder, &build.outputs, &build.hashes, &build.standing)
}

/// The same as [`write`] for `Build::types`.
pub fn write_types(
    files: &dyn Files,
    options: &Options,
    types: &[Output],
) -> (Written, Vec<Diagnostic>) {
    write_into(&OutputFolder::types(files, options), types)
}

/// The same for the pages of the cookbook.
pub fn write_pages(
    files: &dyn Files,
    options: &Options,
    pages: &[Output],
) -> (Written, Vec<Diagnostic>) {
    write_into(&OutputFolder::pages(files, options), pages)
}

fn write_into(folder: &OutputFolder<'_>, outputs: &[Output]) -> (Written, Vec<Diagnostic>) {
    let hashes: Vec<String> = outputs.par_iter().map(|o| hash(o.text.as_bytes())).collect();
    write_hashed(folder, outputs, &hashes, &Hashes::new())
}

fn write_hashed(
    folder: &OutputFolder<'_>,
    outputs: &[Output],
    hashes: &[String],
    standing: &Hashes,
) -> (Written, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let result = folder.write(outputs, hashes, standing, &mut diagnostics);
    let written = result.unwrap_or_else(|failure| {
        diagnostics.extend(failure.diagnostics);
        failure.written
    });
    (written, diagnostics)
}

/// Removes what builds made, and with it folders that become empty. Returns how many files.
pub fn clean(files: &dyn Files, options: &Options) -> (usize, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let folders = [OutputFolder::outputs, OutputFolder::types, OutputFolder::pages];
    let removed = folders
        .map(|folder| folder(files, options))
        .iter()
        .filter(|folder| folder.files.is_file(&folder.path(RECORD)))
        .map(|folder| clean_one(folder, &mut diagnostics))
        .sum();
    (removed, diagnostics)
}

/// What builds have listed in the project, by path, with the SHA-256 of each file; the lists
/// themselves with their own.
pub fn listed(files: &dyn Files, options: &Options) -> BTreeMap<String, Listed> {
    let mut folders =
        vec![OutputFolder::outputs(files, options), OutputFolder::types(files, options)];
    if options.cookbook.configured {
        folders.push(OutputFolder::pages(files, options));
    }
    let mut found = BTreeMap::new();
    for folder in folders {
        let Ok(bytes) = files.read(&folder.path(RECORD)) else { continue };
        let Ok(record) = serde_json::from_slice::<Record>(&bytes) else { continue };
        let outputs = record.files.into_iter();
        found.extend(
            outputs.map(|(path, hash)| (folder.name(&path), Listed { hash, is_record: false })),
        );
        found.insert(folder.name(RECORD), Listed { hash: hash(&bytes), is_record: true });
    }
    found
}

/// A file in a folder of outputs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listed {
    pub hash: String,
    pub is_record: bool,
}

/// Removes what a build that was killed left behind in the folders of outputs.
pub fn sweep(files: &dyn Files, options: &Options) {
    for folder in [OutputFolder::outputs, OutputFolder::types, OutputFolder::pages] {
        let folder = folder(files, options);
        if folder.check_no_link().is_ok() {
            folder.remove_temporaries("");
        }
    }
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
    folder.is_settled();
    if !left.files.is_empty() {
        diagnostics.extend(folder.write_record(&left).err().map(|diagnostic| *diagnostic));
    } else if folder.files.remove_file(&folder.path(RECORD)).is_ok() {
        folder.remove_empty_folders(RECORD);
    }
    removed
}

#[cfg(test)]
mod tests;
