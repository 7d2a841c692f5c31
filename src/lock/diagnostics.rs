//! Diagnostics about the lock: K130–K139.

use std::{fmt::Write as _, io};

use super::file::NAME;
use crate::model::{SourcePath, Span, diagnostic::Diagnostic, shape::Place};

#[cold]
pub fn unreadable(error: &io::Error) -> Diagnostic {
    Diagnostic::error("K130", &file(), None, format!("the lock cannot be read: {error}"))
        .help("make it readable; without it clients that are in use would not be understood")
}

#[cold]
pub fn not_a_file(what: &str) -> Diagnostic {
    Diagnostic::error("K130", &file(), None, format!("the lock cannot be used: {what}"))
        .help("put the file itself there, or remove what stands in its place")
}

#[cold]
pub fn not_utf8(offset: usize) -> Diagnostic {
    let offset = u32::try_from(offset).unwrap_or(u32::MAX);
    let span = Span::new(offset, offset.saturating_add(1));
    Diagnostic::error("K132", &file(), Some(span), "the lock is not UTF-8")
        .label("this byte is not part of UTF-8 text")
        .help(RESTORE)
}

#[cold]
pub fn conflict(marker: Span) -> Diagnostic {
    Diagnostic::error("K131", &file(), Some(marker), "the lock holds an unresolved merge")
        .label("git left this marker")
        .help(
            "run `kontract migrate merge`, which keeps what either side has, and then `kontract build`, \
             which gives a new id to whatever was never released",
        )
}

#[cold]
pub fn invalid(span: Span, reason: &str) -> Diagnostic {
    Diagnostic::error("K132", &file(), Some(span), "the lock cannot be understood")
        .label(reason)
        .help(RESTORE)
}

#[cold]
pub fn newer(version: u64) -> Diagnostic {
    Diagnostic::error(
        "K133",
        &file(),
        None,
        format!("the lock was written by a later kontract (its form is version {version})"),
    )
    .help("use the version of kontract that the others of the project use")
}

/// What holds an id that is claimed twice.
pub enum Holder<'p> {
    Other { name: String, place: &'p Place, released: bool },
    Removed,
}

/// Two fields or members of `owner` have one id, as after a merge.
#[cold]
pub fn one_id(
    owner: &str,
    (subject, place): (String, &Place),
    holder: &Holder<'_>,
    released: bool,
) -> Diagnostic {
    let (path, span) = at(place);
    match holder {
        Holder::Other { name, place: other, released: true } if released => {
            let diagnostic = Diagnostic::error(
                "K135",
                &path,
                span,
                format!("{name} and {subject} of `{owner}` have the same id in the lock"),
            )
            .label("clients in use know both under it")
            .help(
                "rename one of them: it gets an id of its own then, and clients that know it \
                 under the old one are told that they are stale",
            );
            match &other.file {
                Some(file) => diagnostic.related(file, other.span, "this has the same id"),
                None => diagnostic,
            }
        }
        holder => {
            let reason = match holder {
                Holder::Other { name, .. } => format!("{name} has its id in the lock"),
                Holder::Removed => "its id in the lock was given up".to_owned(),
            };
            Diagnostic::warning(
                "K134",
                &path,
                span,
                format!("{subject} of `{owner}` gets a new id: {reason}"),
            )
            .label("never released")
            .help("nothing needs to be done: that is how two branches are joined")
        }
    }
}

#[cold]
pub fn would_change(changes: &[String]) -> Diagnostic {
    let mut reason = changes.iter().take(MOST_CHANGES).cloned().collect::<Vec<_>>().join(", ");
    if changes.len() > MOST_CHANGES {
        let _ = write!(reason, " and {} more", changes.len() - MOST_CHANGES);
    }
    if reason.is_empty() {
        "ids that were given up".clone_into(&mut reason);
    }
    Diagnostic::error("K136", &file(), None, format!("the lock would change: {reason}")).help(
        "run `kontract build` and commit kontract.lock.json with the sources; where `CI` is set, \
         `--no-locked` lets a build change it",
    )
}

#[cold]
pub fn too_many(what: &str, most: u16, owner: &str, place: &Place) -> Diagnostic {
    let (path, span) = at(place);
    Diagnostic::error("K137", &path, span, format!("`{owner}` has more than {most} {what}"))
        .label(format!("{what} that were removed count too"))
        .help("split the type")
}

#[cold]
pub fn not_written(error: &io::Error) -> Diagnostic {
    let help = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some disk space and build again"
        }
        _ => "make the file and its folder writable and build again",
    };
    Diagnostic::error("K138", &file(), None, format!("the lock cannot be written: {error}"))
        .help(help)
}

fn file() -> SourcePath {
    SourcePath::new(NAME)
}

fn at(place: &Place) -> (SourcePath, Option<Span>) {
    match &place.file {
        Some(path) => (path.clone(), Some(place.span)),
        None => (file(), None),
    }
}

const MOST_CHANGES: usize = 3;
const RESTORE: &str = "restore it from version control; removing it makes every client that is in \
                       use stale";
