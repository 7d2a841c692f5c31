//! Diagnostics of keys: K330–K339.

use std::{io, path::Path};

use super::VARIABLE;
use crate::model::{SourcePath, diagnostic::Diagnostic};

#[cold]
pub fn unusable(file: &Path, failure: &io::Error) -> Diagnostic {
    error("K330", format!("{} cannot be used: {failure}", file.display()))
        .help("name a file that you may write, in a folder that exists")
}

#[cold]
pub fn has_keys(file: &Path) -> Diagnostic {
    error("K331", format!("{} holds {VARIABLE} already", file.display())).help(
        "clients may know it: `kontract keys rotate` leaves none behind; to begin anew remove the \
         line",
    )
}

#[cold]
pub fn no_key(place: &str, reason: &str) -> Diagnostic {
    error("K332", format!("{place} {reason}"))
        .help(format!("what is rotated is the {VARIABLE} that `kontract keys generate` made"))
}

#[cold]
pub fn no_randomness() -> Diagnostic {
    error("K333", "the system gives no random bytes".to_owned())
}

#[cold]
pub fn busy(file: &Path) -> Diagnostic {
    error("K334", format!("{} is being changed by another `kontract keys`", file.display()))
        .help("wait for it, and look at what it has done before you begin anew")
}

#[cold]
pub fn leads_nowhere(file: &Path) -> Diagnostic {
    error("K335", format!("{} is a link to a file that is not there", file.display()))
        .help("make the file that it names, or remove the link")
}

#[cold]
pub fn no_file(file: &Path) -> Diagnostic {
    error("K336", format!("{} is no file", file.display()))
        .help("keys that go elsewhere are printed: `--print`")
}

fn error(code: &'static str, message: String) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}
