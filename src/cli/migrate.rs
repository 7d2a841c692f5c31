//! `kontract migrate`

use std::env;

use clap::{Args, Subcommand};
use kontract_runtime::manifest::Manifest;
use serde_json::json;

use super::{Common, Outcome, terminal::Terminal};
use crate::{
    config::{Flags, Options},
    diagnostic::render::plural,
    files::Disk,
    migrate::{self, Applied, Gateway, Problem},
};

#[derive(Debug, Args)]
pub struct MigrateArguments {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Make the database keep what the built project wants kept
    ///
    /// Roles, schemas, functions and what is missing of tables and fields are made, all in one
    /// transaction. Changes that would lose or break rows are refused and explained; then nothing
    /// is changed. It may be repeated.
    #[command(after_help = super::MIGRATE_UP_EXAMPLES)]
    Up(UpArguments),
}

#[derive(Debug, Args)]
struct UpArguments {
    #[command(flatten)]
    common: Common,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &MigrateArguments) -> Outcome {
    let MigrateCommand::Up(arguments) = &arguments.command;
    let mut terminal = arguments.common.terminal();
    let options = match arguments.common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let result = migrate::read_manifest(&Disk, &options)
        .and_then(|manifest| up(&options, &manifest, arguments.dry_run));
    let outcome = match result {
        Ok(applied) => {
            report(&mut terminal, &applied, arguments.dry_run);
            Outcome::Success
        }
        Err(problem) => {
            terminal.diagnostics(&Disk, &options.project, problem.diagnostics());
            Outcome::Failure
        }
    };
    terminal.finish(outcome)
}

fn up(options: &Options, manifest: &Manifest, dry_run: bool) -> Result<Applied, Problem> {
    let variable = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
    let shared = options.serving.shared_privileges;
    let (name, url) = match (variable(MIGRATE_URL), variable(GATEWAY_URL)) {
        (Some(url), _) => (MIGRATE_URL, url),
        (None, Some(url)) if shared => (GATEWAY_URL, url),
        _ => return Err(migrate::no_url(MIGRATE_URL)),
    };
    let gateway = if shared {
        Gateway::Shared
    } else {
        Gateway::of(&variable(GATEWAY_URL).ok_or_else(|| migrate::no_url(GATEWAY_URL))?)?
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| migrate::no_runtime(&error))?;
    runtime.block_on(migrate::up(&url, name, &gateway, manifest, dry_run))
}

fn report(terminal: &mut Terminal, applied: &Applied, dry_run: bool) {
    for change in &applied.changes {
        terminal.part(&format!("  {change}"), &json!({ "change": change }), false);
    }
    let count = applied.changes.len();
    let sentence = match (count, dry_run) {
        (0, _) => "The database is as the build needs it".to_owned(),
        (_, true) => format!("{} would be made", plural(count, "change")),
        (_, false) => {
            format!("Made {}; the gateway's role is {}", plural(count, "change"), applied.role)
        }
    };
    terminal
        .summary(&sentence, &json!({ "changes": count, "dryRun": dry_run, "role": applied.role }));
}

const MIGRATE_URL: &str = "KONTRACT_MIGRATE_URL";
const GATEWAY_URL: &str = "DATABASE_URL";
