//! What development has to say, as it happens.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{incremental::Outcome, model::diagnostic::Diagnostic};

pub enum Event<'a> {
    /// A database was started here.
    Database {
        version: &'a str,
        programs: &'a Path,
        notes: &'a [Note],
        time: Duration,
    },
    /// It ended without being asked to, and is started again.
    DatabaseEnded(&'a Diagnostic),
    /// With or without errors; in both cases, whether an earlier one is served.
    Built {
        build: &'a Outcome,
        project: &'a Path,
        is_serving: bool,
    },
    /// What was done in the database for the build: the migrations that ran, and what changed, one
    /// sentence each.
    Schema {
        migrations: &'a [String],
        changes: &'a [String],
        time: Duration,
    },
    /// Migration files that somebody is to run; the build is served all the same.
    Waiting(Vec<Diagnostic>, &'a Path),
    /// The first good build is served.
    Ready {
        url: &'a str,
        routes: &'a [String],
        time: Duration,
    },
    /// A later one is.
    Reloaded {
        routes: &'a [String],
        time: Duration,
    },
    /// What keeps a build from being served, and whether an earlier one is.
    NotServed {
        diagnostics: Vec<Diagnostic>,
        project: &'a Path,
        is_serving: bool,
    },
    /// What ends all of it.
    Failed(Diagnostic, &'a Path),
    /// The system does not tell of changes, for this reason.
    Polling(&'a Diagnostic),
    Stopping,
}

/// What is worth saying of how a database started.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Note {
    Created,
    /// A server that an earlier run had left behind was stopped.
    StoppedLeftover,
    /// Everything lies here, since the user that PostgreSQL runs as cannot reach the project.
    Elsewhere(PathBuf),
}
