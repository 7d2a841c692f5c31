//! Diagnostics of introspection: K256–K258.

use std::{fmt, path::Path};

use crate::model::{SourcePath, diagnostic::Diagnostic};

#[cold]
pub fn not_read(path: &Path, reason: &dyn fmt::Display) -> Diagnostic {
    error("K256", format!("{} cannot be read: {reason}", path.display()))
        .help("name a schema.prisma, or a URL such as postgresql://role:password@host/database")
}

#[cold]
pub fn not_prisma(line: usize, reason: &str) -> Diagnostic {
    error("K257", format!("line {line} of the Prisma schema cannot be read: {reason}"))
        .help("`npx prisma validate` tells what a schema has to look like")
}

#[cold]
pub fn no_tables() -> Diagnostic {
    error("K257", "there are no tables in it").help(
        "the role of the URL must be allowed to see them; `--schema` names those that are meant",
    )
}

#[cold]
pub fn exists(path: &Path) -> Diagnostic {
    error("K258", format!("{} exists already", path.display()))
        .help("write another file with `-o`, or replace it with `--force`")
}

#[cold]
pub fn not_written(path: &Path, reason: &dyn fmt::Display) -> Diagnostic {
    error("K258", format!("{} cannot be written: {reason}", path.display()))
}

fn error(code: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}
