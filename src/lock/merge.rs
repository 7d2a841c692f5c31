//! What git could not merge: two locks between markers.

use std::collections::BTreeSet;

use super::{Lock, diagnostics, file};
use crate::{
    config::Options,
    files::Files,
    model::{Span, diagnostic::Diagnostic},
};

/// What either side of a conflict has; None where there is no conflict. Two that have one id are
/// settled by the next build.
pub fn resolved(files: &dyn Files, options: &Options) -> Result<Option<Lock>, Diagnostic> {
    let Some(text) = file::text(files, options)? else { return Ok(None) };
    if conflict(&text).is_none() {
        return Ok(None);
    }
    let (ours, theirs) = (side(&text, Side::Ours), side(&text, Side::Theirs));
    Ok(Some(join(file::parse(&ours)?, file::parse(&theirs)?)))
}

/// Writes a lock in the place of one that cannot be read.
pub fn replace(files: &dyn Files, options: &Options, lock: &Lock) -> Result<(), Diagnostic> {
    let written = files.write(&file::path(options), file::print(lock).as_bytes());
    written.map(drop).map_err(|error| diagnostics::not_written(&error))
}

/// The first marker.
pub fn conflict(text: &str) -> Option<Span> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if marker(line).is_some() {
            let at = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
            return Some(Span::new(at(start), at(start + line.trim_end().len())));
        }
        start += line.len();
    }
    None
}

/// Whose lines stand behind a marker.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Both,
    Ours,
    /// Of the ancestor that both changed.
    Before,
    Theirs,
}

fn marker(line: &str) -> Option<Side> {
    let markers = [
        ("<<<<<<<", Side::Ours),
        ("|||||||", Side::Before),
        ("=======", Side::Theirs),
        (">>>>>>>", Side::Both),
    ];
    let line = line.trim_end();
    markers.into_iter().find_map(|(marker, side)| {
        let rest = line.strip_prefix(marker)?;
        (rest.is_empty() || rest.starts_with(' ')).then_some(side)
    })
}

fn side(text: &str, wanted: Side) -> String {
    let (mut side, mut kept) = (Side::Both, String::new());
    for line in text.split_inclusive('\n') {
        match marker(line) {
            Some(next) => side = next,
            None if side == Side::Both || side == wanted => kept.push_str(line),
            None => {}
        }
    }
    kept
}

/// All that either has; where both have something under one name, ours.
fn join(mut ours: Lock, theirs: Lock) -> Lock {
    for (key, ids) in theirs.types {
        let mine = ours.types.entry(key).or_default();
        for (name, field) in ids.fields {
            mine.fields.entry(name).or_insert(field);
        }
        mine.rest = mine.rest.take().or(ids.rest);
        mine.removed.extend(ids.removed);
    }
    for (key, tags) in theirs.unions {
        let mine = ours.unions.entry(key).or_default();
        for (name, tag) in tags.members {
            mine.members.entry(name).or_insert(tag);
        }
        mine.removed.extend(tags.removed);
    }
    for (name, table) in theirs.tables {
        ours.tables.entry(name).or_insert(table);
    }
    for (route, versions) in theirs.released {
        let mine = ours.released.entry(route).or_default();
        for (hash, released) in versions {
            mine.entry(hash).or_insert(released);
        }
    }
    let known: BTreeSet<String> = ours.migrations.iter().map(|link| link.name.clone()).collect();
    ours.migrations
        .extend(theirs.migrations.into_iter().filter(|link| !known.contains(&link.name)));
    ours
}
