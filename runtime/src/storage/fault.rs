//! What can go wrong between a call and PostgreSQL.

use std::borrow::Cow;

use tokio_postgres::error::{DbError, SqlState};

use crate::failure::Failure;

/// Why a statement failed.
#[derive(Clone, Debug)]
pub enum Fault {
    /// For the caller: permission, identifiers, values.
    Refused(Failure),
    /// Another call changed what this one saw: it may run again.
    Conflict,
    /// A field whose values must differ has this one already. It will have it the next time, too.
    Taken { table: String, field: String },
    /// A rule of a table does not hold, in PostgreSQL's words: `kontract.commit` has words for the
    /// caller. Where they are not asked for it is what is within.
    Violated(Box<Self>),
    /// PostgreSQL cannot be reached, or will not serve. Nothing was done.
    Unavailable,
    /// The connection broke while the statement was under way: it may have been done.
    Lost,
    /// Someone cancelled the statement. Nothing was done.
    Cancelled,
    /// A statement prepared before the schema changed.
    Stale,
    /// For the log: a code and what PostgreSQL says of it, without values.
    Internal(String),
}

impl Fault {
    /// What the caller is told. The details of an internal error go to the log.
    pub fn into_failure(self, call_id: &str) -> Failure {
        match self {
            Self::Refused(failure) => failure,
            Self::Conflict => Failure::conflict(),
            Self::Taken { table, field } => {
                let message = format!("Another row of {table} has this {field}");
                Failure { message: message.into(), ..Failure::conflict() }
                    .at(format!("{table}.{field}"))
            }
            Self::Violated(fault) => fault.into_failure(call_id),
            Self::Unavailable | Self::Lost => {
                Failure::unavailable("The database cannot be reached")
            }
            Self::Cancelled => Failure::timeout(),
            Self::Stale => {
                Failure::unavailable("The database's schema is being changed, try again")
            }
            Self::Internal(detail) => {
                tracing::error!(target: "kontract", call_id, %detail, "a statement failed");
                Failure::internal()
            }
        }
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(database) => from_database(database),
            // What is left are broken connections, and parameters that do not fit the statement.
            None if error.is_closed() || is_io(&error) => Self::Lost,
            None => Self::Internal(error.to_string()),
        }
    }
}

fn is_io(error: &tokio_postgres::Error) -> bool {
    std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
}

fn from_database(error: &DbError) -> Fault {
    let message = || Cow::Owned(error.message().to_owned());
    match error.code().code() {
        "KX401" => Fault::Refused(Failure::unauthorized()),
        "KX403" => Fault::Refused(Failure::permission_denied(message())),
        "KX404" => Fault::Refused(Failure::not_found(message())),
        "KX400" => Fault::Refused(invalid(error.message())),
        "KX409" => match (error.table(), error.column()) {
            (Some(table), Some(field)) => {
                Fault::Taken { table: table.to_owned(), field: field.to_owned() }
            }
            _ => Fault::Conflict,
        },
        // Serialization failure, and deadlock.
        "40001" | "40P01" => Fault::Conflict,
        "23505" => Fault::Violated(Box::new(Fault::Conflict)),
        // A check, and a value that is too long for an index.
        code @ ("23514" | "54000") => {
            Fault::Violated(Box::new(Fault::Internal(describe(code, error))))
        }
        "57014" => Fault::Cancelled,
        // A plan of a function that was replaced, a prepared statement that is gone.
        "0A000" | "26000" => Fault::Stale,
        code if code.starts_with("08") || code.starts_with("57") => Fault::Lost,
        // Too many connections, out of memory or disk.
        code if code.starts_with("53") => Fault::Unavailable,
        code => Fault::Internal(describe(code, error)),
    }
}

/// `path: expected …` names the place of the fault.
fn invalid(message: &str) -> Failure {
    let failure = Failure::invalid(message.to_owned());
    match message.split_once(": ") {
        Some((path, _)) if !path.contains(' ') => failure.at(path),
        _ => failure,
    }
}

/// Messages of other classes may quote values.
fn describe(code: &str, error: &DbError) -> String {
    let speaks_of_schema = code.starts_with("42")
        || *error.code() == SqlState::INSUFFICIENT_PRIVILEGE
        || *error.code() == SqlState::INVALID_SCHEMA_NAME;
    if speaks_of_schema {
        format!("SQLSTATE {code}: {}", error.message())
    } else {
        format!("SQLSTATE {code}")
    }
}
