//! What sources said when a build of this process read them, for its next build: they are neither
//! read nor resolved again as long as they have not changed.

use std::{collections::BTreeMap, sync::Arc};

use super::gather::Resolution;
use crate::model::{SourcePath, contract::ModuleContract, diagnostic::Diagnostic};

/// Specifiers of a file, and where they lead.
pub type Specifiers = BTreeMap<String, Resolution>;

#[derive(Clone, Debug)]
pub struct Remembered {
    pub text: Arc<str>,
    /// As it was extracted.
    pub contract: Arc<ModuleContract>,
    /// What extraction has found.
    pub found: Vec<Diagnostic>,
    pub specifiers: Arc<Specifiers>,
}

#[derive(Clone, Debug, Default)]
pub struct Memory {
    /// What the include patterns matched, and what was to be said of that.
    pub discovered: (Vec<SourcePath>, Vec<Diagnostic>),
    /// Those and what they import; None for what has changed since.
    files: BTreeMap<SourcePath, Option<Remembered>>,
}

impl Memory {
    pub fn new(
        discovered: (Vec<SourcePath>, Vec<Diagnostic>),
        files: impl IntoIterator<Item = (SourcePath, Remembered)>,
    ) -> Self {
        let files = files.into_iter().map(|(file, remembered)| (file, Some(remembered)));
        Self { discovered, files: files.collect() }
    }

    pub fn get(&self, file: &SourcePath) -> Option<&Remembered> {
        self.files.get(file)?.as_ref()
    }

    /// The file has another text. False where it was none of the sources.
    pub fn forget(&mut self, file: &SourcePath) -> bool {
        self.files.get_mut(file).map(|remembered| *remembered = None).is_some()
    }

    /// Whether it knows of the same files as another.
    pub fn is_of(&self, other: &Self) -> bool {
        self.files.keys().eq(other.files.keys())
    }
}
