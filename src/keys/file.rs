//! A file of variables, as long as nobody else changes it.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use kontract_runtime::{config::Secret, gateway::StaticKeys};

use super::{VARIABLE, diagnostics};
use crate::{files::write_private, model::diagnostic::Diagnostic};

#[derive(Debug)]
pub struct KeyFile {
    /// As it was named.
    named: PathBuf,
    /// Where it is: the end of a link.
    path: PathBuf,
    lock: PathBuf,
    /// Held until this is dropped, or the process ends.
    _held: File,
}

impl KeyFile {
    /// Takes a file that may not be there yet, for itself.
    pub fn open(named: &Path) -> Result<Self, Diagnostic> {
        let path = resolve(named)?;
        let mut lock = path.clone().into_os_string();
        lock.push(".lock");
        let lock = PathBuf::from(lock);
        let held = hold(&lock).map_err(|error| diagnostics::unusable(named, &error))?;
        let held = held.ok_or_else(|| diagnostics::busy(named))?;
        Ok(Self { named: named.to_owned(), path, lock, _held: held })
    }

    /// Refuses to take the place of keys that clients may know.
    pub fn check_new(&self) -> Result<(), Diagnostic> {
        match self.read()? {
            Some(_) => Err(diagnostics::has_keys(&self.named)),
            None => Ok(()),
        }
    }

    /// The keys that are to be rotated.
    pub fn existing(&self) -> Result<Secret, Diagnostic> {
        let found = self.read()?;
        found.ok_or_else(|| diagnostics::no_key(&self.named.display().to_string(), "holds no key"))
    }

    /// Puts keys into the file, which its owner alone may read then; its other lines stay.
    pub fn write(&self, keys: &StaticKeys) -> Result<(), Diagnostic> {
        let before = self.text()?;
        let secret = keys.secret();
        let line = format!("{VARIABLE}={}", secret.expose());
        let mut lines: Vec<&str> = before.lines().collect();
        match lines.iter_mut().find(|line| value_of(line).is_some()) {
            Some(place) => *place = &line,
            None => lines.push(&line),
        }
        let text = format!("{}\n", lines.join("\n"));
        write_private(&self.path, &text).map_err(|error| diagnostics::unusable(&self.named, &error))
    }

    /// The value of the variable; None where there is no such line.
    fn read(&self) -> Result<Option<Secret>, Diagnostic> {
        let text = self.text()?;
        let value = text.lines().find_map(value_of);
        Ok(value.map(|value| Secret::new(value.trim().trim_matches(['"', '\'']))))
    }

    fn text(&self) -> Result<String, Diagnostic> {
        match fs::read_to_string(&self.path) {
            Ok(text) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(diagnostics::unusable(&self.named, &error)),
        }
    }
}

impl Drop for KeyFile {
    fn drop(&mut self) {
        // Where it stays it is in nobody's way.
        let _ = fs::remove_file(&self.lock);
    }
}

/// Where a file is, or will be. What is written takes the place of a file, so it has to be one.
fn resolve(named: &Path) -> Result<PathBuf, Diagnostic> {
    let unusable = |error: io::Error| diagnostics::unusable(named, &error);
    let path = match fs::symlink_metadata(named) {
        Ok(found) if found.is_symlink() => match fs::canonicalize(named) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(diagnostics::leads_nowhere(named));
            }
            path => path.map_err(unusable)?,
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(named.to_owned()),
        found => found.map(|_| named.to_owned()).map_err(unusable)?,
    };
    if fs::metadata(&path).map_err(unusable)?.is_file() {
        Ok(path)
    } else {
        Err(diagnostics::no_file(named))
    }
}

/// Locks a file, made for that; None where another process has done so.
fn hold(path: &Path) -> io::Result<Option<File>> {
    for _ in 0..TRIES {
        let mut options = File::options();
        let file = options.read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            // It may have been removed meanwhile, by whoever held it.
            Ok(()) if is_at(&file, path) => return Ok(Some(file)),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::other(format!("{} is in the way", path.display())))
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (held, found) = (file.metadata(), fs::symlink_metadata(path));
    held.is_ok_and(|held| {
        found.is_ok_and(|found| (found.dev(), found.ino()) == (held.dev(), held.ino()))
    })
}

/// A file that is open is not removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}

fn value_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.strip_prefix(VARIABLE)?.strip_prefix('=')
}

const TRIES: usize = 16;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::thread;

    use tempfile::TempDir;

    use super::*;
    use crate::keys::{generate, rotate};

    fn write(file: &Path, keys: &StaticKeys) {
        KeyFile::open(file).unwrap().write(keys).unwrap();
    }

    #[test]
    fn a_file_keeps_its_other_lines_and_is_private() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join(".env");
        fs::write(&file, "A=1\nexport KONTRACT_STATIC_KEY=\"old\"\nB=2").unwrap();
        let opened = KeyFile::open(&file).unwrap();
        assert_eq!(opened.check_new().unwrap_err().code, "K331");
        let keys = generate().unwrap();
        opened.write(&keys).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("A=1\nKONTRACT_STATIC_KEY=") && text.ends_with("\nB=2\n"));
        let kept = opened.existing().unwrap();
        assert_eq!(StaticKeys::parse(&kept).unwrap().pins(), keys.pins());
        assert_eq!(rotate(&kept, "it").unwrap().pins()[0], keys.pins()[1]);
        drop(opened);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_without_keys_can_be_given_some_and_not_rotated() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("new");
        let opened = KeyFile::open(&file).unwrap();
        assert_eq!(opened.existing().unwrap_err().code, "K332");
        opened.check_new().unwrap();
        opened.write(&generate().unwrap()).unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap().lines().count(), 1);
        let wrong = rotate(&Secret::new("not a key"), "here").unwrap_err();
        assert_eq!(wrong.code, "K332");
        assert!(!wrong.message.contains("not a key"));
    }

    #[test]
    fn of_two_runs_at_once_one_changes_it() {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join(".env");
        let first = KeyFile::open(&file).unwrap();
        assert_eq!(KeyFile::open(&file).unwrap_err().code, "K334");
        drop(first);
        let made = thread::scope(|scope| {
            let run = || {
                let opened = KeyFile::open(&file).ok()?;
                opened.check_new().ok()?;
                let keys = generate().unwrap();
                opened.write(&keys).unwrap();
                Some(keys)
            };
            let runs: Vec<_> = (0..16).map(|_| scope.spawn(run)).collect();
            runs.into_iter().filter_map(|run| run.join().unwrap()).collect::<Vec<_>>()
        });
        let kept = KeyFile::open(&file).unwrap().existing().unwrap();
        assert_eq!(made.len(), 1);
        assert_eq!(StaticKeys::parse(&kept).unwrap().pins(), made[0].pins());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_what_is_no_file_is_refused() {
        use std::os::unix::fs::symlink;
        let folder = TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("shared")).unwrap();
        fs::write(at("shared/.env"), "A=1\n").unwrap();
        symlink("shared/.env", at(".env")).unwrap();
        write(&at(".env"), &generate().unwrap());
        assert!(fs::symlink_metadata(at(".env")).unwrap().is_symlink());
        assert!(fs::read_to_string(at("shared/.env")).unwrap().starts_with("A=1\nKONTRACT_"));
        let busy = KeyFile::open(&at("shared/.env")).unwrap();
        assert_eq!(KeyFile::open(&at(".env")).unwrap_err().code, "K334");
        drop(busy);

        symlink("nowhere", at("dangling")).unwrap();
        symlink("/dev/null", at("null")).unwrap();
        for (name, code) in [("dangling", "K335"), ("null", "K336"), ("shared", "K336")] {
            assert_eq!(KeyFile::open(&at(name)).unwrap_err().code, code, "{name}");
        }
        assert_eq!(KeyFile::open(&at("missing/.env")).unwrap_err().code, "K330");
    }
}
