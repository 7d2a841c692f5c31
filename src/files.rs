//! Files as the compiler sees them: on disk, or in memory for tests.
//!
//! Nothing else in the compiler touches a file system. Paths are absolute.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::{Path, PathBuf},
};

mod disk;
mod draft;
mod memory;
mod private;

pub use disk::Disk;
pub use draft::Draft;
pub use memory::Memory;
pub use private::write_private;

/// What `discover`, `gather` (module resolution) and `write` need of a file system.
pub trait Files: Send + Sync {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Puts `bytes` at `path`, making its folders. A reader sees the old bytes or the new ones,
    /// never a part: the bytes go to a temporary file beside it, which is then renamed. A file
    /// that holds these bytes already is not touched. A symbolic link at `path` is replaced, not
    /// written through; a file keeps its mode, and one that nobody may write is an error. Returns
    /// whether anything changed.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<bool>;

    /// The first part of [`Self::write`], and all of it that needs room on a disk.
    fn prepare(&self, _path: &Path, _bytes: &[u8]) -> io::Result<Prepared> {
        Ok(Prepared::Nothing)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder; fails where it is not empty.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// What is at `path`, symbolic links followed: never `Kind::Link`.
    fn kind(&self, path: &Path) -> io::Result<Kind>;

    /// What is at `path` itself.
    fn link_kind(&self, path: &Path) -> io::Result<Kind>;

    fn read_link(&self, path: &Path) -> io::Result<PathBuf>;

    /// The absolute path without symbolic links, `.` and `..`. On Windows never the `\\?\` form.
    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf>;

    /// The entries of a folder, sorted by name.
    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>>;

    /// Other programs see the same files.
    fn on_disk(&self) -> bool {
        false
    }

    fn is_file(&self, path: &Path) -> bool {
        self.kind(path).is_ok_and(|kind| kind == Kind::File)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.kind(path).is_ok_and(|kind| kind == Kind::Folder)
    }
}

/// How much of a write has been done.
#[derive(Debug)]
pub enum Prepared {
    /// The file holds the bytes already.
    All,
    /// They lie in a temporary file: [`Disk::put`].
    Beside(PathBuf),
    Nothing,
}

/// A write that was interrupted may leave a file of such a name.
pub fn is_temporary(name: &OsStr) -> bool {
    let rest = name.to_str().and_then(|name| name.strip_prefix(TEMPORARY_PREFIX));
    let numbers = rest.and_then(|rest| rest.strip_suffix(TEMPORARY_SUFFIX));
    numbers.is_some_and(|numbers| numbers.bytes().all(|b| b.is_ascii_digit() || b == b'-'))
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    File,
    Folder,
    Link,
    /// A pipe, socket or device: reading it may never end.
    Other,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Entry {
    pub name: OsString,
    /// Of the entry itself: links are not followed.
    pub kind: Kind,
}

const TEMPORARY_PREFIX: &str = ".kontract-";
const TEMPORARY_SUFFIX: &str = ".tmp";

#[cfg(test)]
mod tests;
