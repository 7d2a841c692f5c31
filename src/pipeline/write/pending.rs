//! What files are about to become, while they are written: a build that is interrupted leaves
//! files that its list has with other bytes, and the next one must know them as the compiler's.

use std::{collections::BTreeMap, io};

use super::{OutputFolder, Record, folder::VERSION, hash};

const PENDING: &str = ".kontract-outputs.pending.json";

impl OutputFolder<'_> {
    /// `files` are about to have these hashes.
    pub fn announce(&self, files: BTreeMap<String, String>) -> io::Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let record = Record { version: VERSION, files, lost: false };
        let text = serde_json::to_string(&record)?;
        self.files.write(&self.path(PENDING), text.as_bytes()).map(drop)
    }

    /// The list says what they are.
    pub fn is_settled(&self) {
        let _ = self.files.remove_file(&self.path(PENDING));
    }

    /// Gives files in the list the hashes that they have got, where it could not be written.
    pub fn settle(&self, record: &mut Record) {
        let Ok(bytes) = self.files.read(&self.path(PENDING)) else { return };
        let Ok(pending) = serde_json::from_slice::<Record>(&bytes) else { return };
        for (path, expected) in pending.files {
            let Some(listed) = record.files.get_mut(&path) else { continue };
            if self.files.read(&self.path(&path)).is_ok_and(|bytes| hash(&bytes) == expected) {
                *listed = expected;
            }
        }
    }
}
