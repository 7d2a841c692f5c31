//! Diagnostics of migrations: K195–K219, and K237 of statements.

use std::{
    collections::BTreeSet,
    error::Error as _,
    fmt::{self, Write as _},
};

use tokio_postgres::{Config, Error, config::Host, error::SqlState};

use kontract_runtime::manifest::Statement;

use super::plan::{Manual, Obstacle};
use crate::{
    diagnostic::render::plural,
    lock,
    model::{SourcePath, Span, diagnostic::Diagnostic},
};

/// Why a database is not as it should be.
#[derive(Debug)]
pub enum Problem {
    /// There is no server, or it lets nobody in.
    Unreachable(Diagnostic),
    /// Changes that rows stand in the way of. Nothing was changed.
    Refused(Vec<Diagnostic>),
    /// Anything else. Nothing was changed.
    Failed(Diagnostic),
}

impl Problem {
    pub fn diagnostics(self) -> Vec<Diagnostic> {
        match self {
            Self::Unreachable(diagnostic) | Self::Failed(diagnostic) => vec![diagnostic],
            Self::Refused(diagnostics) => diagnostics,
        }
    }
}

#[cold]
pub fn no_url(variable: &str) -> Problem {
    let help = match variable {
        "DATABASE_URL" => {
            "set it to the URL that the gateway is to use: its role is created with that password"
        }
        _ => "set it to the URL of a role that may create roles and schemas",
    };
    Problem::Failed(error("K195", format!("{variable} is not set")).help(help))
}

#[cold]
pub fn no_runtime(failure: &std::io::Error) -> Problem {
    Problem::Failed(error("K199", format!("the migration cannot begin: {failure}")))
}

#[cold]
pub fn no_manifest(path: &SourcePath, reason: &dyn fmt::Display) -> Problem {
    let message = format!("there is no build to migrate to: {reason}");
    let error = Diagnostic::error("K199", path, None, message);
    Problem::Failed(error.help("run `kontract build` first"))
}

/// Host and port, without the password.
pub struct Place(String);

impl Place {
    pub fn of(config: &Config) -> Self {
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => "localhost".to_owned(),
        };
        let port = config.get_ports().first().copied().unwrap_or(5432);
        Self(format!("{host}:{port}"))
    }
}

#[cold]
pub fn bad_url(variable: &str, reason: &str) -> Problem {
    let help = "write it as `postgresql://role:password@host:5432/database`";
    Problem::Unreachable(error("K195", format!("{variable} cannot be used: {reason}")).help(help))
}

#[cold]
pub fn silent(place: &Place) -> Problem {
    let message = format!("PostgreSQL at {} does not answer", place.0);
    Problem::Unreachable(error("K195", message).help("check host and port, and firewalls between"))
}

#[cold]
pub fn unreachable(place: &Place, variable: &str, failure: &Error) -> Problem {
    let message = format!("PostgreSQL at {} cannot be reached: {}", place.0, reason(failure));
    let help = match failure.code() {
        Some(&SqlState::INVALID_CATALOG_NAME) => {
            format!("create the database, or correct its name in {variable}")
        }
        Some(&SqlState::INVALID_PASSWORD | &SqlState::INVALID_AUTHORIZATION_SPECIFICATION) => {
            format!("correct role and password in {variable}")
        }
        _ => format!("start PostgreSQL, or correct {variable}"),
    };
    Problem::Unreachable(error("K195", message).help(help))
}

#[cold]
pub fn too_old(version: &str) -> Problem {
    let message = format!("the server is PostgreSQL {version}: 14 is the oldest that is supported");
    Problem::Failed(error("K197", message).help("upgrade the server"))
}

#[cold]
pub fn no_create_role(role: &str) -> Problem {
    let message = format!("the role `{role}` may not create roles");
    Problem::Failed(error("K196", message).help(format!(
        "run `ALTER ROLE \"{role}\" CREATEROLE` as a superuser, or, where that is not to be had, \
         set `[database] privileges = \"shared\"`"
    )))
}

#[cold]
pub fn statement_refused(statement: &Statement, reason: &str) -> Problem {
    let at = statement.at.as_deref().unwrap_or("");
    let (file, line) = at.rsplit_once(':').unwrap_or((at, ""));
    let place = if line.is_empty() { String::new() } else { format!(" on line {line}") };
    let message =
        format!("PostgreSQL refuses the SQL of `{}.exec`{place}: {reason}", statement.table);
    let diagnostic = Diagnostic::error("K237", &SourcePath::new(file), None, message);
    Problem::Failed(diagnostic.help(
        "a row is `id` and `data`: write `data->>'field'` for a field, with `::numeric` or another \
         type behind it in parentheses",
    ))
}

#[cold]
pub fn no_create_schema() -> Problem {
    let message = "the role of the migration may not create schemas in this database";
    Problem::Failed(
        error("K196", message)
            .help("run `GRANT CREATE ON DATABASE … TO …` as the database's owner"),
    )
}

#[cold]
pub fn not_owner(role: &str, owner: &str) -> Problem {
    let message = format!("the role `{role}` is no member of `{owner}`, which owns the tables");
    Problem::Failed(error("K196", message).help(format!(
        "use the role that made them, or run `GRANT \"{owner}\" TO \"{role}\"` as a superuser"
    )))
}

#[cold]
pub fn foreign_schema(schema: &str, found: &str, owner: &str) -> Problem {
    let message = format!("the schema `{schema}` belongs to `{found}`, not to `{owner}`");
    Problem::Failed(error("K196", message).help(
        "use the role and the `[database] privileges` that it was made with, or another database",
    ))
}

#[cold]
pub fn same_role(role: &str) -> Problem {
    let message =
        format!("`{role}` is to migrate and to serve: the gateway needs a role of its own");
    Problem::Failed(error("K196", message).help(
        "name another role in DATABASE_URL (it is created), or set `[database] privileges = \"shared\"`",
    ))
}

#[cold]
pub fn mighty_role(role: &str) -> Problem {
    let message = format!("the gateway's role `{role}` may do more than a gateway should");
    Problem::Failed(error("K196", message).help(
        "name a role in DATABASE_URL that is no superuser, creates no roles, obeys row security and \
         does not own the tables",
    ))
}

#[cold]
pub fn no_login(role: &str) -> Problem {
    let message = format!("the gateway's role `{role}` may not log in");
    Problem::Failed(error("K196", message).help(format!("run `ALTER ROLE \"{role}\" LOGIN`")))
}

/// `next` makes the path of a file from a few words.
#[cold]
pub fn refused(
    sentence: &str,
    rows: i64,
    obstacle: &Obstacle,
    next: &dyn Fn(&str) -> String,
) -> Diagnostic {
    if let Some(Manual { what, name }) = &obstacle.manual {
        let message = format!("Cannot auto-migrate: {what}");
        return error(MANUAL, message).help(format!(
            "Please create a manual migration:\n\n  {}\n\nGuide: {GUIDE}",
            next(name)
        ));
    }
    let rows = counted(rows);
    error("K198", format!("cannot {sentence}: {rows} {}", obstacle.why)).help(obstacle.help.clone())
}

#[cold]
pub fn bad_manifest(reason: &str) -> Problem {
    let message = format!("the manifest cannot be used: {reason}");
    Problem::Failed(error("K199", message).help("build the project again"))
}

#[cold]
pub fn unknown_schema() -> Problem {
    let message = "the database was made by another version of Kontract";
    Problem::Failed(error("K199", message).help("use the newer version of both"))
}

#[cold]
pub fn already_migrating() -> Problem {
    let message = "another migration of this database is running";
    Problem::Failed(error("K199", message).help("wait until it has ended, and try again"))
}

#[cold]
pub fn table_in_use(sentence: &str) -> Problem {
    let message = format!("cannot {sentence}: the table is in use");
    Problem::Failed(error("K199", message).help("try again when fewer calls are running"))
}

#[cold]
pub fn change_failed(sentence: &str, failure: &Error) -> Problem {
    Problem::Failed(error("K199", format!("cannot {sentence}: {}", reason(failure))))
}

#[cold]
#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub fn failed(failure: Error) -> Problem {
    let message = format!("the migration failed: {}", reason(&failure));
    if failure.is_closed() {
        Problem::Unreachable(error("K195", message))
    } else {
        Problem::Failed(error("K199", message))
    }
}

/// What the server says, or why there is none.
fn reason(failure: &Error) -> String {
    if let Some(error) = failure.as_db_error() {
        return error.message().to_owned();
    }
    let mut text = failure.to_string();
    let mut cause = failure.source();
    while let Some(inner) = cause {
        let _ = write!(text, ": {inner}");
        cause = inner.source();
    }
    text
}

/// What a gateway says of a database that has not what its build needs.
#[cold]
pub fn behind(missing: &[String]) -> Diagnostic {
    let count = plural(missing.len(), "change");
    let list = missing.join("\n  ");
    error("K197", format!("the database is behind the build by {count}:\n  {list}"))
        .help("run `kontract migrate up`")
}

#[cold]
pub fn edited(path: &SourcePath) -> Diagnostic {
    let message = format!("{path} was changed after the database went through it");
    Diagnostic::error("K201", path, None, message).help(
        "put it back as it was, and write another migration; or take it back first: \
         `kontract migrate down`",
    )
}

#[cold]
pub fn two_heads(heads: &BTreeSet<String>) -> Problem {
    let heads = heads.iter().map(|head| format!("`{head}`")).collect::<Vec<_>>().join(" and ");
    let message = format!("the migrations of two branches stand beside each other: {heads}");
    Problem::Failed(in_lock("K202", message).help("run `kontract migrate merge`"))
}

#[cold]
pub fn one_head() -> Problem {
    Problem::Failed(in_lock(
        "K202",
        "no two branches of migrations stand beside each other".to_owned(),
    ))
}

#[cold]
pub fn bad_chain(reason: &str) -> Problem {
    let message = format!("the chain of migrations is broken: {reason}");
    Problem::Failed(in_lock("K203", message).help("restore it from version control"))
}

#[cold]
pub fn not_recorded(path: &SourcePath) -> Problem {
    let message = format!("{path} is not in kontract.lock.json as it is");
    Problem::Failed(
        Diagnostic::error("K204", path, None, message).help(
            "run `kontract migrate up` where the lock may change, and commit kontract.lock.json",
        ),
    )
}

#[cold]
pub fn no_file(path: &str) -> Problem {
    let message = format!("{path} is missing: it is part of the chain of migrations");
    Problem::Failed(in_lock("K205", message).help("restore it from version control"))
}

#[cold]
pub fn two_files(one: &SourcePath, other: &SourcePath) -> Problem {
    let message = format!("{one} and {other} are one migration by their names");
    Problem::Failed(Diagnostic::error("K205", other, None, message).help("rename one of them"))
}

#[cold]
pub fn unreadable_migrations(path: &str, failure: &std::io::Error) -> Problem {
    let message = format!("{path} cannot be read: {failure}");
    Problem::Failed(Diagnostic::error("K205", &SourcePath::new(path), None, message))
}

#[cold]
pub fn not_written(path: &SourcePath, failure: &std::io::Error) -> Problem {
    let message = format!("{path} cannot be written: {failure}");
    Problem::Failed(Diagnostic::error("K205", path, None, message))
}

#[cold]
pub fn migration_imports(path: &SourcePath, span: Span) -> Problem {
    let message = "a migration imports nothing but types";
    Problem::Failed(
        Diagnostic::error("K206", path, Some(span), message)
            .label("what stands there may change after the migration ran")
            .help("write what it needs into its file"),
    )
}

#[cold]
pub fn migration_failed(path: &SourcePath, direction: &str, reason: &str) -> Problem {
    let message = format!("`{direction}` of {path} failed: {reason}");
    Problem::Failed(Diagnostic::error("K207", path, None, message).help("nothing was changed"))
}

#[cold]
pub fn left_wrong(table: &str, field: &str, rows: i64) -> Diagnostic {
    let rows = counted(rows);
    error(
        "K208",
        format!(
            "after the migration {rows} of {table} would not hold in `{field}` what its type allows"
        ),
    )
    .help("let `db.transform` give every row a value that fits")
}

#[cold]
pub fn left_twice(table: &str, field: &str, rows: i64) -> Diagnostic {
    let rows = counted(rows);
    error(
        "K208",
        format!(
            "after the migration {rows} of {table} would share values of `{field}`, which is unique"
        ),
    )
    .help("let `db.transform` give every row a value of its own")
}

#[cold]
pub fn half_squashed(name: &str, missing: &[&String]) -> Problem {
    let missing = missing.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
    let message =
        format!("the database has not been through all that `{name}` stands for: {missing}");
    Problem::Failed(in_lock("K209", message).help(
        "migrate it with the project as it was before `kontract migrate squash`, then with this one",
    ))
}

#[cold]
pub fn nothing_to_squash(reason: &str) -> Problem {
    Problem::Failed(in_lock("K209", format!("there is nothing to put together: {reason}")))
}

#[cold]
pub fn bad_step(reason: &str) -> Problem {
    Problem::Failed(error("K207", reason))
}

#[cold]
pub fn rename_column(table: &str, from: &str, to: &str) -> Problem {
    let message = format!("{table} has no column to rename: fields lie in its column `data`");
    Problem::Failed(
        error("K207", message).help(format!("use `db.renameField(table, '{from}', '{to}')`")),
    )
}

#[cold]
pub fn columns_changed(table: &str) -> Problem {
    let message = format!("the columns of kdata.{table} were changed");
    Problem::Failed(error("K207", message).help(
        "fields lie in its column `data`: use `db.renameField`, `db.updateSchema`, `db.transform`",
    ))
}

#[cold]
pub fn no_table<'a>(name: &str, known: impl Iterator<Item = &'a String>) -> Problem {
    let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
    Problem::Failed(error("K207", format!("there is no table `{name}`: there are {known}")))
}

#[cold]
pub fn no_field<'a>(table: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Problem {
    let known = known.map(String::as_str).collect::<Vec<_>>().join(", ");
    Problem::Failed(error("K207", format!("`{table}` has no field `{name}`: there are {known}")))
}

#[cold]
pub fn no_key(table: &str, field: &str, rows: i64) -> Problem {
    let rows = counted(rows);
    let message =
        format!("`{field}` cannot be the key of `{table}`: {rows} have no text of their own in it");
    Problem::Failed(error("K207", message))
}

fn counted(rows: i64) -> String {
    plural(usize::try_from(rows).unwrap_or(usize::MAX), "row")
}

fn in_lock(code: &str, message: String) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(lock::NAME), None, message)
}

fn error(code: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(FILE), None, message)
}

/// What the database is compared with.
const FILE: &str = "manifest.json";
/// The code of changes that only a migration file can make.
pub const MANUAL: &str = "K200";
const GUIDE: &str = "https://kontract.dev/docs/migrations";
