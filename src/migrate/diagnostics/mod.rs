//! Diagnostics of migrations: K195–K219, and K237 of statements. Those of a migration as a whole.

use std::{
    error::Error as _,
    fmt::{self, Write as _},
};

use kontract_runtime::manifest::Statement;
use tokio_postgres::Error;

mod chain;
mod rows;
mod server;
mod steps;

pub use chain::*;
pub use rows::*;
pub use server::*;
pub use steps::*;

use crate::{
    diagnostic::render::plural,
    model::{SourcePath, diagnostic::Diagnostic},
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
pub fn no_runtime(failure: &std::io::Error) -> Problem {
    Problem::Failed(error("K199", format!("the migration cannot begin: {failure}")))
}

#[cold]
pub fn no_manifest(path: &SourcePath, reason: &dyn fmt::Display) -> Problem {
    let message = format!("there is no build to migrate to: {reason}");
    let error = Diagnostic::error("K199", path, None, message);
    Problem::Failed(error.help("run `kontract build` first"))
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

fn error(code: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}
