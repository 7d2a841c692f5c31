//! `.kontract/dev`: what development keeps between its runs.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process,
};

use super::diagnostics;
use crate::{hash, model::diagnostic::Diagnostic};

/// Of one project, and of one process as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// Held until the process ends, however it ends; children do not inherit it.
    _lock: File,
}

impl Folder {
    /// Where it is.
    pub fn of(project: &Path) -> PathBuf {
        project.join(".kontract").join("dev")
    }

    pub fn open(project: &Path) -> Result<Self, Diagnostic> {
        let path = Self::of(project);
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

    /// The `KONTRACT_SECRET` of development: random, readable by its owner alone, and the same in
    /// every run, so that sessions outlive a restart.
    pub fn secret(&self) -> Result<String, Diagnostic> {
        let path = self.path.join("secret");
        let unusable = |error| diagnostics::folder_unusable(&self.path, &error);
        match fs::read_to_string(&path) {
            Ok(secret) => Ok(secret.trim().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = [0; 32];
                getrandom::fill(&mut bytes).map_err(|error| unusable(io::Error::other(error)))?;
                let secret = hash::hex(&bytes);
                write_private(&path, &secret).map_err(unusable)?;
                Ok(secret)
            }
            Err(error) => Err(unusable(error)),
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn git_ignores_all_of_it() {
        let project = TempDir::new().unwrap();
        Folder::open(project.path()).unwrap();
        let ignored = fs::read_to_string(project.path().join(".kontract/.gitignore")).unwrap();
        assert_eq!(ignored, "*\n");
    }

    #[test]
    fn a_folder_belongs_to_one_run() {
        let project = TempDir::new().unwrap();
        let first = Folder::open(project.path()).unwrap();
        let error = Folder::open(project.path()).unwrap_err();
        assert_eq!(error.code, "K182");
        assert!(error.message.contains(&format!("as process {}", process::id())));
        drop(first);
        Folder::open(project.path()).unwrap();
    }

    #[test]
    fn the_secret_is_random_private_and_kept() {
        let (one, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        let folder = Folder::open(one.path()).unwrap();
        let secret = folder.secret().unwrap();
        assert_eq!(secret.len(), 64);
        assert_eq!(folder.secret().unwrap(), secret);
        assert_ne!(Folder::open(other.path()).unwrap().secret().unwrap(), secret);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let file = fs::metadata(folder.path().join("secret")).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
    }
}
