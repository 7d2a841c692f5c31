//! Diagnostics about writing the outputs: K103–K107.

use std::io;

use crate::model::{SourcePath, diagnostic::Diagnostic};

#[cold]
pub fn leaves_project(path: &str) -> Diagnostic {
    Diagnostic::error(
        "K103",
        &SourcePath::new(path),
        None,
        "this is a symbolic link: outputs would be written to another place",
    )
    .help("remove the link; to build elsewhere, set `[build] out` to a folder of the project")
}

#[cold]
pub fn outside(path: &str) -> Diagnostic {
    Diagnostic::error(
        "K103",
        &SourcePath::new(path),
        None,
        "this output would lie outside the output folder",
    )
    .help("rename the source that it is made from")
}

#[cold]
pub fn not_written(path: &str, error: &io::Error) -> Diagnostic {
    let help = match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make the output folder writable"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some disk space and build again"
        }
        _ => "check the output folder and build again",
    };
    Diagnostic::error(
        "K104",
        &SourcePath::new(path),
        None,
        format!("this output cannot be written: {error}"),
    )
    .help(help)
}

#[cold]
pub fn folder_in_the_way(path: &str) -> Diagnostic {
    Diagnostic::error("K105", &SourcePath::new(path), None, "a folder stands where a file must go")
        .help("move or remove the folder and build again")
}

#[cold]
pub fn file_in_the_way(path: &str) -> Diagnostic {
    Diagnostic::error("K105", &SourcePath::new(path), None, "a file stands where a folder must go")
        .help("move or remove the file and build again")
}

#[cold]
pub fn foreign_file(path: &str) -> Diagnostic {
    Diagnostic::error(
        "K105",
        &SourcePath::new(path),
        None,
        "this file would be overwritten, but kontract did not make it",
    )
    .help("move or remove it, or set `[build] out` to a folder of its own")
}

#[cold]
pub fn bad_record(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::warning(
        "K106",
        &SourcePath::new(path),
        None,
        format!("the list of earlier outputs cannot be read: {reason}"),
    )
    .help(
        "outputs of sources that are gone stay behind: remove the output folder to be rid of them",
    )
}

#[cold]
pub fn unreadable_record(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(
        "K106",
        &SourcePath::new(path),
        None,
        format!("the list of earlier outputs cannot be read: {error}"),
    )
    .help("make it readable, or remove the output folder")
}

#[cold]
pub fn not_removed(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::warning(
        "K107",
        &SourcePath::new(path),
        None,
        format!("this output of an earlier build cannot be removed: {error}"),
    )
    .help("remove it by hand")
}

#[cold]
pub fn changed_by_hand(path: &str) -> Diagnostic {
    Diagnostic::warning(
        "K107",
        &SourcePath::new(path),
        None,
        "this output of an earlier build was changed since, and is left in place",
    )
    .help("remove it, unless you need it")
}
