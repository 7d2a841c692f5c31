use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

use walkdir::WalkDir;

use super::{Entry, Files, Kind, Prepared, TEMPORARY_PREFIX, TEMPORARY_SUFFIX};

/// The machine's own file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<bool> {
        if holds(path, bytes) {
            return Ok(false);
        }
        self.put(&beside(path, bytes)?, path).map(|()| true)
    }

    fn prepare(&self, path: &Path, bytes: &[u8]) -> io::Result<Prepared> {
        if holds(path, bytes) {
            return Ok(Prepared::All);
        }
        match beside(path, bytes) {
            Ok(temporary) => Ok(Prepared::Beside(temporary)),
            // A file stands where a folder must be, and may be about to go.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists
                ) =>
            {
                Ok(Prepared::Nothing)
            }
            Err(error) => Err(error),
        }
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn kind(&self, path: &Path) -> io::Result<Kind> {
        Ok(kind(fs::metadata(path)?.file_type()))
    }

    fn link_kind(&self, path: &Path) -> io::Result<Kind> {
        Ok(kind(fs::symlink_metadata(path)?.file_type()))
    }

    fn read_link(&self, path: &Path) -> io::Result<PathBuf> {
        fs::read_link(path).map(without_verbatim_prefix)
    }

    fn canonicalize(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path).map(without_verbatim_prefix)
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<Entry>> {
        WalkDir::new(folder)
            .min_depth(1)
            .max_depth(1)
            .sort_by_file_name()
            .into_iter()
            .map(|entry| {
                let entry = entry.map_err(io::Error::from)?;
                Ok(Entry { name: entry.file_name().to_owned(), kind: kind(entry.file_type()) })
            })
            .collect()
    }

    fn on_disk(&self) -> bool {
        true
    }
}

impl Disk {
    /// Gives what was prepared its name. A file that was half written is worth nothing to anyone.
    pub fn put(self, temporary: &Path, path: &Path) -> io::Result<()> {
        let result = fs::rename(temporary, path);
        if result.is_err() {
            let _ = fs::remove_file(temporary);
        }
        result
    }

    /// Puts `end` in the place of all that a file holds from `at` on. A file that has other names,
    /// too, becomes one of its own. Unlike what [`Files::write`] promises, a reader may see a part
    /// of it.
    pub fn write_end(self, path: &Path, at: u64, end: &[u8]) -> io::Result<()> {
        use io::{Seek, SeekFrom, Write};
        if is_shared(path)? {
            let mut bytes = fs::read(path)?;
            bytes.truncate(usize::try_from(at).unwrap_or(usize::MAX));
            bytes.extend(end);
            return self.write(path, &bytes).map(drop);
        }
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(end)?;
        file.set_len(at + end.len() as u64)
    }
}

#[cfg(unix)]
fn is_shared(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::symlink_metadata(path)?.nlink() > 1)
}

/// Whether it is cannot be told.
#[cfg(not(unix))]
fn is_shared(_: &Path) -> io::Result<bool> {
    Ok(true)
}

/// A regular file at `path` has exactly these bytes.
fn holds(path: &Path, bytes: &[u8]) -> bool {
    fs::symlink_metadata(path)
        .is_ok_and(|found| found.is_file() && found.len() == bytes.len() as u64)
        && fs::read(path).is_ok_and(|found| found == bytes)
}

/// A temporary file beside `path`, with these bytes and the mode of what lies there.
fn beside(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    let folder = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let temporary = folder.join(temporary_name());
    // The folder is there for all files but its first.
    let created = match create(&temporary, bytes) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            fs::create_dir_all(folder)?;
            create(&temporary, bytes)
        }
        created => created,
    };
    // Who may read and write it is its owner's choice.
    let old = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    let created = created.and_then(|()| match old.map(|old| old.permissions()) {
        Some(permissions) if permissions.readonly() => Err(io::ErrorKind::PermissionDenied.into()),
        Some(permissions) => fs::set_permissions(&temporary, permissions),
        None => Ok(()),
    });
    if created.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    created.map(|()| temporary)
}

fn create(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    fs::OpenOptions::new().write(true).create_new(true).open(path)?.write_all(bytes)
}

/// Unlike that of any other write, in this process or in another one.
pub fn temporary_name() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{TEMPORARY_PREFIX}{}-{count}{TEMPORARY_SUFFIX}", process::id())
}

fn kind(found: fs::FileType) -> Kind {
    if found.is_symlink() {
        Kind::Link
    } else if found.is_dir() {
        Kind::Folder
    } else if found.is_file() {
        Kind::File
    } else {
        Kind::Other
    }
}

/// Windows: `\\?\C:\app` → `C:\app`, the form that other tools print and compare.
fn without_verbatim_prefix(path: PathBuf) -> PathBuf {
    match path.to_str().and_then(|text| text.strip_prefix(r"\\?\")) {
        Some(rest) if rest.as_bytes().get(1) == Some(&b':') => PathBuf::from(rest),
        _ => path,
    }
}
