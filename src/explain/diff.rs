//! What has become of access since another build, in words, for a review.
//!
//! Input: the matrices of both.
//! Output: `createUser now writes users.role`.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    manifest::{Access, Matrix, Wrapping},
    words,
};
use crate::model::{
    app::SOME_FIELDS,
    perms::{self, Guests},
};

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    pub route: String,
    pub kind: Kind,
    /// A sentence that begins with the route.
    pub message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    New,
    Removed,
    /// Who may call it.
    Callers,
    Tables,
    Middleware,
    /// What travels.
    Contract,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Removed => "removed",
            Self::Callers => "callers",
            Self::Tables => "tables",
            Self::Middleware => "middleware",
            Self::Contract => "contract",
        }
    }
}

/// By the routes' names. `guests` is as the settings are now.
pub fn diff(old: &Matrix, new: &Matrix, guests: Guests) -> Vec<Change> {
    let names: BTreeSet<&String> = old.routes.keys().chain(new.routes.keys()).collect();
    let mut changes = Vec::new();
    for route in names {
        let mut say = |kind, what: String| {
            let message = format!("{route} {what}");
            changes.push(Change { route: route.clone(), kind, message });
        };
        match (old.routes.get(route), new.routes.get(route)) {
            (Some(before), Some(after)) => {
                callers(before, after, guests, &mut |what| say(Kind::Callers, what));
                tables(before, after, &mut |what| say(Kind::Tables, what));
                let (before_chain, after_chain) = (old.chain(before), new.chain(after));
                wrappings(
                    &before_chain.collect::<Vec<_>>(),
                    &after_chain.collect::<Vec<_>>(),
                    &mut |what| {
                        say(Kind::Middleware, what);
                    },
                );
                if before.abi != after.abi {
                    let what = "takes or gives other types: `kontract check --against` says which";
                    say(Kind::Contract, what.to_owned());
                }
            }
            (None, Some(after)) => say(Kind::New, format!("is new: {}", described(after, guests))),
            (Some(_), None) => say(Kind::Removed, "is gone".to_owned()),
            (None, None) => {}
        }
    }
    changes
}

/// `RW_, for guests too; reads users; writes users.name`
fn described(access: &Access, guests: Guests) -> String {
    let group = access.meta.ugroup.as_deref();
    let callers = match group {
        Some(group) => format!("for the group {group}"),
        None if guests.may_call(access.meta.perm, None) => "for guests too".to_owned(),
        None => "for accounts".to_owned(),
    };
    let mut parts = vec![format!("{}, {callers}", perms::letters(access.meta.perm))];
    for (table, mask) in &access.tables {
        for verb in words::verbs(*mask) {
            let fields = access.writes.get(table).filter(|_| verb == "writes");
            parts.push(format!("{verb} {}", words::fields(table, fields.into_iter().flatten())));
        }
    }
    parts.join("; ")
}

fn callers(before: &Access, after: &Access, guests: Guests, say: &mut dyn FnMut(String)) {
    let (old, new) = (&before.meta, &after.meta);
    if old.perm != new.perm {
        let (old, new) = (perms::letters(old.perm), perms::letters(new.perm));
        say(format!("now needs {new} instead of {old}"));
    }
    match (&old.ugroup, &new.ugroup) {
        (None, Some(group)) => say(format!("now is for the group {group} only")),
        (Some(group), None) => say(format!("no longer is for the group {group} only")),
        (Some(old), Some(new)) if old != new => {
            say(format!("now is for the group {new} instead of {old}"));
        }
        _ => {}
    }
    let may = |access: &Access| guests.may_call(access.meta.perm, access.meta.ugroup.as_deref());
    match (may(before), may(after)) {
        (false, true) => say("can now be called by guests".to_owned()),
        (true, false) => say("can no longer be called by guests".to_owned()),
        _ => {}
    }
}

fn tables(before: &Access, after: &Access, say: &mut dyn FnMut(String)) {
    let names: BTreeSet<&String> = before.tables.keys().chain(after.tables.keys()).collect();
    for table in names {
        let mask = |access: &Access| access.tables.get(table).copied().unwrap_or_default();
        let (old, new) = (mask(before), mask(after));
        for verb in words::verbs(new & !old) {
            let fields = after.writes.get(table).filter(|_| verb == "writes");
            say(format!("now {verb} {}", words::fields(table, fields.into_iter().flatten())));
        }
        for verb in words::verbs(old & !new) {
            say(format!("no longer {verb} {table}"));
        }
        if old & new & perms::WRITE != 0 {
            fields(table, before.writes.get(table), after.writes.get(table), say);
        }
    }
    let unseen = |access: &Access| !access.unseen.is_empty();
    match (unseen(before), unseen(after)) {
        (false, true) => say("now uses storage that the compiler cannot follow".to_owned()),
        (true, false) => say("no longer uses storage that the compiler cannot follow".to_owned()),
        _ => {}
    }
}

/// Of a table that both write. Manifests of earlier versions do not say which fields.
fn fields(
    table: &str,
    before: Option<&BTreeSet<String>>,
    after: Option<&BTreeSet<String>>,
    say: &mut dyn FnMut(String),
) {
    let (Some(before), Some(after)) = (before, after) else { return };
    let any = |fields: &BTreeSet<String>| fields.contains(SOME_FIELDS);
    match (any(before), any(after)) {
        // It may have written them all before.
        (true, true) => {}
        (false, true) => say(format!("now writes fields of {table} that are not written out")),
        (true, false) => {
            say(format!("now writes {} and nothing else of it", words::fields(table, after)));
        }
        (false, false) => {
            if after.difference(before).next().is_some() {
                say(format!("now writes {}", words::fields(table, after.difference(before))));
            }
            if before.difference(after).next().is_some() {
                say(format!("no longer writes {}", words::fields(table, before.difference(after))));
            }
        }
    }
}

/// Middlewares of one filter are told apart by how many there are.
fn wrappings(before: &[&Wrapping], after: &[&Wrapping], say: &mut dyn FnMut(String)) {
    let count = |chain: &[&Wrapping]| {
        let mut counts: BTreeMap<Wrapping, usize> = BTreeMap::new();
        for wrapping in chain {
            *counts.entry((*wrapping).clone()).or_default() += 1;
        }
        counts
    };
    let (old, new) = (count(before), count(after));
    for (wrapping, times) in &new {
        if old.get(wrapping).copied().unwrap_or_default() < *times {
            say(format!("now is wrapped by {}", wrapping.in_words()));
        }
    }
    for (wrapping, times) in &old {
        if new.get(wrapping).copied().unwrap_or_default() < *times {
            say(format!("no longer is wrapped by {}", wrapping.in_words()));
        }
    }
    if old == new && before != after {
        say("now has its middlewares in another order".to_owned());
    }
}
