//! Diagnostics about the manifest that a build is compared with: K140–K149.

use std::io;

use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

/// The code of a manifest that is not there.
pub const UNREADABLE: &str = "K140";

#[cold]
pub fn unreadable(file: &SourcePath, error: &io::Error) -> Diagnostic {
    Diagnostic::error(UNREADABLE, file, None, format!("the manifest cannot be read: {error}"))
        .help("name the manifest.json of another build, such as the one that is in use")
}

#[cold]
pub fn not_a_manifest(file: &SourcePath, span: Span, reason: &str) -> Diagnostic {
    Diagnostic::error("K141", file, Some(span), "this is not the manifest of a build")
        .label(reason)
        .help("name the manifest.json that `kontract build` wrote")
}

#[cold]
pub fn newer(file: &SourcePath, version: u64) -> Diagnostic {
    Diagnostic::error(
        "K142",
        file,
        None,
        format!("the manifest was written by a later kontract (its form is version {version})"),
    )
    .help("compare with the version of kontract that made it")
}

#[cold]
pub fn no_wire(file: &SourcePath, route: &str) -> Diagnostic {
    Diagnostic::error(
        "K142",
        file,
        None,
        format!("the manifest does not say what travels in `{route}`"),
    )
    .help("an earlier kontract made it: build that version of the sources again with this one")
}

#[cold]
pub fn other_hash(file: &SourcePath, route: &str) -> Diagnostic {
    Diagnostic::error(
        "K143",
        file,
        None,
        format!("the hash of `{route}` is not that of what travels in it"),
    )
    .help("the manifest was changed after the build: take the one that `kontract build` wrote")
}
