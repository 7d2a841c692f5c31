//! What the system tells of changes. It is a hint only: it says when to look, and where.

use std::{
    collections::BTreeSet,
    mem,
    path::{Path, PathBuf},
    sync::mpsc::Sender,
};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind, RenameMode},
};

/// What may have changed since it was last asked.
#[derive(Debug, Default)]
pub struct Hints {
    paths: BTreeSet<PathBuf>,
    /// Too much happened to be told.
    lost: bool,
    /// How often something was told.
    count: usize,
    /// What was told last is that a file was closed by whoever wrote it, or was put in its place.
    is_whole: bool,
}

impl Hints {
    pub fn anything() -> Self {
        Self { lost: true, ..Self::default() }
    }

    pub fn of(paths: BTreeSet<PathBuf>) -> Self {
        Self { paths, ..Self::default() }
    }

    /// None: anything may have changed.
    pub fn paths(&self) -> Option<&BTreeSet<PathBuf>> {
        (!self.lost).then_some(&self.paths)
    }

    /// One file has changed, and is what it was to become. It may have had another name.
    pub fn is_one_whole_file(&self) -> bool {
        self.is_whole && self.paths.len() <= 2
    }

    pub fn are_many(&self) -> bool {
        self.lost || self.count > FEW
    }

    fn add(&mut self, told: notify::Result<Event>) {
        self.count += 1;
        self.is_whole = told.as_ref().is_ok_and(is_whole);
        match told {
            Ok(event) if !event.need_rescan() && self.paths.len() < MOST_PATHS => {
                self.paths.extend(event.paths);
            }
            _ => {
                self.lost = true;
                self.paths.clear();
            }
        }
    }
}

/// Looks after folders as long as it lives.
#[derive(Debug)]
pub struct Changes {
    watcher: RecommendedWatcher,
    /// What lies directly in them is watched.
    folders: BTreeSet<PathBuf>,
    hints: Hints,
    /// A folder came, went or was replaced by another one of its name.
    folders_moved: bool,
}

impl Changes {
    /// `sender` is told of everything; what it is told is to be brought back by [`Self::note`].
    pub fn listen<T: Send + 'static>(
        sender: Sender<T>,
        told: impl Fn(notify::Result<Event>) -> T + Send + 'static,
    ) -> notify::Result<Self> {
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, is_change) {
                // Nobody listens any more.
                let _ = sender.send(told(event));
            }
        })?;
        let hints = Hints::default();
        Ok(Self { watcher, folders: BTreeSet::new(), hints, folders_moved: false })
    }

    pub fn note(&mut self, told: notify::Result<Event>) {
        self.folders_moved |= match &told {
            Ok(event) => {
                event.need_rescan()
                    || event.paths.iter().any(|path| self.folders.contains(path) || path.is_dir())
            }
            Err(_) => true,
        };
        self.hints.add(told);
    }

    pub fn take(&mut self) -> Hints {
        mem::take(&mut self.hints)
    }

    pub fn hints(&self) -> &Hints {
        &self.hints
    }

    /// Folders may have to be watched anew.
    pub fn folders_moved(&self) -> bool {
        self.folders_moved
    }

    /// Watches these folders, and no others. Returns those where something may have happened
    /// before they were watched. Fails where the system cannot, or not that many.
    pub fn cover(&mut self, folders: BTreeSet<PathBuf>) -> notify::Result<BTreeSet<PathBuf>> {
        let known = if mem::take(&mut self.folders_moved) {
            BTreeSet::new()
        } else {
            mem::take(&mut self.folders)
        };
        let fresh: BTreeSet<PathBuf> = folders.difference(&known).cloned().collect();
        let mut paths = self.watcher.paths_mut();
        for gone in known.difference(&folders) {
            // The system may have forgotten it, too.
            let _ = paths.remove(gone);
        }
        for folder in &fresh {
            match paths.add(folder, RecursiveMode::NonRecursive) {
                // It is gone again: the folder above tells.
                Err(error) if is_missing(&error, folder) => {}
                added => added?,
            }
        }
        paths.commit()?;
        self.folders = folders;
        Ok(fresh)
    }
}

fn is_missing(error: &notify::Error, folder: &Path) -> bool {
    matches!(error.kind, notify::ErrorKind::PathNotFound) || !folder.exists()
}

/// Reading a file is an event too, and we read when we look.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

/// No system but Linux tells.
fn is_whole(event: &Event) -> bool {
    matches!(
        event.kind,
        EventKind::Access(AccessKind::Close(AccessMode::Write))
            | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both))
    )
}

const FEW: usize = 100;
/// More are not worth to be told apart.
const MOST_PATHS: usize = 10_000;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::{
        fs,
        sync::mpsc::{Receiver, channel},
        time::Duration,
    };

    use tempfile::TempDir;

    use super::*;

    type Told = Receiver<notify::Result<Event>>;

    fn listen() -> (Changes, Told) {
        let (sender, told) = channel();
        (Changes::listen(sender, |event| event).unwrap(), told)
    }

    fn hears(told: &Told) -> bool {
        let heard = told.recv_timeout(Duration::from_secs(2)).is_ok();
        while told.recv_timeout(Duration::from_millis(20)).is_ok() {}
        heard
    }

    #[test]
    fn writing_is_a_hint_and_reading_is_none() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("a.ts");
        fs::write(&file, "one").unwrap();
        let (mut changes, told) = listen();
        changes.cover(BTreeSet::from([folder.path().to_owned()])).unwrap();
        fs::read(&file).unwrap();
        fs::read_dir(folder.path()).unwrap().count();
        assert!(told.recv_timeout(Duration::from_millis(200)).is_err());
        fs::write(&file, "two").unwrap();
        assert!(hears(&told));
        fs::rename(&file, folder.path().join("b.ts")).unwrap();
        assert!(hears(&told));
    }

    #[test]
    fn a_folder_that_was_made_again_is_watched_again() {
        let folder = TempDir::new().unwrap();
        let inner = folder.path().join("inner");
        let folders = BTreeSet::from([folder.path().to_owned(), inner.clone()]);
        let (mut changes, told) = listen();
        changes.cover(folders.clone()).unwrap();
        for _ in 0..2 {
            fs::create_dir(&inner).unwrap();
            changes.note(told.recv_timeout(Duration::from_secs(2)).unwrap());
            assert!(changes.cover(folders.clone()).unwrap().contains(&inner));
            assert!(changes.cover(folders.clone()).unwrap().is_empty());
            while told.recv_timeout(Duration::from_millis(20)).is_ok() {}
            fs::write(inner.join("a.ts"), "").unwrap();
            assert!(hears(&told));
            fs::remove_dir_all(&inner).unwrap();
            changes.note(told.recv_timeout(Duration::from_secs(2)).unwrap());
            while told.recv_timeout(Duration::from_millis(20)).is_ok() {}
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_is_whole_need_not_be_waited_for() {
        let folder = TempDir::new().unwrap();
        let (mut changes, told) = listen();
        changes.cover(BTreeSet::from([folder.path().to_owned()])).unwrap();
        let mut is_whole = |act: &mut dyn FnMut()| {
            act();
            changes.note(told.recv_timeout(Duration::from_secs(2)).unwrap());
            while let Ok(event) = told.recv_timeout(Duration::from_millis(50)) {
                changes.note(event);
            }
            changes.take().is_one_whole_file()
        };
        let path = |name: &str| folder.path().join(name);
        let mut open = None;
        assert!(!is_whole(&mut || {
            open = Some(fs::File::create(path("a.ts")).unwrap());
        }));
        assert!(is_whole(&mut || drop(open.take())));
        assert!(is_whole(&mut || fs::write(path("a.ts"), "one").unwrap()));
        assert!(is_whole(&mut || {
            fs::write(path("a.ts.new"), "two").unwrap();
            fs::rename(path("a.ts.new"), path("a.ts")).unwrap();
        }));
        assert!(!is_whole(&mut || {
            for name in ["b.ts", "c.ts", "d.ts"] {
                fs::write(path(name), "").unwrap();
            }
        }));
    }

    #[test]
    fn where_too_much_happens_anything_may_have() {
        let mut hints = Hints::default();
        hints.add(Ok(Event::new(EventKind::Any).add_path("/a".into())));
        assert_eq!(hints.paths().unwrap().len(), 1);
        hints.add(Ok(Event::new(EventKind::Other).set_flag(notify::event::Flag::Rescan)));
        assert!(hints.paths().is_none());
    }
}
