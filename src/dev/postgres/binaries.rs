//! Which PostgreSQL is run.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use super::{
    account::{Account, command},
    package,
};
use crate::{
    dev::{
        diagnostics::{self, LEAST_VERSION},
        session::Environment,
    },
    model::diagnostic::Diagnostic,
};

/// Where PostgreSQL may be.
#[derive(Clone, Debug)]
pub struct Surroundings {
    pub project: PathBuf,
    /// `KONTRACT_POSTGRES`: the folder of the npm package, as `kontract`'s own launcher found it.
    pub package: Option<PathBuf>,
    /// `PATH`
    pub path: OsString,
}

impl Surroundings {
    pub fn of(project: &Path, environment: &Environment) -> Self {
        Self {
            project: project.to_owned(),
            package: environment.package.clone(),
            path: environment.path.clone(),
        }
    }

    fn package(&self) -> Option<PathBuf> {
        let named = self.package.clone().filter(|folder| folder.join("native").is_dir());
        named.or_else(|| package::locate(&self.project))
    }
}

/// The programs of one installation; they can be run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Binaries {
    /// Holds `postgres` and `initdb`.
    pub folder: PathBuf,
    /// `18.4`
    pub version: String,
    pub major: u32,
}

/// The first of the npm package, PATH and the usual folders that can be run and, where there is a
/// database already, has its version. `copies` is where the package may be copied to.
pub async fn find(
    surroundings: &Surroundings,
    account: Option<&Account>,
    copies: &Path,
    data: &Path,
    version: Option<u32>,
) -> Result<Binaries, Diagnostic> {
    let mut unfit = Vec::new();
    let mut others = Vec::new();
    let package = surroundings.package();
    let packaged = package.iter().filter_map(|package| {
        let prepared = package::prepare(package, account, copies);
        let failed = |error| unfit.push(format!("{}: {error}", package.display()));
        prepared.map_err(failed).ok()
    });
    let packaged: Vec<PathBuf> = packaged.collect();
    for folder in packaged.into_iter().chain(installed(&surroundings.path)) {
        match examine(&folder, account).await {
            Ok(binaries) if version.is_none_or(|version| version == binaries.major) => {
                return Ok(binaries);
            }
            Ok(binaries) => others.push(format!("{} ({})", binaries.version, folder.display())),
            Err(reason) => unfit.push(format!("{}: {reason}", folder.display())),
        }
    }
    Err(match version {
        Some(version) if !others.is_empty() => diagnostics::other_version(data, version, &others),
        _ => diagnostics::no_postgres(&package::name(), &unfit),
    })
}

/// What is on PATH, and what packages of Linux distributions and Homebrew leave off it.
fn installed(path: &OsStr) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> =
        env::split_paths(path).filter_map(|folder| real(&folder)).collect();
    for (parent, prefix) in VERSIONED {
        let entries = fs::read_dir(parent).into_iter().flatten().filter_map(Result::ok);
        let mut versions: Vec<(u32, PathBuf)> = entries
            .filter_map(|entry| {
                let name = entry.file_name();
                let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
                Some((version, real(&entry.path().join("bin"))?))
            })
            .collect();
        versions.sort();
        folders.extend(versions.into_iter().rev().map(|(_, folder)| folder));
    }
    let mut seen = Vec::new();
    folders.retain(|folder| {
        !seen.contains(folder) && {
            seen.push(folder.clone());
            true
        }
    });
    folders
}

/// Where `postgres` of a folder of links is.
fn real(folder: &Path) -> Option<PathBuf> {
    let postgres = fs::canonicalize(folder.join("postgres")).ok()?;
    Some(postgres.parent()?.to_owned())
}

pub async fn examine(folder: &Path, account: Option<&Account>) -> Result<Binaries, String> {
    if !folder.join("initdb").is_file() {
        return Err("there is no `initdb` beside `postgres`".to_owned());
    }
    let postgres = folder.join("postgres");
    if let Some(account) = account.filter(|account| !account.reaches(&postgres)) {
        return Err(format!("{} may not run it", account.name));
    }
    let output = command(&postgres, account, Path::new("/")).arg("--version").output().await;
    let output = output.map_err(|error| format!("it cannot be run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let Some((version, major)) = parse_version(&text).filter(|_| output.status.success()) else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("it cannot be run: {}", complaint.trim()));
    };
    if major < LEAST_VERSION {
        return Err(format!("it is PostgreSQL {version}, and {LEAST_VERSION} is needed"));
    }
    Ok(Binaries { folder: folder.to_owned(), version: version.to_owned(), major })
}

/// `postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` → `15.18`, 15
fn parse_version(text: &str) -> Option<(&str, u32)> {
    let version = text.split("(PostgreSQL) ").nth(1)?.split_whitespace().next()?;
    let digits = version.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(version.len());
    Some((version, version[..digits].parse().ok()?))
}

/// Folders of installations by version: `<parent>/<prefix><version>/bin`.
const VERSIONED: [(&str, &str); 4] = [
    ("/usr/lib/postgresql", ""),
    ("/usr", "pgsql-"),
    ("/opt/homebrew/opt", "postgresql@"),
    ("/usr/local/opt", "postgresql@"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_what_postgres_says() {
        let read = |text| parse_version(text).map(|(version, major)| (version.to_owned(), major));
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(read(debian), Some(("15.18".to_owned(), 15)));
        assert_eq!(read("postgres (PostgreSQL) 19beta2\n"), Some(("19beta2".to_owned(), 19)));
        assert_eq!(read("postgres: command not found"), None);
    }
}
