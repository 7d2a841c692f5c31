//! The disk, with a note of every answer it gave. So nothing that a build went by can change
//! unnoticed: settings, sources, what they import from packages, files that are missing.

use std::{
    io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use sha2::{Digest as _, Sha256};

use super::{
    answer::{self, Answer, Question},
    notes::{Digest, Notes},
    own::Own,
};
use crate::files::{Disk, Entry, Files, Kind, Prepared};

#[derive(Debug, Default)]
pub struct Seen {
    notes: Mutex<Notes>,
    own: RwLock<Own>,
    read: AtomicUsize,
    /// What is asked from now on is of no importance to what was built.
    is_done: AtomicBool,
}

impl Seen {
    /// What the compiler writes from now on.
    pub fn disregard(&self, own: Own) {
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = own;
    }

    /// Nothing but these files has changed since others were noted.
    pub fn take_over(&self, others: &Notes, outdated: &[PathBuf]) {
        self.notes().take_over(others, outdated);
    }

    /// What was asked so far, and how many files were read.
    pub fn take(&self) -> (Notes, usize) {
        (std::mem::take(&mut self.notes()), self.read.load(Ordering::Relaxed))
    }

    /// All that a build goes by has been asked: outputs are written from now on.
    pub fn done(&self) {
        self.is_done.store(true, Ordering::Relaxed);
    }

    /// Of a file that was read.
    pub fn digest(&self, path: &Path) -> Option<Digest> {
        self.notes().digest(path)
    }

    fn note<T>(
        &self,
        path: &Path,
        question: Question,
        ask: impl FnOnce() -> (io::Result<T>, Answer),
    ) -> io::Result<T> {
        if self.is_done.load(Ordering::Relaxed) {
            return ask().0;
        }
        self.notes().open(&Notes::place(path).0);
        let (result, answer) = ask();
        self.notes().add(path, question, answer);
        result
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Files for Seen {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        if !self.is_done.load(Ordering::Relaxed) {
            self.read.fetch_add(1, Ordering::Relaxed);
        }
        self.note(path, Question::Read, || answer::read(path))
    }

    /// What a build writes is no news to it.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        let written = Disk.write(path, bytes)?;
        self.notes().replace(path, Some(Sha256::digest(bytes).into()));
        Ok(written)
    }

    /// Only for outputs, which nobody asks about.
    fn prepare(&self, path: &Path, bytes: &[u8]) -> io::Result<Prepared> {
        Disk.prepare(path, bytes)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        Disk.remove_file(path)?;
        self.notes().replace(path, None);
        Ok(())
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        Disk.remove_folder(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        self.note(path, Question::Kind, || answer::kind(path))
    }

    fn link_kind(&self, path: &Path) -> io::Result<Kind> {
        self.note(path, Question::LinkKind, || answer::link_kind(path))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        let ask = || {
            let target = Disk.read_link(path);
            let answer = answer::path_told(&target);
            (target, answer)
        };
        self.note(path, Question::ReadLink, ask)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        let ask = || {
            let real = Disk.canonicalize(path);
            let answer = answer::path_told(&real);
            (real, answer)
        };
        self.note(path, Question::Canonicalize, ask)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner).clone();
        self.note(folder, Question::List, || answer::list(folder, &own))
    }

    fn on_disk(&self) -> bool {
        Disk.on_disk()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::{collections::BTreeSet, fs};

    use tempfile::TempDir;

    use super::*;

    fn changed(seen: &Seen) -> bool {
        !seen.notes().clone().check(&Own::default(), None).is_same()
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
        for missing in ["a.ts", "b/c/a.ts"] {
            let path = folder.path().join(missing);
            let seen = Seen::default();
            assert!(!seen.is_file(&path));
            assert!(!changed(&seen));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            assert!(!changed(&seen));
            fs::write(path, "").unwrap();
            assert!(changed(&seen));
        }
    }

    #[test]
    fn a_new_source_changes_its_folder_and_a_hidden_file_does_not() {
        let folder = TempDir::new().unwrap();
        let seen = Seen::default();
        seen.list(folder.path()).unwrap();
        fs::write(folder.path().join(".a.ts.swp"), "").unwrap();
        assert!(!changed(&seen));
        fs::write(folder.path().join(".gitignore"), "").unwrap();
        assert!(changed(&seen));
    }

    #[test]
    fn what_a_build_writes_is_no_change() {
        let folder = TempDir::new().unwrap();
        let lock = folder.path().join("kontract.lock.json");
        let seen = Seen::default();
        let own = Own { folders: vec![folder.path().join("dist")], files: vec![lock.clone()] };
        seen.disregard(own.clone());
        seen.list(folder.path()).unwrap();
        assert!(seen.read(&lock).is_err());
        seen.write(&lock, b"{}").unwrap();
        seen.write(&folder.path().join("dist/a.js"), b"").unwrap();
        let mut notes = seen.notes().clone();
        assert!(notes.check(&own, None).is_same());
        fs::write(&lock, "{ }").unwrap();
        assert!(!notes.check(&own, None).is_same());
    }

    #[test]
    fn a_hint_is_followed_to_the_questions_that_it_concerns() {
        let folder = TempDir::new().unwrap();
        let [a, b] = ["src/a/a.ts", "src/b.ts"].map(|name| folder.path().join(name));
        fs::create_dir_all(a.parent().unwrap()).unwrap();
        fs::write(&a, "a").unwrap();
        fs::write(&b, "b").unwrap();
        let seen = Seen::default();
        for folder in ["src", "src/a"].map(|name| folder.path().join(name)) {
            seen.list(&folder).unwrap();
        }
        seen.read(&a).unwrap();
        seen.read(&b).unwrap();
        let same = |path: &Path| {
            let hint = BTreeSet::from([path.to_owned()]);
            seen.notes().clone().check(&Own::default(), Some(&hint)).is_same()
        };
        fs::write(&a, "A").unwrap();
        assert!(same(&b));
        assert!(!same(&a));
        // A folder that came or went is told of alone.
        assert!(!same(&folder.path().join("src")));
        fs::write(&a, "a").unwrap();
        let new = folder.path().join("src/a/new.ts");
        fs::write(&new, "").unwrap();
        assert!(!same(&new));
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
        let own = Own { folders: vec![project.join("dist")], ..Own::default() };
        let folders = seen.notes().folders(&project, &own);
        assert_eq!(
            folders.into_iter().collect::<Vec<_>>(),
            [folder.path().to_owned(), project.join("src")]
        );
    }
}
