//! What the compiler writes itself, which is no news to it.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use crate::files::{Disk, Files};

/// Folders with all that is in them, and single files.
#[derive(Clone, Debug, Default)]
pub struct Own {
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

impl Own {
    pub fn holds(&self, path: &Path) -> bool {
        self.folders.iter().any(|folder| path.starts_with(folder))
    }

    /// The names of those that lie in this folder.
    pub fn folders_in(&self, folder: &Path) -> impl Iterator<Item = &OsStr> {
        let within = self.folders.iter().filter(move |own| own.parent() == Some(folder));
        within.filter_map(|own| own.file_name())
    }

    fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.folders.iter().chain(&self.files)
    }

    /// What lies at `path` was made by the compiler, or to hold what was.
    pub fn made(&self, path: &Path) -> bool {
        if self.paths().any(|own| own == path) {
            return true;
        }
        let is_above = self.paths().any(|own| own.starts_with(path));
        let entries = || Disk.list(path).unwrap_or_default();
        is_above && entries().iter().all(|entry| self.made(&path.join(&entry.name)))
    }

    /// The compiler makes folders in this one to hold what it makes.
    pub fn is_deep_in(&self, folder: &Path) -> bool {
        self.paths().any(|own| own.starts_with(folder) && own.parent() != Some(folder))
    }
}
