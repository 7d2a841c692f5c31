//! Rows that a change would lose or break: K198, K200, K208.

use kontract_runtime::manifest::Manifest;

use crate::{
    diagnostic::render::plural,
    migrate::{chain, plan::Obstacle},
    model::{SourcePath, diagnostic::Diagnostic},
};

/// What advice goes by.
pub struct Advice<'a> {
    pub manifest: &'a Manifest,
    /// Of migrations.
    pub folder: &'a str,
    /// Of the next migration.
    pub version: u32,
}

impl Advice<'_> {
    fn file(&self, name: &str) -> String {
        format!("{}/{:04}_{name}.ts", self.folder, self.version)
    }

    /// The source that declares a table's rows.
    fn source(&self, table: &str) -> SourcePath {
        let row = self.manifest.tables.get(table).and_then(|table| table.row.as_deref());
        let file = row.and_then(|key| key.split_once('#')).map_or("", |(file, _)| file);
        SourcePath::new(file)
    }
}

#[cold]
pub fn refused(
    sentence: &str,
    table: &str,
    rows: i64,
    obstacle: &Obstacle,
    advice: &Advice<'_>,
) -> Diagnostic {
    let (source, name) = (advice.source(table), chain::plain(&obstacle.name));
    let why = obstacle.why.replace("{rows}", &counted(rows));
    let Some(what) = &obstacle.manual else {
        let message = format!("cannot {sentence}: {why}");
        return Diagnostic::error("K198", &source, None, message).help(format!(
            "{}; or `kontract migrate create {name}` begins a migration that changes the rows",
            obstacle.help
        ));
    };
    let message = format!("Cannot auto-migrate: {what}");
    Diagnostic::error(MANUAL, &source, None, message).help(format!(
        "Please create a manual migration:\n\n  {}\n\n{why}. `kontract migrate create {name}` begins \
         that file; or {}.\n\nGuide: {GUIDE}",
        advice.file(&name),
        obstacle.help
    ))
}

#[cold]
pub fn left_wrong(table: &str, field: &str, rows: i64) -> Diagnostic {
    let message = format!(
        "after the migration {} of {table} would not hold in `{field}` what its type allows",
        counted(rows)
    );
    super::error("K208", message).help("let `db.transform` give every row a value that fits")
}

#[cold]
pub fn left_twice(table: &str, field: &str, rows: i64) -> Diagnostic {
    let message = format!(
        "after the migration {} of {table} would share values of `{field}`, which is unique",
        counted(rows)
    );
    super::error("K208", message).help("let `db.transform` give every row a value of its own")
}

pub fn counted(rows: i64) -> String {
    plural(usize::try_from(rows).unwrap_or(usize::MAX), "row")
}

/// The code of changes that only a migration file can make.
pub const MANUAL: &str = "K200";
const GUIDE: &str = "https://kontract.dev/docs/migrations";
