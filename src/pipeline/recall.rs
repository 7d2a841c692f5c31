//! What earlier builds found out. A finding depends on nothing but its key, so a build with
//! memories makes the same as one without.

use std::hash::{Hash, Hasher};

use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256};

use super::memory::Memory;

/// Of all that a finding depends on.
pub type Key = [u8; 32];

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Subject {
    /// What a file's text says, and what is to be said of it.
    Contract,
    /// What was printed of a module.
    Module,
    /// The string literals of a client file.
    Literals,
}

pub trait Recall: Sync {
    /// What was found for this key, encoded.
    fn find(&self, subject: Subject, name: &str, key: &Key) -> Option<Vec<u8>>;

    /// The output of an earlier build lies where it was written, with the bytes of this hash.
    fn stands(&self, _path: &str, _hash: &str) -> bool {
        false
    }

    /// What sources said in an earlier build of this process.
    fn memory(&self) -> Option<&Memory> {
        None
    }

    /// What was found is of use still, although nobody looks at it.
    fn touch(&self, _subject: Subject, _name: &str) {}

    /// Keeps what is found for this key in the place of what was for another.
    fn keep(&self, subject: Subject, name: &str, key: &Key, found: Vec<u8>);
}

/// Remembers nothing.
pub struct Nothing;

impl Recall for Nothing {
    fn find(&self, _: Subject, _: &str, _: &Key) -> Option<Vec<u8>> {
        None
    }

    fn keep(&self, _: Subject, _: &str, _: &Key, _: Vec<u8>) {}
}

/// What `make` makes, or has made before.
pub fn recalled<T: Serialize + DeserializeOwned>(
    recall: &dyn Recall,
    subject: Subject,
    name: &str,
    key: &Key,
    make: impl FnOnce() -> T,
) -> T {
    let found = recall.find(subject, name, key);
    if let Some(found) = found.and_then(|bytes| postcard::from_bytes(&bytes).ok()) {
        return found;
    }
    let made = make();
    if let Ok(bytes) = postcard::to_allocvec(&made) {
        recall.keep(subject, name, key, bytes);
    }
    made
}

/// The key of a finding that depends on these.
pub fn key(parts: impl Hash) -> Key {
    let mut hasher = Sha(Sha256::new());
    parts.hash(&mut hasher);
    hasher.0.finalize().into()
}

/// SHA-256 of what is hashed.
struct Sha(Sha256);

impl Hasher for Sha {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Only a prefix: [`key`] takes all of it.
    fn finish(&self) -> u64 {
        let digest: Key = self.0.clone().finalize().into();
        u64::from_le_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_apart_what_differs_and_where_its_parts_end() {
        let keys = [key(("ab", "c")), key(("a", "bc")), key(("ab", "c", 0)), key(["ab", "c"])];
        for (index, one) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|other| other != one) || index == 3);
        }
        assert_eq!(key(("ab", "c")), keys[0]);
    }
}
