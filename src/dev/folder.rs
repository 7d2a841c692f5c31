//! `.kontract/dev`: what development keeps between its runs.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use kontract_runtime::{config::Secret, gateway::StaticKeys};

use super::diagnostics;
use crate::{files::write_private, hash, model::diagnostic::Diagnostic};

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

    /// What another command said of the last migration of the database.
    pub fn last_migration(&self) -> Option<Vec<u8>> {
        fs::read(self.path.join(MIGRATED)).ok()
    }

    /// Ends when another command has migrated the database since it said `last`.
    pub async fn migrated_after(&self, last: &Option<Vec<u8>>) {
        while self.last_migration() == *last {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// Tells the run of a project, if there is one, that its database was migrated.
    pub fn tell_migrated(project: &Path) {
        let file = Self::of(project).join(MIGRATED);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Without it the next change of a source has the same effect.
        let _ = fs::write(file, now.as_nanos().to_string());
    }

    /// The `KONTRACT_SECRET` of development: random, readable by its owner alone, and the same in
    /// every run, so that sessions outlive a restart.
    pub fn secret(&self) -> Result<String, Diagnostic> {
        let made = kept(&self.path.join("secret"), || {
            let mut bytes = [0; 32];
            getrandom::fill(&mut bytes).map_err(io::Error::other)?;
            Ok(hash::hex(&bytes))
        });
        made.map_err(|error| diagnostics::folder_unusable(&self.path, &error))
    }

    /// The `KONTRACT_STATIC_KEY` of development. Beside it lies what builds pin.
    pub fn static_key(&self) -> Result<Secret, Diagnostic> {
        let made = kept(&self.path.join("static-key"), || {
            let keys = StaticKeys::generate(1);
            let keys = keys.ok_or_else(|| io::Error::other("the system gives no random bytes"))?;
            Ok(keys.secret().expose().to_owned())
        });
        let pinned = made.and_then(|text| {
            let secret = Secret::new(text);
            let keys = StaticKeys::parse(&secret);
            let keys = keys.map_err(|reason| {
                io::Error::other(format!("static-key {reason}; remove it, and another is made"))
            })?;
            let pins: Vec<String> = keys.pins().iter().map(ToString::to_string).collect();
            let file = self.path.join("pin");
            if fs::read_to_string(&file).ok().as_deref() != Some(&*pins[0]) {
                fs::write(file, &pins[0])?;
            }
            Ok(secret)
        });
        pinned.map_err(|error| diagnostics::folder_unusable(&self.path, &error))
    }
}

/// What a file of the folder holds; made where it is not there.
fn kept(path: &Path, make: impl FnOnce() -> io::Result<String>) -> io::Result<String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let text = make()?;
            write_private(path, &text)?;
            Ok(text)
        }
        Err(error) => Err(error),
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

const MIGRATED: &str = "migrated";
const INTERVAL: Duration = Duration::from_millis(500);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::config::DEVELOPMENT_PIN;

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
    fn builds_know_the_key_that_is_kept() {
        let project = TempDir::new().unwrap();
        let folder = Folder::open(project.path()).unwrap();
        let key = folder.static_key().unwrap();
        assert_eq!(folder.static_key().unwrap(), key);
        let pinned = fs::read_to_string(project.path().join(DEVELOPMENT_PIN)).unwrap();
        assert_eq!(StaticKeys::parse(&key).unwrap().pins()[0].to_string(), pinned);
        fs::write(folder.path().join("static-key"), "nothing").unwrap();
        assert!(folder.static_key().unwrap_err().message.contains("static-key"));
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
