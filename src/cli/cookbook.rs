//! `kontract cookbook`

use std::{sync::Arc, time::Instant};

use clap::Args;
use serde_json::json;

use super::{Common, Outcome};
use crate::{
    config::Flags,
    cookbook,
    diagnostic::render::plural,
    files::{Disk, Files},
    model::diagnostic::Diagnostic,
    pipeline::{self, write},
};

#[derive(Debug, Args)]
pub struct CookbookArguments {
    #[command(flatten)]
    common: Common,
}

pub fn run(arguments: &CookbookArguments) -> Outcome {
    let started = Instant::now();
    let mut terminal = arguments.common.terminal();
    let shared: Arc<dyn Files> = Arc::new(Disk);
    let files = &*shared;
    let options = match arguments.common.options(files, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let mut program = pipeline::program(&shared, &options);
    // Warnings are what `build` and `check` are for.
    program.diagnostics.retain(Diagnostic::is_error);
    let mut diagnostics = std::mem::take(&mut program.diagnostics);
    let mut written = write::Written::default();
    if diagnostics.is_empty() {
        let pages = cookbook::cookbook(files, &options, &program).pages;
        let (files, found) = write::write_pages(files, &options, &pages);
        written = files;
        diagnostics.extend(found);
    }
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let counts = terminal.diagnostics(files, &options.project, diagnostics);
    let time = started.elapsed().as_millis();
    let pages = plural(written.written.len() + written.unchanged, "page");
    let sentence = format!(
        "{pages} in {}: {} written, {} unchanged, {} removed ({time} ms)",
        options.cookbook.out,
        written.written.len(),
        written.unchanged,
        written.removed.len()
    );
    terminal.summary(
        if failed { "" } else { &sentence },
        &json!({
            "folder": options.cookbook.out,
            "written": written.written.len(),
            "unchanged": written.unchanged,
            "removed": written.removed.len(),
            "errors": counts.errors,
            "warnings": counts.warnings,
            "milliseconds": u64::try_from(time).unwrap_or(u64::MAX),
        }),
    );
    terminal.finish(if failed { Outcome::Failure } else { Outcome::Success })
}

pub const EXAMPLES: &str = "\
Examples:
  kontract cookbook                  write docs/api: a page for each route and type, and an index
  kontract cookbook && npx vitepress build docs
                                     build them with the rest of the documentation

A section `[cookbook]` in kontract.toml makes it part of `kontract build`; its key `out` names
another folder. In docs/.vitepress/config.mts:
  import items from '../api/sidebar.json'
  … themeConfig: { sidebar: { '/api/': { base: '/api/', items } } }

Exit codes:
  0  written    1  errors in the sources, or pages that could not be written
  2  wrong arguments or configuration";
