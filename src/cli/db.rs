//! `kontract db`

use std::{
    io::{self, BufWriter, IsTerminal, Write},
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand};
use serde_json::json;

use super::{
    Outcome, environment,
    operator::{At, operate, wait},
    terminal::{Terminal, warn},
};
use crate::{
    admin::{
        diagnostics,
        rows::{self, Counts},
    },
    config::Flags,
    dev::{
        folder::Folder,
        postgres::{self, Surroundings},
    },
    diagnostic::render::plural,
    files::{Disk, Draft},
    model::diagnostic::Diagnostic,
};

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct DbArguments {
    #[command(subcommand)]
    command: DbCommand,
}

#[derive(Debug, Subcommand)]
enum DbCommand {
    /// Start the database of development, and let it run
    ///
    /// `kontract dev` does this by itself, and takes over one that runs.
    #[command(after_help = START_EXAMPLES)]
    Start(Bare),
    /// Stop the database of development
    #[command(after_help = STOP_EXAMPLES)]
    Stop(Bare),
    /// Remove the database of development with all that is in it
    #[command(after_help = RESET_EXAMPLES)]
    Reset(ResetArguments),
    /// Make rows from lines of JSON, or replace those with the same id
    ///
    /// Each line is `{ "table": …, "id": …, "data": { … } }`, with `owner` for the user of an owned
    /// row: what `kontract db dump` writes. All rows are made, or none.
    #[command(after_help = SEED_EXAMPLES)]
    Seed(SeedArguments),
    /// Write all rows of all tables as lines of JSON
    ///
    /// In a stable order, from one moment. Accounts and sessions are not rows of tables. A file
    /// that is there stays as it is until all rows are written.
    #[command(after_help = DUMP_EXAMPLES)]
    Dump(DumpArguments),
}

#[derive(Debug, Args)]
struct Bare {
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct ResetArguments {
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct SeedArguments {
    /// File of the rows; `-` for standard input
    #[arg(default_value = "seed.jsonl")]
    file: PathBuf,
    /// Tenant that gets the rows, whatever their lines say
    #[arg(long, value_name = "name")]
    tenant: Option<String>,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Args)]
struct DumpArguments {
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "file")]
    output: Option<PathBuf>,
    /// Only the rows of this tenant
    #[arg(long, value_name = "name")]
    tenant: Option<String>,
    #[command(flatten)]
    at: At,
}

pub fn run(arguments: &DbArguments) -> Outcome {
    match &arguments.command {
        DbCommand::Start(Bare { at }) => develop(at, start),
        DbCommand::Stop(Bare { at }) => develop(at, stop),
        DbCommand::Reset(ResetArguments { yes, at }) => {
            develop(at, async |project, surroundings, terminal| {
                reset(project, surroundings, terminal, *yes).await
            })
        }
        DbCommand::Seed(arguments) => seed(arguments),
        DbCommand::Dump(arguments) => dump(arguments),
    }
}

/// Does something with the server of a project.
fn develop(
    at: &At,
    work: impl AsyncFnOnce(&Path, Surroundings, &mut Terminal) -> Result<(), Diagnostic>,
) -> Outcome {
    let common = at.common();
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let environment = environment::read();
    let surroundings = Surroundings::of(&options.project, &environment);
    let done = if environment.database.is_some() {
        Err(vec![diagnostics::given_database()])
    } else {
        wait(async {
            let done = work(&options.project, surroundings, &mut terminal).await;
            done.map_err(|error| vec![error])
        })
    };
    let outcome = match done {
        Ok(()) => Outcome::Success,
        Err(diagnostics) => {
            terminal.diagnostics(&Disk, &options.project, diagnostics);
            Outcome::Failure
        }
    };
    terminal.finish(outcome)
}

async fn start(
    project: &Path,
    surroundings: Surroundings,
    terminal: &mut Terminal,
) -> Result<(), Diagnostic> {
    let (url, started) = if let Some(running) = postgres::running(project) {
        (running.url, false)
    } else {
        let folder = Folder::open(project)?;
        let (server, _) = postgres::start(&surroundings, &folder).await?;
        let url = server.url();
        server.leave();
        (url, true)
    };
    let sentence = format!("PostgreSQL {} at {url}", if started { "runs" } else { "runs already" });
    terminal.summary(&sentence, &json!({ "url": url, "started": started }));
    Ok(())
}

async fn stop(project: &Path, _: Surroundings, terminal: &mut Terminal) -> Result<(), Diagnostic> {
    let stopped = postgres::running(project).is_some() && {
        // What `kontract dev` runs is its own.
        let _folder = Folder::open(project)?;
        postgres::stop(project).await?
    };
    let sentence = if stopped { "PostgreSQL stopped" } else { "PostgreSQL does not run" };
    terminal.summary(sentence, &json!({ "stopped": stopped }));
    Ok(())
}

async fn reset(
    project: &Path,
    _: Surroundings,
    terminal: &mut Terminal,
    yes: bool,
) -> Result<(), Diagnostic> {
    let exists = postgres::exists(project);
    if exists {
        let question =
            format!("Remove the database of {} and all that is in it?", project.display());
        if !yes && !confirm(&question)? {
            terminal.summary("Nothing was changed", &json!({ "removed": false }));
            return Ok(());
        }
        let _folder = Folder::open(project)?;
        postgres::stop(project).await?;
        postgres::remove(project)?;
    }
    let sentence = if exists { "Removed; `kontract dev` makes a new one" } else { "There is none" };
    terminal.summary(sentence, &json!({ "removed": exists }));
    Ok(())
}

fn seed(arguments: &SeedArguments) -> Outcome {
    operate(
        &arguments.at,
        async |client: &mut _| {
            let name = arguments.file.display().to_string();
            let lines = rows::open(&arguments.file);
            let mut lines = lines.map_err(|error| diagnostics::not_read(&name, &error))?;
            rows::seed(client, arguments.tenant.as_deref(), &mut lines).await
        },
        |terminal, counts| report(terminal, "Wrote", &counts),
    )
}

fn dump(arguments: &DumpArguments) -> Outcome {
    let (output, tenant) = (arguments.output.as_deref(), arguments.tenant.as_deref());
    operate(
        &arguments.at,
        async |client: &mut _| match output {
            Some(path) => {
                let wrong = |error| diagnostics::no_file_written(path, &error);
                let mut draft = Draft::begin(path).map_err(wrong)?;
                let counts = rows::dump(client, tenant, &mut draft).await?;
                draft.keep().map_err(wrong)?;
                Ok(counts)
            }
            None => rows::dump(client, tenant, &mut BufWriter::new(io::stdout().lock())).await,
        },
        |terminal, counts| {
            // Standard output is the rows'.
            if output.is_some() {
                report(terminal, "Wrote", &counts);
            }
        },
    )
}

fn report(terminal: &mut Terminal, verb: &str, counts: &Counts) {
    let (rows, tables) = (counts.values().sum::<usize>(), counts.len());
    let sentence = format!("{verb} {} of {}", plural(rows, "row"), plural(tables, "table"));
    terminal.summary(&sentence, &json!({ "rows": rows, "tables": counts }));
}

fn confirm(question: &str) -> Result<bool, Diagnostic> {
    if !io::stdin().is_terminal() {
        return Err(diagnostics::not_confirmed(question));
    }
    warn(&format!("{question} [y/N]"));
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let read = io::stdin().read_line(&mut answer);
    Ok(read.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"))
}

const EXAMPLES: &str = "\
Examples:
  kontract db start                  run PostgreSQL, and print where
  kontract db dump -o seed.jsonl     keep what is in it
  kontract db reset --yes            begin with an empty one
  kontract db seed                   fill it again, from seed.jsonl

The database is that of `kontract dev`, in .kontract/dev. `seed` and `dump` work in the one of
KONTRACT_MIGRATE_URL, where that is set.";

const START_EXAMPLES: &str = "\
Examples:
  kontract db start          run PostgreSQL, and print where
  psql \"$(kontract db start --json | jq -r .summary.url)\"

Exit codes:
  0  it runs    1  it cannot be started, or DATABASE_URL is set    2  wrong arguments";

const STOP_EXAMPLES: &str = "\
Examples:
  kontract db stop

Exit codes:
  0  it does not run    1  `kontract dev` runs it, or DATABASE_URL is set    2  wrong arguments";

const RESET_EXAMPLES: &str = "\
Examples:
  kontract db dump -o seed.jsonl && kontract db reset   keep the rows, and begin anew
  kontract db reset --yes                               without a question

Exit codes:
  0  there is none any more, or it was not wanted
  1  `kontract dev` runs it, nobody could be asked, or DATABASE_URL is set    2  wrong arguments";

const SEED_EXAMPLES: &str = "\
Examples:
  kontract db seed                     the rows of seed.jsonl
  kontract db seed demo.jsonl          of another file
  gunzip -c dump.gz | kontract db seed -

A line:
  { \"table\": \"notes\", \"id\": \"1\", \"owner\": \"<id of a user>\", \"data\": { \"text\": \"Hello\" } }";

const DUMP_EXAMPLES: &str = "\
Examples:
  kontract db dump -o seed.jsonl
  kontract db dump | gzip > dump.gz";
