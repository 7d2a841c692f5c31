//! Diagnostics about finding the sources: K098–K102.

use std::io;

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

#[cold]
pub fn no_sources(include: &[String]) -> Diagnostic {
    Diagnostic::error(
        "K098",
        &SourcePath::new(""),
        None,
        format!("there are no sources: nothing matches {}", list(include)),
    )
    .help("run kontract in the project's folder, or set `[build] include` in kontract.toml")
}

#[cold]
pub fn unmatched_include(pattern: &str) -> Diagnostic {
    Diagnostic::warning(
        "K098",
        &SourcePath::new(""),
        None,
        format!("no source matches `{pattern}` of `[build] include`"),
    )
    .help("correct the pattern, or remove it; files listed in .gitignore are no sources")
}

#[cold]
pub fn unreadable_folder(folder: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::error(
        "K099",
        &SourcePath::new(folder),
        None,
        format!("this folder cannot be read: {error}"),
    )
    .help("make it readable, or add it to `[build] exclude` if it holds no sources")
}

#[cold]
pub fn unreadable_file(file: &SourcePath, error: &io::Error) -> Diagnostic {
    Diagnostic::error("K099", file, None, format!("this file cannot be read: {error}"))
        .help("make it readable, or add it to `[build] exclude` if it is no source")
}

#[cold]
pub fn broken_link(path: &str, error: &io::Error) -> Diagnostic {
    Diagnostic::warning(
        "K100",
        &SourcePath::new(path),
        None,
        format!("this symbolic link cannot be followed and is skipped: {error}"),
    )
    .help("remove the link, or point it to a file that exists")
}

#[cold]
pub fn link_loop(path: &str) -> Diagnostic {
    Diagnostic::warning(
        "K100",
        &SourcePath::new(path),
        None,
        "this symbolic link leads back to a folder that contains it, and is skipped",
    )
    .help("remove the link, or add it to `[build] exclude`")
}

#[cold]
pub fn unusable_name(path: &str, reason: &str) -> Diagnostic {
    Diagnostic::error(
        "K101",
        &SourcePath::new(path),
        None,
        format!("this name cannot be imported on every system: {reason}"),
    )
    .help("rename it, or add it to `[build] exclude`")
}

#[cold]
pub fn same_output(file: &SourcePath, other: &SourcePath) -> Diagnostic {
    let reason = if file.as_str().eq_ignore_ascii_case(other.as_str())
        || file.as_str().to_lowercase() == other.as_str().to_lowercase()
    {
        "their names differ only in letter case, which macOS and Windows ignore"
    } else {
        "both would be written to the same `.js` file"
    };
    Diagnostic::error(
        "K102",
        file,
        None,
        format!("`{file}` and `{other}` cannot both be sources: {reason}"),
    )
    .help("rename one of them, or add it to `[build] exclude`")
    .related(other, Span::default(), "the other file")
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" or ")
}
