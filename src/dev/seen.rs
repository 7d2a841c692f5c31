//! What a build saw of the file system, and whether it would see the same again.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{Hash, Hasher},
    io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use rustc_hash::FxHasher;

use crate::files::{Disk, Entry, Files, Kind};

/// The disk, with a note of every answer it gave. So nothing that a build went by can change
/// unnoticed: settings, sources, what they import from packages, files that are missing.
#[derive(Debug, Default)]
pub struct Seen {
    answers: Mutex<BTreeMap<(PathBuf, Question), u64>>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Question {
    Read,
    Kind,
    LinkKind,
    ReadLink,
    Canonicalize,
    List,
}

impl Seen {
    /// Whether any answer would be another one now, but for those about the folders of outputs.
    pub fn changed(&self, outputs: &[PathBuf]) -> bool {
        let answers = self.answers();
        let mut answers = answers.iter().filter(|((path, _), _)| !lies_in(path, outputs));
        answers.any(|((path, question), answer)| question.ask(path) != *answer)
    }

    /// The folders where a change would be one of an answer; outside of the project, only those of
    /// files that are there.
    pub fn folders(&self, project: &Path, outputs: &[PathBuf]) -> BTreeSet<PathBuf> {
        let mut folders = BTreeSet::new();
        for (path, question) in self.answers().keys().filter(|(path, _)| !lies_in(path, outputs)) {
            if *question == Question::List && path.is_dir() {
                folders.insert(path.clone());
            }
            let mut above = path.ancestors().skip(1);
            let folder = if path.starts_with(project) {
                above.find(|folder| folder.is_dir()).filter(|folder| folder.starts_with(project))
            } else {
                above.next().filter(|_| *question == Question::Read && path.is_file())
            };
            folders.extend(folder.map(Path::to_owned));
        }
        folders
    }

    /// The first answer counts: a later one that differs is of a file that changed meanwhile.
    fn note<T>(&self, path: &Path, question: Question, answer: u64, value: T) -> T {
        self.answers().entry((path.to_owned(), question)).or_insert(answer);
        value
    }

    fn answers(&self) -> MutexGuard<'_, BTreeMap<(PathBuf, Question), u64>> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for Seen {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let bytes = Disk.read(path);
        self.note(path, Question::Read, hash(&bytes), bytes)
    }

    /// What a build writes is no news to it.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        let written = Disk.write(path, bytes)?;
        self.answers()
            .entry((path.to_owned(), Question::Read))
            .and_modify(|answer| *answer = hash(&Ok(bytes)));
        Ok(written)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Disk.remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        let kind = Disk.kind(path);
        self.note(path, Question::Kind, hash(&kind), kind)
    }

    fn link_kind(&self, path: &Path) -> io::Result<Kind> {
        let kind = Disk.link_kind(path);
        self.note(path, Question::LinkKind, hash(&kind), kind)
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let target = Disk.read_link(path);
        self.note(path, Question::ReadLink, hash(&target), target)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let real = Disk.canonicalize(path);
        self.note(path, Question::Canonicalize, hash(&real), real)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let entries = Disk.list(folder);
        self.note(folder, Question::List, hash_visible(&entries), entries)
    }

    fn on_disk(&self) -> bool {
        Disk.on_disk()
    }
}

impl Question {
    fn ask(self, path: &Path) -> u64 {
        match self {
            Self::Read => hash(&Disk.read(path)),
            Self::Kind => hash(&Disk.kind(path)),
            Self::LinkKind => hash(&Disk.link_kind(path)),
            Self::ReadLink => hash(&Disk.read_link(path)),
            Self::Canonicalize => hash(&Disk.canonicalize(path)),
            Self::List => hash_visible(&Disk.list(path)),
        }
    }
}

fn lies_in(path: &Path, folders: &[PathBuf]) -> bool {
    folders.iter().any(|folder| path.starts_with(folder))
}

fn hash<T: Hash>(answer: &io::Result<T>) -> u64 {
    let mut hasher = FxHasher::default();
    answer.as_ref().map_err(io::Error::kind).hash(&mut hasher);
    hasher.finish()
}

/// Names that start with a dot are no sources, and editors make and remove many.
fn hash_visible(entries: &io::Result<Vec<Entry>>) -> u64 {
    let visible = |entry: &&Entry| !entry.name.as_encoded_bytes().starts_with(b".");
    match entries {
        Ok(entries) => hash(&Ok(entries.iter().filter(visible).collect::<Vec<_>>())),
        Err(_) => hash(entries),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn changed(seen: &Seen) -> bool {
        seen.changed(&[])
    }

    #[test]
    fn a_file_is_another_one_when_its_bytes_are() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("a.ts");
        fs::write(&file, "one").unwrap();
        let seen = Seen::default();
        seen.read(&file).unwrap();
        fs::write(&file, "one").unwrap();
        assert!(!changed(&seen));
        fs::write(&file, "two").unwrap();
        assert!(changed(&seen));
    }

    #[test]
    fn a_file_that_appears_where_one_was_missed_is_a_change() {
        let folder = TempDir::new().unwrap();
        let seen = Seen::default();
        assert!(!seen.is_file(&folder.path().join("a.ts")));
        assert!(!changed(&seen));
        fs::write(folder.path().join("a.ts"), "").unwrap();
        assert!(changed(&seen));
    }

    #[test]
    fn a_new_source_changes_its_folder_and_a_hidden_file_does_not() {
        let folder = TempDir::new().unwrap();
        let seen = Seen::default();
        seen.list(folder.path()).unwrap();
        fs::write(folder.path().join(".a.ts.swp"), "").unwrap();
        assert!(!changed(&seen));
        fs::write(folder.path().join("a.ts"), "").unwrap();
        assert!(changed(&seen));
        assert!(!seen.changed(&[folder.path().to_owned()]));
    }

    #[test]
    fn what_a_build_writes_is_no_change() {
        let folder = TempDir::new().unwrap();
        let lock = folder.path().join("kontract.lock.json");
        let seen = Seen::default();
        assert!(seen.read(&lock).is_err());
        seen.write(&lock, b"{}").unwrap();
        assert!(!changed(&seen));
    }

    #[test]
    fn folders_are_those_where_answers_may_change() {
        let folder = TempDir::new().unwrap();
        let project = folder.path().join("project");
        fs::create_dir_all(project.join("src")).unwrap();
        fs::create_dir_all(project.join("dist")).unwrap();
        fs::write(folder.path().join("shared.ts"), "").unwrap();
        let seen = Seen::default();
        let _ = seen.read(&project.join("src/api/missing.ts"));
        let _ = seen.read(&project.join("dist/manifest.json"));
        let _ = seen.read(&folder.path().join("shared.ts"));
        let _ = seen.read(&folder.path().join("missing/package.json"));
        let folders = seen.folders(&project, &[project.join("dist")]);
        assert_eq!(
            folders.into_iter().collect::<Vec<_>>(),
            [folder.path().to_owned(), project.join("src")]
        );
    }
}
