//! The static keys of a gateway, and the files of variables that they are kept in.

use kontract_runtime::{config::Secret, gateway::StaticKeys};

use crate::model::diagnostic::Diagnostic;

mod diagnostics;
mod file;

pub use file::KeyFile;

/// What holds the private keys.
pub const VARIABLE: &str = "KONTRACT_STATIC_KEY";

/// New keys: the current one and the next.
pub fn generate() -> Result<StaticKeys, Diagnostic> {
    StaticKeys::generate(CURRENT_AND_NEXT).ok_or_else(diagnostics::no_randomness)
}

/// The keys after these: the next one becomes the current one.
pub fn rotate(text: &Secret, place: &str) -> Result<StaticKeys, Diagnostic> {
    let keys = StaticKeys::parse(text).map_err(|reason| diagnostics::no_key(place, reason))?;
    keys.rotated().ok_or_else(diagnostics::no_randomness)
}

const CURRENT_AND_NEXT: usize = 2;
