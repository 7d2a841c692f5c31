//! What counts as a secret.

use super::error::StartError;
use crate::config::Secret;

/// Refuses secrets that can be guessed.
pub fn check(secret: &Secret) -> Result<(), StartError> {
    let bytes = secret.expose().as_bytes();
    let mut seen = bytes.to_vec();
    seen.sort_unstable();
    seen.dedup();
    let lower = secret.expose().to_ascii_lowercase();
    let reason = if bytes.is_empty() {
        "is missing"
    } else if bytes.len() < LEAST_BYTES {
        "is shorter than 32 bytes"
    } else if seen.len() < LEAST_DIFFERENT || repeats(bytes) {
        "repeats itself"
    } else if EXAMPLES.iter().any(|example| lower.contains(example)) {
        "is an example of the documentation"
    } else {
        return Ok(());
    };
    Err(StartError::Secret(reason))
}

/// A short text, again and again.
fn repeats(bytes: &[u8]) -> bool {
    (1..=bytes.len() / 2)
        .any(|length| bytes[length..].iter().zip(bytes).all(|(byte, before)| byte == before))
}

const LEAST_BYTES: usize = 32;
const LEAST_DIFFERENT: usize = 10;
const EXAMPLES: [&str; 5] =
    ["change-me", "changeme", "your-secret", "kontract-secret", "0123456789abcdef"];

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> Option<String> {
        check(&Secret::new(text)).err().map(|error| error.to_string())
    }

    #[test]
    fn random_texts_are_secrets() {
        for text in [
            "kX9v2mQ8sL4tR7wZ1pB6nC3dF5gH0jYa",
            "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        ] {
            assert_eq!(refusal(text), None, "{text}");
        }
    }

    #[test]
    fn texts_that_can_be_guessed_are_none() {
        for (text, reason) in [
            ("", "is missing"),
            ("short but random 81ja92", "is shorter than 32 bytes"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "repeats itself"),
            ("kX9v2mQ8sL4tkX9v2mQ8sL4tkX9v2mQ8sL4t", "repeats itself"),
            ("change-me-to-something-long-and-random", "is an example of the documentation"),
        ] {
            let refused = refusal(text).expect("refused");
            assert!(refused.contains(reason), "{refused}");
            assert!(text.is_empty() || !refused.contains(text), "{refused}");
        }
    }
}
