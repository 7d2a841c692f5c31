//! PostgreSQL from npm: `@embedded-postgres/<platform>`, whose folder `native` holds a whole
//! installation but its symbolic links, since npm's archives have none. A script of the package
//! makes them where scripts are allowed.

use std::{
    env, fs, io,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
    process,
};

use serde::Deserialize;
use walkdir::WalkDir;

use super::account::{Account, public_folder};

/// The package's name for this machine.
pub fn name() -> String {
    let system = if cfg!(target_os = "macos") { "darwin" } else { env::consts::OS };
    let processor = match env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("@embedded-postgres/{system}-{processor}")
}

/// The package's folder as Node finds it from the project, or from the project's `kontract`, whose
/// dependency it is.
pub fn locate(project: &Path) -> Option<PathBuf> {
    let name = name();
    resolve(project, &name).or_else(|| resolve(&resolve(project, "kontract")?, &name))
}

fn resolve(from: &Path, package: &str) -> Option<PathBuf> {
    from.ancestors()
        .find_map(|folder| fs::canonicalize(folder.join("node_modules").join(package)).ok())
}

/// The folder of the programs, ready to run as `account`. What is missing in the package is added
/// there, or to a copy in `copies` where it cannot be written or reached.
pub fn prepare(package: &Path, account: Option<&Account>, copies: &Path) -> io::Result<PathBuf> {
    let links = links(package)?;
    let reached = account.is_none_or(|account| account.reaches(&package.join("native/bin/initdb")));
    if reached && add(package, &links).is_ok() {
        return Ok(package.join("native/bin"));
    }
    let version = version(package);
    let copies = copies.join("postgresql");
    let copy = copies.join(&version);
    if !copy.is_dir() {
        let unfinished = copies.join(format!("{version}-unfinished-{}", process::id()));
        public_folder(&unfinished)?;
        duplicate(&package.join("native"), &unfinished.join("native"))?;
        add(&unfinished, &links)?;
        // Another project's run may have been faster.
        if fs::rename(&unfinished, &copy).is_err() && !copy.is_dir() {
            return Err(io::Error::other(format!("{} cannot be made", copy.display())));
        }
        let _ = fs::remove_dir_all(unfinished);
    }
    Ok(copy.join("native/bin"))
}

/// A symbolic link of the package, relative to its folder.
#[derive(Deserialize)]
struct Link {
    /// What it points to.
    source: PathBuf,
    target: PathBuf,
}

fn links(package: &Path) -> io::Result<Vec<Link>> {
    let text = match fs::read(package.join("native/pg-symlinks.json")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut links: Vec<Link> = serde_json::from_slice(&text)?;
    let inside = |path: &Path| path.components().all(|part| matches!(part, Component::Normal(_)));
    links.retain(|link| {
        inside(&link.source) && inside(&link.target) && link.source.parent() == link.target.parent()
    });
    Ok(links)
}

fn add(package: &Path, links: &[Link]) -> io::Result<()> {
    for link in links {
        let Some(name) = link.source.file_name() else { continue };
        match symlink(name, package.join(&link.target)) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Ok(())
}

fn version(package: &Path) -> String {
    #[derive(Deserialize)]
    struct Manifest {
        version: String,
    }
    let text = fs::read(package.join("package.json")).unwrap_or_default();
    let version = serde_json::from_slice(&text).map(|manifest: Manifest| manifest.version);
    version.ok().filter(|version| !version.contains(['/', '\\'])).unwrap_or("unknown".to_owned())
}

/// Hard links where the file system has them: nothing is written to these files.
pub fn duplicate(from: &Path, to: &Path) -> io::Result<()> {
    for entry in WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from).unwrap_or(entry.path()));
        if entry.file_type().is_dir() {
            fs::create_dir_all(&target)?;
            fs::set_permissions(&target, fs::Permissions::from_mode(0o755))?;
        } else if entry.path_is_symlink() {
            symlink(fs::read_link(entry.path())?, &target)?;
        } else if fs::hard_link(entry.path(), &target).is_err() {
            fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
