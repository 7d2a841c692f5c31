//! What migration files do: K206, K207.

use super::{Problem, error, rows::counted};
use crate::{
    migrate::script::Source,
    model::{SourcePath, Span, diagnostic::Diagnostic},
};

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
pub fn misnamed(path: &SourcePath) -> Problem {
    let message = "by its name this is no migration, and it would never run";
    Problem::Failed(Diagnostic::error("K205", path, None, message).help(
        "call it as `kontract migrate create` would: four digits, `_`, a few words, and `.ts`",
    ))
}

#[cold]
pub fn other_version(path: &SourcePath, span: Span, version: u32) -> Problem {
    let message = format!("the file's name says that this is version {version}");
    Problem::Failed(
        Diagnostic::error("K206", path, Some(span), message)
            .label("another version")
            .help(format!("write `version: {version}`, or give the file another name")),
    )
}

/// `reason`: what was thrown, with its stack. Of that, frames of the file are shown.
#[cold]
pub fn migration_failed(source: &Source, direction: &str, reason: &str) -> Problem {
    let path = &source.path;
    let (frames, said): (Vec<&str>, Vec<&str>) =
        reason.lines().partition(|line| line.trim_start().starts_with("at "));
    let own: Vec<&str> = frames.into_iter().filter(|frame| frame.contains(path.as_str())).collect();
    let span = own.first().and_then(|frame| {
        let mut parts = frame.trim_end().trim_end_matches(')').rsplitn(3, ':');
        let (column, line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        source.place(line, column)
    });
    let mut message = format!("`{direction}` failed: {}", said.join("\n"));
    for frame in own.iter().skip(usize::from(span.is_some())) {
        message.push('\n');
        message.push_str(frame);
    }
    let found = Diagnostic::error("K207", path, span, message).help("nothing was changed");
    Problem::Failed(if span.is_some() { found.label("here") } else { found })
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
    let message = match listed(known) {
        None => format!("there is no table `{name}`: there are none before it runs"),
        Some(known) => format!("there is no table `{name}`: there are {known}"),
    };
    Problem::Failed(
        error("K207", message).help("what the build adds to the schema is made when all files ran"),
    )
}

#[cold]
pub fn no_field<'a>(table: &str, name: &str, known: impl Iterator<Item = &'a String>) -> Problem {
    let known = listed(known).unwrap_or_else(|| "none but the key".to_owned());
    Problem::Failed(error("K207", format!("`{table}` has no field `{name}`: there are {known}")))
}

#[cold]
pub fn no_key(table: &str, field: &str, rows: i64) -> Problem {
    let rows = counted(rows);
    let message = format!(
        "`{field}` cannot be the key of `{table}`: no text of its own stands in it in {rows}"
    );
    Problem::Failed(error("K207", message))
}

fn listed<'a>(names: impl Iterator<Item = &'a String>) -> Option<String> {
    let names: Vec<&str> = names.map(String::as_str).collect();
    (!names.is_empty()).then(|| names.join(", "))
}
