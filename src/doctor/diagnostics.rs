//! What `kontract doctor` finds: K244–K253.

use std::{fmt, fmt::Write as _, time::Duration};

use super::{ids::Restored, privileges::Reached};
use crate::{
    admin::diagnostics as admin,
    diagnostic::render::plural,
    migrate::Problem,
    model::{SourcePath, diagnostic::Diagnostic},
};

#[cold]
pub fn failed(failure: tokio_postgres::Error) -> Problem {
    Problem::Failed(admin::failed(failure))
}

#[cold]
pub fn no_gateway_url() -> Diagnostic {
    error("K244", "DATABASE_URL is not set")
        .help("set it to the URL that the gateway uses; its role is what is examined")
}

#[cold]
pub fn nothing_to_examine(exists: bool) -> Diagnostic {
    let help = if exists {
        "run `kontract dev` or `kontract db start` meanwhile, or set DATABASE_URL"
    } else {
        "set DATABASE_URL, and KONTRACT_MIGRATE_URL for what only the role that migrates can see"
    };
    error("K244", "there is no database to examine").help(help)
}

#[cold]
pub fn no_operator() -> Diagnostic {
    warning("K244", "tables, accounts and transaction ids were not examined")
        .help("set KONTRACT_MIGRATE_URL: the gateway's role cannot see them")
}

#[cold]
pub fn not_set_up() -> Diagnostic {
    error("K253", "the database has not been set up for Kontract").help("run `kontract migrate up`")
}

#[cold]
pub fn no_role(role: &str) -> Diagnostic {
    error("K245", format!("there is no role `{role}`")).help("run `kontract migrate up`")
}

#[cold]
pub fn more_than_claimed(role: &str, kind: &str, more: &[&Reached]) -> Diagnostic {
    let count = plural(more.len(), kind);
    let mut message = format!("the gateway's role `{role}` has more than the claim, {count}:");
    for reached in more.iter().take(MOST) {
        let _ = write!(message, "\n  {}: {}", reached.object, reached.rights);
    }
    if more.len() > MOST {
        let _ = write!(message, "\n  and {} more", more.len() - MOST);
    }
    let statements: Vec<String> =
        more.iter().take(MOST).map(|reached| reached.revocation(role)).collect();
    error("K245", message).help(statements.join(";\n"))
}

#[cold]
pub fn less_than_claimed(role: &str, table: &str) -> Diagnostic {
    error("K245", format!("the gateway's role `{role}` cannot read {table}"))
        .help("run `kontract migrate up` with this DATABASE_URL")
}

#[cold]
pub fn everybody_may(defaults: &[&Reached]) -> Diagnostic {
    let list: Vec<String> = defaults
        .iter()
        .map(|reached| format!("{} {}: {}", reached.kind, reached.object, reached.rights))
        .collect();
    let statements: Vec<String> = defaults.iter().map(|reached| reached.revocation("")).collect();
    let message = format!(
        "PostgreSQL lets everybody fill this database, and so the gateway's role:\n  {}",
        list.join("\n  ")
    );
    warning("K246", message)
        .help(format!("no data is reached by it; where nobody needs it: {}", statements.join("; ")))
}

#[cold]
pub fn shared_privileges(role: &str) -> Diagnostic {
    warning(
        "K246",
        format!("`privileges = \"shared\"`: the gateway runs as `{role}`, and the claim of two tables is not made"),
    )
    .help("where roles can be created, remove the setting and name another role in DATABASE_URL")
}

#[cold]
pub fn clocks_differ(skew: Duration, ahead: bool, unusable: bool) -> Diagnostic {
    let direction = if ahead { "ahead of" } else { "behind" };
    let message =
        format!("the clock of this machine is {} s {direction} the database's", skew.as_secs());
    let finding = if unusable { error("K247", message) } else { warning("K247", message) };
    finding.help("let both follow a time server (NTP): sessions end by both clocks")
}

#[cold]
pub fn pooled() -> Diagnostic {
    warning("K248", "a pooler lends connections a session for each transaction")
        .help("Kontract needs no more; for LISTEN set DATABASE_URL_DIRECT to an address without it")
}

#[cold]
pub fn pooled_without_statements() -> Diagnostic {
    error("K248", "a pooler lends a session for each transaction, and forgets prepared statements")
        .help(
            "let it keep them (PgBouncer 1.21: `max_prepared_statements = 200`), let it pool sessions, \
             or name the database without it in DATABASE_URL",
        )
}

#[cold]
pub fn restored(ids: &Restored) -> Diagnostic {
    let Restored { table, newest, current } = ids;
    error(
        "K249",
        format!(
            "the database was restored from a dump: {table} holds the transaction id {newest}, and \
             this server is at {current}"
        ),
    )
    .help("stop the gateways and run `kontract doctor --repair-ids`, which gives such rows an id of now")
}

#[cold]
pub fn weak_secret(reason: &dyn fmt::Display) -> Diagnostic {
    let text = reason.to_string();
    let (what, fix) = text.split_once(": ").unwrap_or((&text, ""));
    error("K250", what).help(fix)
}

#[cold]
pub fn weak_password(variable: &str, reason: &str) -> Diagnostic {
    warning("K250", format!("the password in {variable} {reason}"))
        .help("choose a random one, such as the output of `openssl rand -hex 24`")
}

#[cold]
pub fn readable_connection(variable: &str) -> Diagnostic {
    warning("K251", format!("the connection of {variable} is not encrypted for sure"))
        .help("add `sslmode=verify-full` to it, or `sslmode=require`, which asks no certificate")
}

#[cold]
pub fn one_role_for_both() -> Diagnostic {
    warning("K251", "DATABASE_URL and KONTRACT_MIGRATE_URL name the same role").help(
        "give the gateway a role of its own: `kontract migrate up` makes the one of DATABASE_URL",
    )
}

#[cold]
pub fn broken_table(name: &str, ptr: &str, reason: &str) -> Diagnostic {
    error("K252", format!("the table {name} is to be kdata.{ptr}: {reason}"))
        .help("it was changed outside of Kontract: restore it from a backup")
}

#[cold]
pub fn nobody_may(route: &str, perm: &str) -> Diagnostic {
    warning("K252", format!("nobody can call {route}: no account has the permission {perm}"))
        .help("grant it with `kontract user grant`, or to all with `[auth] perm`")
}

#[cold]
pub fn nobody_in(route: &str, group: &str) -> Diagnostic {
    warning("K252", format!("nobody can call {route}: no account belongs to the group `{group}`"))
        .help(format!("add somebody with `kontract user grant … --group {group}`"))
}

fn error(code: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}

fn warning(code: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::warning(code, &SourcePath::new(""), None, message)
}

const MOST: usize = 10;
