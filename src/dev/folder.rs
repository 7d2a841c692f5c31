//! `.kontract/dev`: what development keeps between its runs.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process,
};

use super::diagnostics;
use crate::model::diagnostic::Diagnostic;

/// Of one project, and of one process as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Held until the process ends, however it ends; children do not inherit it.
    _lock: File,
}

impl Folder {
    pub fn open(project: &Path) -> Result<Self, Diagnostic> {
        let path = project.join(".kontract").join("dev");
        let unusable = |error: io::Error| diagnostics::folder_unusable(&path, &error);
        make(&path).map_err(unusable)?;
        let path = fs::canonicalize(&path).map_err(unusable)?;
        let unusable = |error: io::Error| diagnostics::folder_unusable(&path, &error);
        let ignore = project.join(".kontract").join(".gitignore");
        if !ignore.exists() {
            fs::write(&ignore, "*\n").map_err(unusable)?;
        }
        let mut lock = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let _ = lock.read_to_string(&mut holder);
                return Err(diagnostics::already_running(project, holder.trim()));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let written = lock
            .set_len(0)
            .and_then(|()| lock.rewind())
            .and_then(|()| write!(lock, "{}", process::id()));
        written.map_err(unusable)?;
        Ok(Self { path, _lock: lock })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text of the file `secret`, readable by its owner alone. `make` gives what it holds from
    /// then on where there is none yet.
    pub fn secret(&self, make: impl FnOnce() -> String) -> Result<String, Diagnostic> {
        let path = self.path.join("secret");
        match fs::read_to_string(&path) {
            Ok(secret) => Ok(secret.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let secret = make();
                write_private(&path, &secret)
                    .map_err(|error| diagnostics::folder_unusable(&self.path, &error))?;
                Ok(secret)
            }
            Err(error) => Err(diagnostics::folder_unusable(&self.path, &error)),
        }
    }
}

/// PostgreSQL may run as another user, who must be able to pass through.
fn make(path: &Path) -> io::Result<()> {
    let missing: Vec<&Path> =
        path.ancestors().take(2).take_while(|folder| !folder.exists()).collect();
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    for folder in missing {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    #[cfg(not(unix))]
    drop(missing);
    Ok(())
}

/// All of it or nothing: half a secret would be one from then on.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let temporary = path.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(temporary, path)
}
