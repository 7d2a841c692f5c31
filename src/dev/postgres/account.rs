//! The user that PostgreSQL runs as where `kontract dev` is root: PostgreSQL refuses that one.

use std::{
    env, fs, io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
};

use nix::unistd::{Uid, User, geteuid};
use tokio::process::Command;

use crate::{dev::diagnostics, model::diagnostic::Diagnostic};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    pub name: String,
    uid: u32,
    gid: u32,
}

impl Account {
    /// None where PostgreSQL runs as this process does. Otherwise whoever owns the data already,
    /// then the user behind `sudo`, then `postgres`, then `nobody`.
    pub fn needed(data: &Path) -> Result<Option<Self>, Diagnostic> {
        let owner = fs::metadata(data).ok().map(|data| data.uid());
        if !geteuid().is_root() {
            return match owner.filter(|owner| *owner != geteuid().as_raw()) {
                Some(owner) => Err(diagnostics::of_another_user(data, &Self::of(owner).name)),
                None => Ok(None),
            };
        }
        let caller = || env::var("SUDO_UID").ok()?.parse().ok();
        let uid = owner.filter(|uid| *uid != 0).or_else(caller).filter(|uid| *uid != 0);
        let named = |name| User::from_name(name).ok().flatten().map(Self::from);
        let account = match uid {
            Some(uid) => Some(Self::of(uid)),
            None => named("postgres").or_else(|| named("nobody")),
        };
        match account {
            Some(account) => Ok(Some(account)),
            None => Err(diagnostics::no_account("there is no user `postgres` or `nobody`")),
        }
    }

    fn of(uid: u32) -> Self {
        match User::from_uid(Uid::from_raw(uid)) {
            Ok(Some(user)) => Self::from(user),
            _ => Self { name: format!("user {uid}"), uid, gid: uid },
        }
    }

    /// Every folder on the way may be passed, and `path` itself read, as far as modes tell.
    pub fn reaches(&self, path: &Path) -> bool {
        fs::canonicalize(path).is_ok_and(|path| {
            path.ancestors().all(|part| {
                let wanted = if fs::metadata(part).is_ok_and(|part| part.is_dir()) { 1 } else { 4 };
                fs::metadata(part).is_ok_and(|metadata| {
                    let mode = metadata.permissions().mode();
                    let mode = if metadata.uid() == self.uid {
                        mode >> 6
                    } else if metadata.gid() == self.gid {
                        mode >> 3
                    } else {
                        mode
                    };
                    mode & wanted == wanted
                })
            })
        })
    }

    pub fn own(&self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
    }
}

impl From<User> for Account {
    fn from(user: User) -> Self {
        Self { name: user.name, uid: user.uid.as_raw(), gid: user.gid.as_raw() }
    }
}

/// A command of PostgreSQL's, run in `folder` by whoever may.
pub fn command(program: &Path, account: Option<&Account>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    // On macOS the server becomes multithreaded, and ends itself, where the locale is looked up.
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    // A group of its own: Ctrl-C in the terminal is for us, who stop it in its turn.
    command.process_group(0).kill_on_drop(true);
    if let Some(account) = account {
        command.uid(account.uid).gid(account.gid);
    }
    command
}

/// A folder that only PostgreSQL may enter.
pub fn private_folder(path: &Path, account: Option<&Account>) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    account.map_or(Ok(()), |account| account.own(path))
}

/// A folder that everybody may pass, as the one above it.
pub fn public_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    for folder in path.ancestors().take(2) {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Where root puts what the account cannot reach in the project: a folder for each project.
pub fn reachable_folder(project: &Path) -> PathBuf {
    let hash = crate::hash::hex(project.to_string_lossy().as_bytes());
    let name = project.file_name().unwrap_or_default().to_string_lossy();
    Path::new(REACHABLE).join(format!("{name}-{}", &hash[..8]))
}

/// On Linux and macOS root may write there, and everybody may pass.
pub const REACHABLE: &str = "/var/lib/kontract";
