//! `kontract explain`

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use serde_json::{Value, json};

use super::{Common, Outcome, absolute, terminal::Terminal};
use crate::{
    config::{Flags, Options},
    diagnostic::render::plural,
    explain::{self, diff::diff, entry::Entry, matrix},
    files::{Disk, Files},
    model::{SourcePath, diagnostic::Diagnostic},
    pipeline::{self, Program},
};

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Name of a route; without it all are shown in a table
    route: Option<String>,
    #[command(flatten)]
    common: Common,
    /// Show what has changed since this build, for a review
    #[arg(long, value_name = "manifest.json")]
    diff: Option<PathBuf>,
}

pub fn run(arguments: &ExplainArguments) -> Outcome {
    let mut terminal = arguments.common.terminal();
    let shared: Arc<dyn Files> = Arc::new(Disk);
    let options = match arguments.common.options(&*shared, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let mut program = pipeline::program(&shared, &options);
    // Warnings are what `build` and `check` are for.
    program.diagnostics.retain(Diagnostic::is_error);
    if !program.diagnostics.is_empty() {
        terminal.diagnostics(&*shared, &options.project, program.diagnostics);
        return terminal.finish(Outcome::Failure);
    }
    let told = tell(&mut terminal, &*shared, &options, &program, arguments);
    let outcome = told.map_or_else(
        |(diagnostic, outcome)| {
            terminal.diagnostics(&*shared, &options.project, vec![diagnostic]);
            outcome
        },
        |()| Outcome::Success,
    );
    terminal.finish(outcome)
}

fn tell(
    terminal: &mut Terminal,
    files: &dyn Files,
    options: &Options,
    program: &Program,
    arguments: &ExplainArguments,
) -> Result<(), (Diagnostic, Outcome)> {
    let guests = options.guests();
    let manifest = pipeline::manifest(options, program).text;
    let route = arguments.route.as_deref();
    if let Some(against) = &arguments.diff {
        let path = absolute(against);
        let old = explain::read(files, &path, &options.source_path(&path));
        let name = SourcePath::new(format!("{}/manifest.json", options.out));
        let both = old.and_then(|old| Ok((old, explain::parse(&manifest, &name)?)));
        let (old, new) = both.map_err(|diagnostic| (diagnostic, Outcome::Failure))?;
        let known = old.routes.keys().chain(new.routes.keys());
        if let Some(route) = route.filter(|route| known.clone().all(|known| known != route)) {
            let diagnostic = explain::unknown_route(route, known.map(String::as_str));
            return Err((diagnostic, Outcome::Usage));
        }
        let changes = diff(&old, &new, guests);
        let wanted =
            changes.iter().filter(|change| route.is_none_or(|route| change.route == route));
        let mut count = 0;
        for change in wanted {
            count += 1;
            let object = json!({
                "route": change.route, "kind": change.kind.as_str(), "message": change.message,
            });
            terminal.part(&change.message, &object, true);
        }
        let sentence = if count == 0 { "Nothing has changed" } else { "" };
        terminal.summary(sentence, &json!({ "changes": count }));
        return Ok(());
    }
    let Some(route) = route else {
        let rows = matrix::rows(&program.app, &program.modules, guests);
        if terminal.is_json() {
            rows.iter().for_each(|row| terminal.part("", &row.json(), true));
        } else if !rows.is_empty() {
            terminal.part(&matrix::text(&rows), &Value::Null, true);
        }
        let sentence = plural(rows.len(), "route");
        terminal.summary(&sentence, &json!({ "routes": rows.len() }));
        return Ok(());
    };
    let Some(entry) = Entry::of(program, route, guests) else {
        let known = program.app.routes.keys().map(String::as_str);
        return Err((explain::unknown_route(route, known), Outcome::Usage));
    };
    let manifest: Value = serde_json::from_str(&manifest).unwrap_or_default();
    let object = entry.json(program, &manifest, &options.out);
    terminal.part(&entry.text(&options.out), &object, true);
    Ok(())
}

pub const EXAMPLES: &str = "\
Examples:
  kontract explain                        list every route: permission, callers, tables
  kontract explain createUser             where it is, who may call it, its middlewares, its tables
  kontract explain createUser --json      its entry of the manifest, references resolved
  kontract explain --diff released/manifest.json
                                          what has changed since that build, for a review

The sources are read as they are now; nothing is written.

Exit codes:
  0  told    1  errors in the sources, or a manifest that cannot be read
  2  wrong arguments or configuration, or no such route";
