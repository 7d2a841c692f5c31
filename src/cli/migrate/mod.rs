//! `kontract migrate`

use clap::{Args, Subcommand, builder::RangedU64ValueParser};

use self::site::Site;
use super::{Common, Locked, Outcome, operator::wait, terminal::Terminal};
use crate::{
    config::{Flags, Options},
    files::Disk,
    migrate::{self, Problem},
    model::diagnostic::Diagnostic,
};

mod merge;
mod site;
mod told;

#[derive(Debug, Args)]
#[command(after_help = super::MIGRATE_EXAMPLES)]
pub struct MigrateArguments {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Begin a migration file
    ///
    /// What the built project changes and only a file can say stands in it, in comments. Whatever it
    /// does happens in one transaction with the rest of `migrate up`.
    #[command(after_help = super::MIGRATE_CREATE_EXAMPLES)]
    Create(CreateArguments),
    /// Tell what would be changed, and what stands in the way
    ///
    /// Nothing is changed and no table is held: the database is only read. Where there is none, the
    /// built project is compared with the migrations in kontract.lock.json.
    #[command(after_help = super::MIGRATE_PLAN_EXAMPLES)]
    Plan(BuildArguments),
    /// Tell which migrations the database went through, and what it has otherwise
    #[command(after_help = super::MIGRATE_STATUS_EXAMPLES)]
    Status(BuildArguments),
    /// Make the database keep what the built project wants kept
    ///
    /// Roles, schemas, functions, the migrations that the database did not go through, and then what
    /// is missing of tables and fields: all in one transaction. Changes that would lose or break rows
    /// are refused and explained; then nothing is changed. It may be repeated.
    #[command(after_help = super::MIGRATE_UP_EXAMPLES)]
    Up(UpArguments),
    /// Take back the last migration that the database went through
    ///
    /// Values that nothing reads any more stay in their rows. In the database of development the
    /// migration is taken out of kontract.lock.json, too: its file may be edited or removed.
    #[command(after_help = super::MIGRATE_DOWN_EXAMPLES)]
    Down(DownArguments),
    /// Join the migrations of two branches
    ///
    /// Where git has left a conflict in kontract.lock.json, what either side has is kept.
    #[command(after_help = super::MIGRATE_MERGE_EXAMPLES)]
    Merge(ChainArguments),
    /// Put all migrations together into one, and remove their files
    ///
    /// Databases that went through all of them go on from there; a new one gets the tables at once.
    #[command(after_help = super::MIGRATE_SQUASH_EXAMPLES)]
    Squash(ChainArguments),
}

#[derive(Debug, Args)]
struct BuildArguments {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct CreateArguments {
    /// What it does: `rename_email_field`
    #[arg(value_parser = words)]
    name: String,
    #[command(flatten)]
    common: Common,
    /// Print the file, and write nothing
    #[arg(long)]
    dry_run: bool,
}

/// Of a command that changes kontract.lock.json and files, and no database.
#[derive(Debug, Args)]
struct ChainArguments {
    #[command(flatten)]
    common: Common,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct UpArguments {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    locked: Locked,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Args)]
struct DownArguments {
    #[command(flatten)]
    common: Common,
    /// How many migrations
    #[arg(long, value_name = "number", default_value_t = 1, value_parser = RangedU64ValueParser::<usize>::new().range(1..))]
    steps: usize,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &MigrateArguments) -> Outcome {
    match &arguments.command {
        MigrateCommand::Create(arguments) => at_site(&arguments.common, async |site| {
            site.create(&arguments.name, arguments.dry_run).await
        }),
        MigrateCommand::Plan(arguments) => at_site(&arguments.common, Site::plan),
        MigrateCommand::Status(arguments) => at_site(&arguments.common, Site::status),
        MigrateCommand::Up(arguments) => at_site(&arguments.common, async |site| {
            site.up(arguments.dry_run, arguments.locked.is_set()).await
        }),
        MigrateCommand::Down(arguments) => at_site(&arguments.common, async |site| {
            site.down(arguments.steps, arguments.dry_run).await
        }),
        MigrateCommand::Merge(arguments) => merge::run(&arguments.common, arguments.dry_run),
        MigrateCommand::Squash(arguments) => {
            at_site(&arguments.common, async |site| site.squash(arguments.dry_run))
        }
    }
}

/// Does something in a project that has been built.
fn at_site(
    common: &Common,
    command: impl AsyncFnOnce(&mut Site) -> Result<Outcome, Problem>,
) -> Outcome {
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let mut site = match Site::new(terminal, options) {
        Ok(site) => site,
        Err((mut terminal, options, problem)) => {
            refuse(&mut terminal, &options, problem.diagnostics());
            return terminal.finish(Outcome::Failure);
        }
    };
    let done = wait(async {
        let done = command(&mut site).await;
        site.leave().await;
        done.map_err(Problem::diagnostics)
    });
    let outcome = done.unwrap_or_else(|diagnostics| {
        refuse(&mut site.terminal, &site.options, diagnostics);
        Outcome::Failure
    });
    site.terminal.finish(outcome)
}

fn words(text: &str) -> Result<String, String> {
    if text.contains(|letter: char| letter.is_ascii_alphanumeric()) {
        Ok(text.to_owned())
    } else {
        Err("say in a few words what it does, such as rename_email_field".to_owned())
    }
}

/// What a migration file is needed for is told in the specification's own words.
fn refuse(terminal: &mut Terminal, options: &Options, diagnostics: Vec<Diagnostic>) {
    let (manual, others): (Vec<_>, Vec<_>) = diagnostics
        .into_iter()
        .partition(|found| found.code == migrate::MANUAL && !terminal.is_json());
    for Diagnostic { message, help, .. } in manual {
        terminal.tell(&format!("\u{274c} {message}\n\n{}\n", help.unwrap_or_default()));
    }
    if !others.is_empty() {
        terminal.diagnostics(&Disk, &options.project, others);
    }
}
