//! `kontract clean`

use clap::Args;
use serde_json::json;

use super::{Common, Outcome};
use crate::{config, diagnostic::render::plural, files::Disk, pipeline::write};

#[derive(Debug, Args)]
pub struct CleanArguments {
    #[command(flatten)]
    common: Common,
}

pub fn run(arguments: &CleanArguments) -> Outcome {
    let mut terminal = arguments.common.terminal();
    let (start, flags) = match arguments.common.place() {
        Ok(place) => place,
        Err(error) => return terminal.no_current_folder(&error),
    };
    let files = Disk;
    let options = match config::load(&files, &start, &flags) {
        Ok(options) => options,
        Err(diagnostics) => {
            let project = config::find(&files, &start, &flags).map(|project| project.folder);
            let project = project.unwrap_or(start);
            terminal.diagnostics(&files, &project, diagnostics);
            return terminal.finish(Outcome::Usage);
        }
    };
    let (removed, diagnostics) = write::clean(&files, &options);
    let counts = terminal.diagnostics(&files, &options.project, diagnostics);
    terminal.summary(
        &format!("Removed {} from {}", plural(removed, "file"), options.out),
        &json!({ "removed": removed, "errors": counts.errors, "warnings": counts.warnings }),
    );
    terminal.finish(if counts.errors > 0 { Outcome::Failure } else { Outcome::Success })
}
