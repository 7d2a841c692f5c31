//! For tests of every stage: diagnostics as snapshots show them.

use std::path::Path;

use super::render::{Renderer, Style, sort};
use crate::{files::Files, model::diagnostic::Diagnostic};

/// Snapshots lie in `snapshots/<stage>/`, named by the test alone.
pub fn snapshots(stage: &str) -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(Path::new(env!("CARGO_MANIFEST_DIR")).join("snapshots").join(stage));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings
}

/// All of them as people see them, sorted.
pub fn shown(files: &dyn Files, project: &str, diagnostics: Vec<Diagnostic>) -> String {
    let mut renderer = Renderer::new(files, Path::new(project));
    let style = Style { color: false, width: 100 };
    let reports = sort(diagnostics);
    let reports = reports.iter().map(|diagnostic| renderer.human(diagnostic, style));
    reports.collect::<Vec<_>>().join("\n")
}
