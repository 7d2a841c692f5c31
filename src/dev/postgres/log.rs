//! What PostgreSQL's own words mean to whoever runs `kontract dev`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{dev::diagnostics, model::diagnostic::Diagnostic};

/// The log of the server of that data, of its last run.
pub fn path(data: &Path) -> PathBuf {
    data.with_extension("log")
}

/// Why the server of that data ended.
pub fn explain_end(data: &Path, how: &str) -> Diagnostic {
    let path = path(data);
    let text = fs::read(&path).unwrap_or_default();
    explain(data, &String::from_utf8_lossy(&text), Some(how))
}

/// `how`: how the process ended, where its words do not tell.
pub fn explain(data: &Path, text: &str, how: Option<&str>) -> Diagnostic {
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| text.contains(phrase));
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = lines[lines.len().saturating_sub(SHOWN_LINES)..].join("\n");
    if has(&FULL) {
        diagnostics::disk_full(data, &last)
    } else if has(&DAMAGED) {
        diagnostics::damaged(data, &last)
    } else if last.is_empty() {
        diagnostics::not_started(how.unwrap_or("it says nothing"), &path(data))
    } else {
        diagnostics::not_started(&last, &path(data))
    }
}

const SHOWN_LINES: usize = 8;
const FULL: [&str; 2] = ["No space left on device", "Disk quota exceeded"];
const DAMAGED: [&str; 7] = [
    "could not locate a valid checkpoint record",
    "could not locate required checkpoint record",
    "could not find the database system",
    "incorrect checksum in control file",
    "pg_control: expected",
    "is not a valid data directory",
    "invalid page in block",
];
