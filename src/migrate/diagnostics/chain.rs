//! The chain of migrations and its files: K201–K205, K209–K211.

use std::collections::BTreeSet;

use super::{Problem, rows::counted};
use crate::{
    diagnostic::render::plural,
    lock,
    migrate::chain::Link,
    model::{SourcePath, diagnostic::Diagnostic},
};

#[cold]
pub fn edited(path: &SourcePath) -> Diagnostic {
    let message = "this migration was changed after the database went through it";
    Diagnostic::error("K201", path, None, message).help(
        "put it back as it was, and write another migration; or take it back with `kontract migrate \
         down`, and run it anew with `kontract migrate up`",
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
    let message = "this migration is not in kontract.lock.json as it is";
    Problem::Failed(
        Diagnostic::error("K204", path, None, message).help(
            "run `kontract migrate up` where the lock may change, and commit kontract.lock.json",
        ),
    )
}

#[cold]
pub fn no_file(path: &str) -> Problem {
    let message = format!("{path} is missing: it is part of the chain of migrations");
    Problem::Failed(in_lock("K205", message).help(
        "restore it from version control; one that was never shared is taken back by `kontract \
         migrate down` while its file is there",
    ))
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
    let message = format!("it cannot be written: {failure}");
    Problem::Failed(
        Diagnostic::error("K205", path, None, message)
            .help("make its folder writable, or name another one: `[database] migrations`"),
    )
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

/// A file that development leaves for somebody to run.
#[cold]
pub fn waiting(path: &SourcePath) -> Diagnostic {
    let message = "this migration did not run in the database";
    Diagnostic::error("K210", path, None, message).help("`kontract migrate up` runs it")
}

/// The lock is written by then.
#[cold]
pub fn not_removed(path: &SourcePath, squash: &str, failure: &std::io::Error) -> Diagnostic {
    let message =
        format!("this migration is part of `{squash}` now, and cannot be removed: {failure}");
    Diagnostic::error("K209", path, None, message).help("remove the file by hand")
}

/// A file of a migration that was put together with others.
#[cold]
pub fn left_over(path: &SourcePath, squash: &str) -> Problem {
    let message = format!("this migration is part of `{squash}` by now");
    Problem::Failed(Diagnostic::error("K209", path, None, message).help(format!(
        "remove the file; if it is a new migration, `kontract migrate create` begins one after `{squash}`"
    )))
}

#[cold]
pub fn stands_for_others(link: &Link) -> Problem {
    let message = format!(
        "`{}` cannot be taken back: it stands for {} that ran before, whose files are gone",
        link.name,
        plural(link.replaces.len(), "migration")
    );
    Problem::Failed(
        in_lock("K211", message)
            .help("`kontract migrate create` begins a migration that goes on from there"),
    )
}

#[cold]
pub fn not_taken_back(link: &Link, sentence: &str, rows: i64) -> Diagnostic {
    let message =
        format!("`{}` cannot be taken back: to {sentence} would cost {}", link.name, counted(rows));
    let help = match &link.file {
        Some(file) => format!("let `down` of {file} say what becomes of the rows"),
        None => "remove the rows before, or go on with another migration".to_owned(),
    };
    in_lock("K211", message).help(help)
}

fn in_lock(code: &str, message: String) -> Diagnostic {
    Diagnostic::error(code, &SourcePath::new(lock::NAME), None, message)
}
