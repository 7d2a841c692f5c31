//! `kontract migrate`

use std::env;

use clap::{Args, Subcommand};
use kontract_runtime::manifest::Manifest;
use serde_json::{Value, json};

use super::{Common, Locked, Outcome, terminal::Terminal};
use crate::{
    config::{Flags, Options},
    diagnostic::render::plural,
    files::{Disk, Files},
    lock::{self, Lock},
    migrate::{self, Applied, Gateway, Link, Look, Order, Problem, Record, Source},
    model::{SourcePath, diagnostic::Diagnostic},
};

#[derive(Debug, Args)]
pub struct MigrateArguments {
    #[command(subcommand)]
    command: MigrateCommand,
}

#[derive(Debug, Subcommand)]
enum MigrateCommand {
    /// Begin a migration file
    ///
    /// What the built project changes and only a file can say stands in it already. Whatever it does
    /// happens in one transaction with the rest of `migrate up`.
    #[command(after_help = super::MIGRATE_CREATE_EXAMPLES)]
    Create(CreateArguments),
    /// Tell what would be changed, and what stands in the way
    ///
    /// Nothing is changed and no table is held: the database is only read. Without one, the built
    /// project is compared with the migrations in kontract.lock.json.
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
    /// Values that nothing reads any more stay in their rows.
    #[command(after_help = super::MIGRATE_DOWN_EXAMPLES)]
    Down(DownArguments),
    /// Join the migrations of two branches
    #[command(after_help = super::MIGRATE_MERGE_EXAMPLES)]
    Merge(BuildArguments),
    /// Put all migrations together into one, and remove their files
    ///
    /// Databases that went through all of them go on from there; a new one gets the tables at once.
    #[command(after_help = super::MIGRATE_SQUASH_EXAMPLES)]
    Squash(BuildArguments),
}

#[derive(Debug, Args)]
struct BuildArguments {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct CreateArguments {
    /// What it does: `rename_email_field`
    name: String,
    #[command(flatten)]
    common: Common,
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
    #[arg(long, value_name = "number", default_value_t = 1)]
    steps: usize,
    /// Tell what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub fn run(arguments: &MigrateArguments) -> Outcome {
    match &arguments.command {
        MigrateCommand::Create(arguments) => {
            with_build(&arguments.common, |site| site.create(&arguments.name))
        }
        MigrateCommand::Plan(arguments) => with_build(&arguments.common, Site::plan),
        MigrateCommand::Status(arguments) => with_build(&arguments.common, Site::status),
        MigrateCommand::Up(arguments) => with_build(&arguments.common, |site| {
            site.up(arguments.dry_run, arguments.locked.is_set())
        }),
        MigrateCommand::Down(arguments) => {
            with_build(&arguments.common, |site| site.down(arguments.steps, arguments.dry_run))
        }
        MigrateCommand::Merge(arguments) => with_build(&arguments.common, Site::merge),
        MigrateCommand::Squash(arguments) => with_build(&arguments.common, Site::squash),
    }
}

fn with_build(
    common: &Common,
    command: impl FnOnce(&mut Site) -> Result<Outcome, Problem>,
) -> Outcome {
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    match Build::read(&options) {
        Ok(build) => {
            let mut site = Site { terminal, options, build };
            let outcome = command(&mut site).unwrap_or_else(|problem| {
                refuse(&mut site.terminal, &site.options, problem.diagnostics());
                Outcome::Failure
            });
            site.terminal.finish(outcome)
        }
        Err(problem) => {
            refuse(&mut terminal, &options, problem.diagnostics());
            terminal.finish(Outcome::Failure)
        }
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

/// Where a command works: a project that has been built.
struct Site {
    terminal: Terminal,
    options: Options,
    build: Build,
}

struct Build {
    manifest: Manifest,
    lock: Lock,
    sources: Vec<Source>,
}

impl Build {
    fn read(options: &Options) -> Result<Self, Problem> {
        let manifest = migrate::read_manifest(&Disk, options)?;
        let (lock, wrong) = lock::read(&Disk, options);
        if !wrong.is_empty() {
            return Err(Problem::Refused(wrong));
        }
        let folder = &options.serving.migrations;
        let sources = migrate::read_sources(&Disk, &options.project, folder)?;
        Ok(Self { manifest, lock, sources })
    }
}

impl Site {
    fn create(&mut self, name: &str) -> Result<Outcome, Problem> {
        let draft = migrate::create(&self.order("", "", &Gateway::Shared), name)?;
        let path = self.options.project.join(&draft.path);
        Disk.write(&path, draft.text.as_bytes())
            .map_err(|error| migrate::not_written(&SourcePath::new(draft.path.clone()), &error))?;
        self.terminal
            .summary(&format!("Created: {}", draft.path), &json!({ "created": draft.path }));
        Ok(Outcome::Success)
    }

    fn plan(&mut self) -> Result<Outcome, Problem> {
        let look = self.look()?;
        for step in look.migrations.iter().filter(|step| step.applied.is_none()) {
            let object = json!({ "migration": step.name });
            self.terminal.part(&format!("  run the migration {}", step.name), &object, false);
        }
        for change in &look.planned {
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
        let pending = look.migrations.iter().filter(|step| step.applied.is_none()).count();
        let count = look.planned.len();
        let refused: Vec<_> =
            look.planned.into_iter().filter_map(|change| change.refused).collect();
        let all = [(pending, "migration"), (count, "change")]
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| plural(count, what))
            .collect::<Vec<_>>()
            .join(" and ");
        let sentence = match refused.len() {
            _ if all.is_empty() => UP_TO_DATE.to_owned(),
            0 => format!("{all} would be made"),
            refused => format!("{all} would be made, were {refused} not refused"),
        };
        let object = json!({ "migrations": pending, "changes": count, "refused": refused.len() });
        let outcome = if refused.is_empty() { Outcome::Success } else { Outcome::Failure };
        if !refused.is_empty() {
            refuse(&mut self.terminal, &self.options, refused);
        }
        self.terminal.summary(&sentence, &object);
        Ok(outcome)
    }

    fn status(&mut self) -> Result<Outcome, Problem> {
        let look = self.look()?;
        for step in &look.migrations {
            let line = match &step.applied {
                Some(at) => format!("  applied {at}  {}", step.name),
                None if step.new => format!("  new                           {}", step.name),
                None => format!("  pending                       {}", step.name),
            };
            let object =
                json!({ "migration": step.name, "applied": step.applied, "new": step.new });
            self.terminal.part(&line, &object, false);
        }
        for sentence in &look.drift {
            let object = json!({ "drift": sentence });
            self.terminal.part(&format!("  drift: {sentence}"), &object, true);
        }
        let pending = look.migrations.iter().filter(|step| step.applied.is_none()).count();
        let count = look.planned.len();
        let sentence = match (pending, count) {
            _ if look.heads.len() > 1 => format!(
                "Two branches stand beside each other ({}): run `kontract migrate merge`",
                look.heads.join(", ")
            ),
            (0, 0) => UP_TO_DATE.to_owned(),
            _ => format!(
                "The database is behind the build by {} and {}",
                plural(pending, "migration"),
                plural(count, "change")
            ),
        };
        let object = json!({
            "pending": pending, "changes": count, "drift": look.drift.len(), "heads": look.heads,
        });
        self.terminal.summary(&sentence, &object);
        let current = pending + count + look.drift.len() == 0 && look.heads.len() < 2;
        Ok(if current { Outcome::Success } else { Outcome::Failure })
    }

    fn up(&mut self, dry_run: bool, locked: bool) -> Result<Outcome, Problem> {
        let (name, url) = self.migrator()?;
        let gateway = self.gateway()?;
        let record = if locked { Record::Nothing } else { Record::Everything };
        let order = Order { record, dry_run, ..self.order(&url, name, &gateway) };
        let applied = block_on(migrate::up(&order))?;
        self.report("Running migration", &applied, dry_run);
        if !dry_run && !locked {
            self.record(&applied.links)?;
        }
        self.summarize(&applied, dry_run);
        Ok(Outcome::Success)
    }

    fn down(&mut self, steps: usize, dry_run: bool) -> Result<Outcome, Problem> {
        let (name, url) = self.migrator()?;
        let gateway = self.gateway()?;
        let order = Order { dry_run, ..self.order(&url, name, &gateway) };
        let applied = block_on(migrate::down(&order, steps))?;
        self.report("Rolling back migration", &applied, dry_run);
        if applied.migrations.is_empty() {
            let none = json!({ "migrations": 0 });
            self.terminal.summary("The database went through no migration", &none);
        } else {
            self.summarize(&applied, dry_run);
        }
        Ok(Outcome::Success)
    }

    fn merge(&mut self) -> Result<Outcome, Problem> {
        let links = migrate::merge(&self.build.lock.migrations)?;
        let name = links.last().map_or_else(String::new, |link| link.name.clone());
        self.record(&links)?;
        self.terminal.summary(&format!("Joined by {name}"), &json!({ "merge": name }));
        Ok(Outcome::Success)
    }

    fn squash(&mut self) -> Result<Outcome, Problem> {
        let (link, files) = migrate::squash(&self.order("", "", &Gateway::Shared))?;
        let count = link.replaces.len();
        let object = json!({ "squash": link.name, "replaces": count, "removed": files });
        let sentence = format!("{} became {}", plural(count, "migration"), link.name);
        self.record(&[link])?;
        for file in &files {
            let removed = Disk.remove_file(&self.options.project.join(file));
            removed
                .map_err(|error| migrate::not_written(&SourcePath::new(file.clone()), &error))?;
        }
        self.terminal.summary(&sentence, &object);
        Ok(Outcome::Success)
    }

    fn look(&self) -> Result<Look, Problem> {
        match self.migrator() {
            Ok((name, url)) => {
                let order = self.order(&url, name, &Gateway::Shared);
                block_on(migrate::look(&order))
            }
            Err(_) => migrate::compare(&self.order("", "", &Gateway::Shared)),
        }
    }

    fn order<'o>(&'o self, url: &'o str, variable: &'o str, gateway: &'o Gateway) -> Order<'o> {
        Order {
            url,
            variable,
            gateway,
            manifest: &self.build.manifest,
            links: &self.build.lock.migrations,
            sources: &self.build.sources,
            folder: &self.options.serving.migrations,
            record: Record::Everything,
            dry_run: false,
        }
    }

    /// Writes the chain into the lock.
    fn record(&mut self, links: &[Link]) -> Result<(), Problem> {
        let lock = Lock { migrations: links.to_vec(), ..self.build.lock.clone() };
        if lock::write(&Disk, &self.options, &lock, false).map_err(Problem::Failed)? {
            let object = json!({ "updated": lock::NAME });
            self.terminal.part(&format!("Updated {}", lock::NAME), &object, false);
        }
        Ok(())
    }

    fn gateway(&self) -> Result<Gateway, Problem> {
        if self.options.serving.shared_privileges {
            return Ok(Gateway::Shared);
        }
        Gateway::of(&variable(GATEWAY_URL).ok_or_else(|| migrate::no_url(GATEWAY_URL))?)
    }

    /// The URL of the role that migrates, and where it was found.
    fn migrator(&self) -> Result<(&'static str, String), Problem> {
        match (variable(MIGRATE_URL), variable(GATEWAY_URL)) {
            (Some(url), _) => Ok((MIGRATE_URL, url)),
            (None, Some(url)) if self.options.serving.shared_privileges => Ok((GATEWAY_URL, url)),
            _ => Err(migrate::no_url(MIGRATE_URL)),
        }
    }

    fn report(&mut self, doing: &str, applied: &Applied, dry_run: bool) {
        for name in &applied.migrations {
            let line = format!("{doing} {name}... \u{2713}");
            self.terminal.part(&line, &json!({ "migration": name, "dryRun": dry_run }), false);
        }
        for change in &applied.changes {
            self.terminal.part(&format!("  {change}"), &json!({ "change": change }), false);
        }
    }

    fn summarize(&mut self, applied: &Applied, dry_run: bool) {
        let count = applied.changes.len();
        let sentence = match (count, dry_run) {
            (0, _) => UP_TO_DATE.to_owned(),
            (_, true) => format!("{} would be made", plural(count, "change")),
            (_, false) => {
                format!("Made {}; the gateway's role is {}", plural(count, "change"), applied.role)
            }
        };
        let object: Value = json!({ "changes": count, "dryRun": dry_run, "role": applied.role });
        self.terminal.summary(&sentence, &object);
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn block_on<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.map_err(|error| migrate::no_runtime(&error))?.block_on(work)
}

const MIGRATE_URL: &str = "KONTRACT_MIGRATE_URL";
const GATEWAY_URL: &str = "DATABASE_URL";
const UP_TO_DATE: &str = "The database is as the build needs it";
