//! Files to be written.

/// One generated file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Output {
    /// Relative to the output folder, with `/`: `client/api/users.js`.
    pub path: String,
    pub text: String,
}

/// Outputs by path, each with its SHA-256 in hexadecimal.
pub type Hashes = std::collections::BTreeMap<String, String>;
