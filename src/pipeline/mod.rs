//! The stages.

use std::sync::Arc;

use crate::{
    config::Options,
    files::Files,
    model::{diagnostic::Diagnostic, output::Output},
};

pub mod discover;
pub mod write;

/// What a build makes of the sources. Nothing is written yet.
#[derive(Debug, Default)]
pub struct Build {
    pub diagnostics: Vec<Diagnostic>,
    pub outputs: Vec<Output>,
    pub leaks: serde_json::Value,
    pub routes: usize,
    pub modules: usize,
}

pub fn build(files: &Arc<dyn Files>, options: &Options) -> Build {
    let (sources, diagnostics) = discover::discover(&**files, options);
    Build { diagnostics, modules: sources.len(), ..Build::default() }
}
