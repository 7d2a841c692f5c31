//! Notices that something changed. What the system tells is a hint only: it says when to look.

use std::{collections::BTreeSet, path::PathBuf, sync::Arc, time::Duration};

use notify::{
    Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::{sync::Notify, time::timeout};

/// Looks after folders as long as it lives.
#[derive(Debug)]
pub struct Watch {
    hint: Arc<Notify>,
    /// None: there will be no hints.
    watcher: Option<RecommendedWatcher>,
}

impl Watch {
    /// Without hints: looks in intervals.
    pub fn polling() -> Self {
        Self { hint: Arc::default(), watcher: None }
    }

    /// What lies directly in the folders is watched. Fails where the system cannot, or not that
    /// many.
    pub fn over(folders: &BTreeSet<PathBuf>) -> notify::Result<Self> {
        let hint = Arc::<Notify>::default();
        let sender = Arc::clone(&hint);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            if event.as_ref().map_or(true, is_change) {
                sender.notify_one();
            }
        })?;
        let mut paths = watcher.paths_mut();
        for folder in folders {
            match paths.add(folder, RecursiveMode::NonRecursive) {
                // It is gone again: the folder above tells.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                added => added?,
            }
        }
        paths.commit()?;
        Ok(Self { hint, watcher: Some(watcher) })
    }

    /// Ends when it is time to look: some moments after a hint, or after an interval.
    pub async fn time_to_look(&self) {
        if self.watcher.is_none() {
            return tokio::time::sleep(INTERVAL).await;
        }
        self.hint.notified().await;
        self.quiet().await;
    }

    /// Ends when nothing happens any more: editors empty a file before they fill it, and version
    /// control writes many.
    pub async fn quiet(&self) {
        let quiet = async { while timeout(QUIET, self.hint.notified()).await.is_ok() {} };
        // A program that writes all the time must not keep us from looking.
        let _ = timeout(LONGEST_WAIT, quiet).await;
    }
}

/// Reading a file is an event too, and we read when we look.
fn is_change(event: &Event) -> bool {
    match event.kind {
        EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

const QUIET: Duration = Duration::from_millis(20);
const LONGEST_WAIT: Duration = Duration::from_millis(300);
const INTERVAL: Duration = Duration::from_millis(500);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    async fn hints(watch: &Watch) -> bool {
        timeout(Duration::from_secs(2), watch.time_to_look()).await.is_ok()
    }

    #[tokio::test]
    async fn writing_is_a_hint_and_reading_is_none() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("a.ts");
        fs::write(&file, "one").unwrap();
        let watch = Watch::over(&BTreeSet::from([folder.path().to_owned()])).unwrap();
        fs::read(&file).unwrap();
        fs::read_dir(folder.path()).unwrap().count();
        let silence = timeout(Duration::from_millis(300), watch.time_to_look()).await;
        assert!(silence.is_err());
        fs::write(&file, "two").unwrap();
        assert!(hints(&watch).await);
        fs::rename(&file, folder.path().join("b.ts")).unwrap();
        assert!(hints(&watch).await);
    }

    #[tokio::test]
    async fn a_folder_that_is_gone_fails_nothing() {
        let folder = TempDir::new().unwrap();
        let folders = BTreeSet::from([folder.path().to_owned(), folder.path().join("gone")]);
        let watch = Watch::over(&folders).unwrap();
        fs::create_dir(folder.path().join("gone")).unwrap();
        assert!(hints(&watch).await);
    }

    #[tokio::test]
    async fn without_hints_it_looks_in_intervals() {
        assert!(hints(&Watch::polling()).await);
    }
}
