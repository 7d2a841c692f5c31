//! Files that an earlier build wrote, where a build knows which of them change.
//!
//! Input: what they hold from now on.
//! Output: the folder with these, and its list with their hashes. None where something is not as
//! it was written; the folder is for a whole build to put in order then.

use std::io;

use super::{OutputFolder, RECORD, hash};
use crate::{
    config::Options,
    files::{Disk, Kind},
};

#[derive(Debug)]
pub struct Change {
    /// In its folder.
    pub path: String,
    /// SHA-256 in hexadecimal.
    pub hash: String,
    pub text: Text,
}

#[derive(Debug)]
pub enum Text {
    Whole(String),
    /// All before `at` stays.
    End {
        at: u64,
        text: String,
    },
}

/// Files by their paths in the project, with their hashes.
#[derive(Debug, Default)]
pub struct Rewritten {
    pub outputs: Vec<(String, String)>,
    /// The list of outputs.
    pub record: (String, String),
}

pub fn outputs(options: &Options, changes: Vec<Change>) -> Option<Rewritten> {
    rewrite(&OutputFolder::outputs(&Disk, options), changes)
}

/// The same for the pages of the cookbook.
pub fn pages(options: &Options, changes: Vec<Change>) -> Option<Rewritten> {
    rewrite(&OutputFolder::pages(&Disk, options), changes)
}

fn rewrite(folder: &OutputFolder<'_>, changes: Vec<Change>) -> Option<Rewritten> {
    folder.check_no_link().ok()?;
    let record = folder.files.read(&folder.path(RECORD)).ok()?;
    let mut record = String::from_utf8(record).ok()?;
    for Change { path, hash, .. } in &changes {
        stands(folder, path).then_some(())?;
        relist(&mut record, path, hash)?;
    }
    let pending = changes.iter().map(|change| (change.path.clone(), change.hash.clone()));
    folder.announce(pending.collect()).ok()?;
    let mut outputs = Vec::new();
    for Change { path, hash, text } in changes {
        let full = folder.path(&path);
        let written: io::Result<()> = match text {
            Text::Whole(text) => folder.files.write(&full, text.as_bytes()).map(drop),
            Text::End { at, text } => Disk.write_end(&full, at, text.as_bytes()),
        };
        written.ok()?;
        outputs.push((folder.name(&path), hash));
    }
    folder.files.write(&folder.path(RECORD), record.as_bytes()).ok()?;
    folder.is_settled();
    Some(Rewritten { outputs, record: (folder.name(RECORD), hash(record.as_bytes())) })
}

/// It is a file, and no link leads there.
fn stands(folder: &OutputFolder<'_>, path: &str) -> bool {
    let kind = |path: &str| folder.files.link_kind(&folder.path(path)).ok();
    path.match_indices('/').all(|(end, _)| kind(&path[..end]) == Some(Kind::Folder))
        && kind(path) == Some(Kind::File)
}

/// Gives a file in a list of outputs another hash. No string in JSON has a line break in it, so
/// what is found is its entry.
fn relist(record: &mut String, path: &str, hash: &str) -> Option<()> {
    let entry = format!("\n    {}: \"", serde_json::to_string(path).ok()?);
    let at = memchr::memmem::find(record.as_bytes(), entry.as_bytes())? + entry.len();
    let end = at + record[at..].find('"')?;
    record.replace_range(at..end, hash);
    Some(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::pipeline::write::Record;

    #[test]
    fn a_list_with_another_hash_is_what_would_be_written_anew() {
        let paths = ["a.js", "a.js.map", "b/a.js", "b/\"odd\" ä.js"];
        let files = paths.map(|path| (path.to_owned(), hash(b"old")));
        let mut record = Record { version: 1, files: files.into(), lost: false };
        let mut text = serde_json::to_string_pretty(&record).unwrap();
        for path in paths {
            let hash = hash(path.as_bytes());
            relist(&mut text, path, &hash).unwrap();
            record.files.insert(path.to_owned(), hash);
            assert_eq!(text, serde_json::to_string_pretty(&record).unwrap());
        }
        assert!(relist(&mut text, "missing.js", "").is_none());
    }
}
