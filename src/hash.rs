//! SHA-256 as every file of the compiler has it: in hexadecimal.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Of the bytes.
pub fn hex(bytes: &[u8]) -> String {
    digits(&Sha256::digest(bytes))
}

/// Of the parts, each with its length before it: `sha256:…`.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    format!("sha256:{}", digits(&hasher.finalize()))
}

/// In hexadecimal.
pub fn digits(digest: &[u8]) -> String {
    let mut text = String::with_capacity(digest.len() * 2);
    for byte in digest {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
