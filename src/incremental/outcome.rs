//! What a build says of itself.

use std::time::Duration;

use crate::{
    config::Options,
    model::{SourcePath, diagnostic::Diagnostic, place::Place},
    pipeline::{leaks, write::Written},
};

/// What came of a build.
#[derive(Debug, Default)]
pub struct Outcome {
    /// None: the settings are wrong.
    pub options: Option<Options>,
    /// All that is to be said of the project now, also what an earlier build has said.
    pub diagnostics: Vec<Diagnostic>,
    pub routes: usize,
    pub modules: usize,
    /// Of all outputs, and with `Settings::serves` of what databases go through.
    pub hash: String,
    pub written: Written,
    /// Sources that are new, are gone, or have another text than in the session's last build.
    pub changed: Vec<SourcePath>,
    /// Every source of a good build, where the session's settings ask for them.
    pub places: Vec<Place>,
    pub work: Work,
    pub leaks: leaks::Report,
    pub time: Duration,
}

/// What a build had to do itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Work {
    /// Files whose bytes were read.
    pub read: usize,
    /// Sources that were parsed for their contracts.
    pub extracted: usize,
    /// Modules that were printed from their sources.
    pub printed: usize,
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        self.options.is_some() && !self.diagnostics.iter().any(Diagnostic::is_error)
    }

    /// Whether anybody who was told of the build before has to know. `before`: its diagnostics.
    pub fn is_news(&self, before: Option<&[Diagnostic]>) -> bool {
        let Written { written, removed, .. } = &self.written;
        let nothing = self.changed.is_empty() && written.is_empty() && removed.is_empty();
        !nothing || before.is_none_or(|before| before != self.diagnostics)
    }
}
