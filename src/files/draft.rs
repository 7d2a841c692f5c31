//! A file that is written bit by bit, and is what it was until all of it is there.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use super::disk::temporary_name;

pub struct Draft {
    file: BufWriter<File>,
    /// Where it lies until it is kept, and where it belongs. None: it is written where it belongs,
    /// which is no regular file (a pipe, say).
    places: Option<(PathBuf, PathBuf)>,
}

impl Draft {
    pub fn begin(path: &Path) -> io::Result<Self> {
        // What a link leads to is written, and the link stays.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let old = fs::metadata(&path).ok();
        if old.as_ref().is_some_and(|old| !old.is_file()) {
            let file = BufWriter::new(fs::OpenOptions::new().write(true).open(&path)?);
            return Ok(Self { file, places: None });
        }
        let permissions = old.map(|old| old.permissions());
        if permissions.as_ref().is_some_and(fs::Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let temporary = path.with_file_name(temporary_name());
        let file = fs::OpenOptions::new().write(true).create_new(true).open(&temporary)?;
        let draft = Self { file: BufWriter::new(file), places: Some((temporary, path)) };
        if let (Some(permissions), Some((temporary, _))) = (permissions, &draft.places) {
            fs::set_permissions(temporary, permissions)?;
        }
        Ok(draft)
    }

    /// Puts it where it belongs.
    pub fn keep(mut self) -> io::Result<()> {
        self.file.flush()?;
        if let Some((temporary, path)) = &self.places {
            fs::rename(temporary, path)?;
            self.places = None;
        }
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if let Some((temporary, _)) = &self.places {
            let _ = fs::remove_file(temporary);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_by_all_of_another_or_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.jsonl");
        for (text, keep, left) in [("one", true, "one"), ("two", false, "one"), ("3", true, "3")] {
            let mut draft = Draft::begin(&path).unwrap();
            draft.write_all(text.as_bytes()).unwrap();
            if keep {
                draft.keep().unwrap();
            } else {
                drop(draft);
            }
            assert_eq!(fs::read_to_string(&path).unwrap(), left);
            assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        }
        assert!(Draft::begin(&folder.path().join("none/rows.jsonl")).is_err());
        assert!(Draft::begin(folder.path()).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("rows"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut draft = Draft::begin(&link).unwrap();
        draft.write_all(b"new").unwrap();
        draft.keep().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        let mut draft = Draft::begin(Path::new("/dev/null")).unwrap();
        draft.write_all(b"new").unwrap();
        draft.keep().unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
