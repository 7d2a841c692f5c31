//! `kontract clean`

use clap::Args;
use serde_json::json;

use super::{Common, Outcome};
use crate::{config::Flags, diagnostic::render::plural, files::Disk, incremental, pipeline::write};

#[derive(Debug, Args)]
pub struct CleanArguments {
    #[command(flatten)]
    common: Common,
}

pub fn run(arguments: &CleanArguments) -> Outcome {
    let mut terminal = arguments.common.terminal();
    let files = Disk;
    let options = match arguments.common.options(&files, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let (removed, mut diagnostics) = write::clean(&files, &options);
    diagnostics.extend(incremental::clean(&options.project).err());
    let counts = terminal.diagnostics(&files, &options.project, diagnostics);
    terminal.summary(
        &format!("Removed {} from {}", plural(removed, "file"), options.out),
        &json!({ "removed": removed, "errors": counts.errors, "warnings": counts.warnings }),
    );
    terminal.finish(if counts.errors > 0 { Outcome::Failure } else { Outcome::Success })
}
