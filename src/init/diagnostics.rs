//! Diagnostics about new projects: K190–K194.

use std::io;

use crate::model::{SourcePath, diagnostic::Diagnostic};

#[cold]
pub fn not_empty(folder: &SourcePath, found: &str) -> Diagnostic {
    Diagnostic::error("K190", folder, None, format!("this folder is not empty: it holds {found}"))
        .help("choose a name that is free: nothing is ever overwritten")
}

#[cold]
pub fn no_folder(folder: &SourcePath) -> Diagnostic {
    Diagnostic::error("K190", folder, None, "this is a file").help("choose a name that is free")
}

#[cold]
pub fn bad_name(folder: &SourcePath, name: &str, suggestion: &str) -> Diagnostic {
    Diagnostic::error("K191", folder, None, format!("a package cannot be called '{name}'"))
        .help(format!("small letters, digits, `-`, `_` and `.` can be used: `{suggestion}`, say"))
}

#[cold]
pub fn taken_name(folder: &SourcePath, name: &str) -> Diagnostic {
    Diagnostic::error("K192", folder, None, format!("the project would itself need '{name}'"))
        .help(format!("choose another name: `my-{name}`, say"))
}

#[cold]
pub fn unreadable(folder: &SourcePath, error: &io::Error) -> Diagnostic {
    Diagnostic::error("K193", folder, None, format!("this folder cannot be read: {error}"))
        .help("make it readable, or choose another one")
}

#[cold]
pub fn not_written(folder: &SourcePath, path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error("K194", folder, None, format!("{path} cannot be written: {error}"))
        .help("remove what was written of the project, make the folder writable and start again")
}
