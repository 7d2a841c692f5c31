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
    migrate::{self, Applied, Gateway, Planned, Problem},
};

#[derive(Debug, Args)]
pub struct MigrateArguments {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Tell what would be changed, and what stands in the way
    ///
    /// Nothing is changed and no table is held: the database is only read.
    #[command(after_help = super::MIGRATE_PLAN_EXAMPLES)]
    Plan(PlanArguments),
    /// Tell whether the database is as the built project needs it
    #[command(after_help = super::MIGRATE_STATUS_EXAMPLES)]
    Status(PlanArguments),
    /// Make the database keep what the built project wants kept
    ///
    /// Roles, schemas, functions and what is missing of tables and fields are made, all in one
    /// transaction. Changes that would lose or break rows are refused and explained; then nothing
    /// is changed. It may be repeated.
    #[command(after_help = super::MIGRATE_UP_EXAMPLES)]
    Up(UpArguments),
}

#[derive(Debug, Args)]
struct PlanArguments {
    #[command(flatten)]
    common: Common,
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
    match &arguments.command {
        MigrateCommand::Plan(arguments) => with_build(&arguments.common, |at| at.plan()),
        MigrateCommand::Status(arguments) => with_build(&arguments.common, |at| at.status()),
        MigrateCommand::Up(arguments) => {
            with_build(&arguments.common, |at| at.up(arguments.dry_run))
        }
    }
}

/// Where a command works: a project that has been built.
struct Site<'a> {
    terminal: &'a mut Terminal,
    options: &'a Options,
    manifest: Manifest,
}

fn with_build(
    common: &Common,
    command: impl FnOnce(&mut Site<'_>) -> Result<Outcome, Problem>,
) -> Outcome {
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let result = migrate::read_manifest(&Disk, &options).and_then(|manifest| {
        command(&mut Site { terminal: &mut terminal, options: &options, manifest })
    });
    let outcome = result.unwrap_or_else(|problem| {
        terminal.diagnostics(&Disk, &options.project, problem.diagnostics());
        Outcome::Failure
    });
    terminal.finish(outcome)
}

impl Site<'_> {
    fn plan(&mut self) -> Result<Outcome, Problem> {
        let planned = self.look()?;
        for change in &planned {
            let mut line = format!("  {} ({})", change.sentence, change.tier.name());
            if change.refused.is_some() {
                line.push_str(": refused");
            }
            let object = json!({
                "change": change.sentence, "tier": change.tier.name(), "sql": change.sql,
                "refused": change.refused.is_some(),
            });
            self.terminal.part(&line, &object, false);
        }
        let count = planned.len();
        let refused: Vec<_> = planned.into_iter().filter_map(|change| change.refused).collect();
        let sentence = match (count, refused.len()) {
            (0, _) => UP_TO_DATE.to_owned(),
            (_, 0) => format!("{} would be made", plural(count, "change")),
            (_, refused) => {
                format!("{} would be made, were {refused} not refused", plural(count, "change"))
            }
        };
        let object = json!({ "changes": count, "refused": refused.len() });
        let outcome = if refused.is_empty() { Outcome::Success } else { Outcome::Failure };
        if !refused.is_empty() {
            self.terminal.diagnostics(&Disk, &self.options.project, refused);
        }
        self.terminal.summary(&sentence, &object);
        Ok(outcome)
    }

    fn status(&mut self) -> Result<Outcome, Problem> {
        let count = self.look()?.len();
        let sentence = match count {
            0 => UP_TO_DATE.to_owned(),
            _ => format!("The database is behind the build by {}", plural(count, "change")),
        };
        self.terminal.summary(&sentence, &json!({ "changes": count }));
        Ok(if count == 0 { Outcome::Success } else { Outcome::Failure })
    }

    fn up(&mut self, dry_run: bool) -> Result<Outcome, Problem> {
        let (name, url) = self.migrator()?;
        let gateway = if self.options.serving.shared_privileges {
            Gateway::Shared
        } else {
            Gateway::of(&variable(GATEWAY_URL).ok_or_else(|| migrate::no_url(GATEWAY_URL))?)?
        };
        let applied = block_on(migrate::up(&url, name, &gateway, &self.manifest, dry_run))?;
        report(self.terminal, &applied, dry_run);
        Ok(Outcome::Success)
    }

    fn look(&self) -> Result<Vec<Planned>, Problem> {
        let (name, url) = self.migrator()?;
        block_on(migrate::look(&url, name, &self.manifest))
    }

    /// The URL of the role that migrates, and where it was found.
    fn migrator(&self) -> Result<(&'static str, String), Problem> {
        match (variable(MIGRATE_URL), variable(GATEWAY_URL)) {
            (Some(url), _) => Ok((MIGRATE_URL, url)),
            (None, Some(url)) if self.options.serving.shared_privileges => Ok((GATEWAY_URL, url)),
            _ => Err(migrate::no_url(MIGRATE_URL)),
        }
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| migrate::no_runtime(&error))?.block_on(work)
}

fn report(terminal: &mut Terminal, applied: &Applied, dry_run: bool) {
    for change in &applied.changes {
        terminal.part(&format!("  {change}"), &json!({ "change": change }), false);
    }
    let count = applied.changes.len();
    let sentence = match (count, dry_run) {
        (0, _) => UP_TO_DATE.to_owned(),
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
const UP_TO_DATE: &str = "The database is as the build needs it";
