//! Diagnostics of commands for operators: K240–K259.

use std::fmt;

use tokio_postgres::{Error, error::SqlState};

use crate::{
    diagnostic::render::plural,
    model::{SourcePath, diagnostic::Diagnostic},
};

#[cold]
pub fn no_database() -> Diagnostic {
    error("K240", "it is not known which database is meant").help(
        "set KONTRACT_MIGRATE_URL to the URL of the role that migrates, or run `kontract dev` once \
         to make a database of development",
    )
}

#[cold]
pub fn not_set_up() -> Diagnostic {
    error("K241", "the database has not been set up for Kontract")
        .help("run `kontract migrate up`, or `kontract dev`")
}

#[cold]
pub fn not_current() -> Diagnostic {
    error("K241", "the database was set up by another version of Kontract")
        .help("run `kontract migrate up`, or `kontract dev`")
}

#[cold]
#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub fn failed(failure: Error) -> Diagnostic {
    let Some(answer) = failure.as_db_error() else {
        return error("K242", format!("the database does not answer: {failure}"))
            .help("see whether PostgreSQL runs, and try again");
    };
    let message = format!("the database refused: {}", answer.message());
    match answer.code() {
        &SqlState::INSUFFICIENT_PRIVILEGE => error("K242", message)
            .help("KONTRACT_MIGRATE_URL is to name the role that `kontract migrate up` runs as"),
        &SqlState::UNDEFINED_TABLE
        | &SqlState::UNDEFINED_COLUMN
        | &SqlState::UNDEFINED_FUNCTION => not_current(),
        _ => error("K242", message),
    }
}

#[cold]
pub fn no_runtime(failure: &dyn fmt::Display) -> Diagnostic {
    error("K242", format!("the command cannot begin: {failure}"))
}

#[cold]
pub fn no_user(user: &str, tenant: Option<&str>) -> Diagnostic {
    let place = tenant.map(|tenant| format!(" in the tenant `{tenant}`")).unwrap_or_default();
    error("K243", format!("there is no account `{user}`{place}"))
        .help("`kontract user list` shows the accounts; an e-mail address or an id names one")
}

#[cold]
pub fn several_users(user: &str, tenants: &[String]) -> Diagnostic {
    let count = plural(tenants.len(), "tenant");
    error("K243", format!("`{user}` has accounts in {count}: {}", tenants.join(", ")))
        .help("say which one with `--tenant`")
}

#[cold]
pub fn bad_group(group: &str) -> Diagnostic {
    error("K243", format!("`{}` is no name of a group", group.escape_debug()))
        .help("a group's name is text of 1 to 100 characters without control characters")
}

#[cold]
pub fn bad_tenant(name: &str) -> Diagnostic {
    error("K255", format!("`{}` is no name for a tenant", name.escape_debug()))
        .help("take 1 to 40 small letters, digits, - and _; `main` is the application itself")
}

#[cold]
pub fn tenant_exists(name: &str) -> Diagnostic {
    error("K255", format!("there is a tenant `{name}` already"))
        .help("name hosts that it is to have with `--host`, or choose another name")
}

#[cold]
pub fn no_tenant(name: &str) -> Diagnostic {
    error("K255", format!("there is no tenant `{}`", name.escape_debug()))
        .help("`kontract tenant list` shows them, `kontract tenant create` makes one")
}

#[cold]
pub fn main_tenant() -> Diagnostic {
    error("K255", "`main` is the application itself and cannot be dropped")
        .help("drop the database where nothing of it is to be kept")
}

#[cold]
pub fn bad_host(host: &str) -> Diagnostic {
    error("K255", format!("`{}` is no name of a server", host.escape_debug()))
        .help("name it as its users' browsers do, without a port: `shop.example.com`")
}

#[cold]
pub fn host_taken(host: &str, tenant: &str) -> Diagnostic {
    error("K255", format!("`{host}` belongs to the tenant `{tenant}`"))
        .help("a host has the users of one tenant")
}

#[cold]
pub fn other_name(name: &str, given: &str) -> Diagnostic {
    error("K255", format!("`{}` is not `{name}`: nothing was changed", given.escape_debug()))
        .help(format!("confirm with the name of what is to be dropped: `--yes {name}`"))
}

#[cold]
pub fn name_not_given(question: &str, name: &str) -> Diagnostic {
    error("K255", format!("{question} Nobody can be asked here"))
        .help(format!("confirm with `--yes {name}`"))
}

#[cold]
pub fn given_database() -> Diagnostic {
    error("K254", "DATABASE_URL names the database: there is none of development")
        .help("unset DATABASE_URL for the database that `kontract dev` keeps in .kontract/dev")
}

#[cold]
pub fn not_confirmed(question: &str) -> Diagnostic {
    error("K254", format!("{question} Nobody can be asked here")).help("say so with `--yes`")
}

#[cold]
pub fn not_written(failure: &std::io::Error) -> Diagnostic {
    error("K254", format!("the rows cannot be written: {failure}"))
}

#[cold]
pub fn no_file_written(path: &std::path::Path, failure: &std::io::Error) -> Diagnostic {
    error("K254", format!("{} cannot be written: {failure}", path.display()))
        .help("name a file in a folder that is there and that you may write; without `-o` the rows go to standard output")
}

#[cold]
pub fn not_read(place: &str, failure: &std::io::Error) -> Diagnostic {
    error("K254", format!("the rows of {place} cannot be read: {failure}"))
        .help("name a file that `kontract db dump` wrote, or `-` for standard input")
}

#[cold]
pub fn bad_line(line: usize, failure: &serde_json::Error) -> Diagnostic {
    error("K254", format!("line {line} is no row: {failure}"))
        .help("write it as { \"table\": \"users\", \"id\": \"ada\", \"data\": { … } }, on one line")
}

#[cold]
pub fn no_table(line: usize, tenant: &str, table: &str, known: &[&str]) -> Diagnostic {
    let place = if tenant == "main" { String::new() } else { format!(" of the tenant {tenant}") };
    let known = match known {
        [] => String::new(),
        known => format!("there are {}; ", known.join(", ")),
    };
    error("K254", format!("line {line}: there is no table {table}{place}")).help(format!(
        "{known}for a new one, build the project and run `kontract migrate up` or `kontract dev` first"
    ))
}

#[cold]
pub fn with_nul(line: usize) -> Diagnostic {
    error("K254", format!("line {line}: a text holds the character U+0000"))
        .help("PostgreSQL cannot store it: leave it out")
}

#[cold]
pub fn other_key(line: usize, key: &str) -> Diagnostic {
    error("K254", format!("line {line}: `{key}` in the data is not the row's id"))
        .help(format!("give both the same text, or leave `{key}` out of the data"))
}

#[cold]
pub fn bad_rows(first: usize, last: usize, message: &str) -> Diagnostic {
    let place =
        if first == last { format!("line {first}") } else { format!("lines {first} to {last}") };
    error("K254", format!("{place}: {message}"))
        .help("the rows have to be as the interface of their table says; nothing was changed")
}

pub(super) fn error(code: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(""), None, message)
}
