//! Two versions of a contract: which clients of the old one can the new one serve?
//!
//! What travels to the server must be understood by the new version, and what travels back by the
//! old one. Both are the same question, asked of a writer and a reader ([`flow`]).

mod contract;
mod counterparts;
pub(crate) mod diagnostics;
mod flow;
mod show;

use std::collections::BTreeMap;

pub use self::{
    contract::{Contract, ContractRoute, Meta, VERSION, parse, read},
    counterparts::{counterparts, only_renamed},
    diagnostics::UNREADABLE,
};
use crate::model::{
    perms,
    shape::{ObjectShape, ShapeKey, Shapes, UnionShape},
};

/// What becomes of clients that were built with the old version.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    Compatible,
    /// Compatible since defaults stand in for what the other side does not send.
    Defaults,
    Breaking,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Direction {
    Request,
    Response,
}

/// One difference, and what it means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// None where it is about the route itself.
    pub direction: Option<Direction>,
    /// `args[0].email`; empty where the route itself is meant.
    pub path: String,
    pub verdict: Verdict,
    pub message: String,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RouteReport {
    pub route: String,
    pub fate: Fate,
    pub changes: Vec<Change>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Fate {
    Unchanged,
    New,
    Changed(Verdict),
}

/// What travels in one version of one route.
#[derive(Clone, Copy)]
pub struct Version<'s> {
    pub request: &'s ShapeKey,
    pub response: &'s ShapeKey,
    pub objects: &'s BTreeMap<ShapeKey, ObjectShape>,
    pub unions: &'s BTreeMap<ShapeKey, UnionShape>,
}

/// In the order of the routes' names.
pub fn compare(old: &Contract, new: &Contract) -> Vec<RouteReport> {
    let mut reports = Vec::new();
    for (name, old_route) in &old.routes {
        let Some(new_route) = new.routes.get(name) else {
            let change = Change {
                direction: None,
                path: String::new(),
                verdict: Verdict::Breaking,
                message: "removed".to_owned(),
            };
            reports.push(RouteReport::of(name, vec![change]));
            continue;
        };
        let versions = (Version::of(&old.wire, name), Version::of(&new.wire, name));
        let mut changes = match versions {
            _ if old_route.abi == new_route.abi => Vec::new(),
            (Some(old), Some(new)) => flow::changes(old, new),
            _ => vec![Change {
                direction: None,
                path: String::new(),
                verdict: Verdict::Breaking,
                message: "the manifest does not say what travels".to_owned(),
            }],
        };
        changes.extend(access_changes(old_route, new_route));
        reports.push(RouteReport::of(name, changes));
    }
    let added = new.routes.keys().filter(|name| !old.routes.contains_key(*name));
    reports.extend(added.map(|name| RouteReport {
        route: name.clone(),
        fate: Fate::New,
        changes: Vec::new(),
    }));
    reports.sort_by(|a, b| a.route.cmp(&b.route));
    reports
}

/// The verdict on one route alone.
pub fn verdict(old: Version<'_>, new: Version<'_>) -> Verdict {
    worst(&flow::changes(old, new)).unwrap_or(Verdict::Compatible)
}

fn worst(changes: &[Change]) -> Option<Verdict> {
    changes.iter().map(|change| change.verdict).max()
}

/// Who may call it is checked by the server at every call, so that no client misunderstands it.
fn access_changes(old: &ContractRoute, new: &ContractRoute) -> Vec<Change> {
    let mut messages = Vec::new();
    if old.meta.perm != new.meta.perm {
        let (old, new) = (perms::letters(old.meta.perm), perms::letters(new.meta.perm));
        messages.push(format!("callers need `{new}`, and needed `{old}`"));
    }
    if old.meta.ugroup != new.meta.ugroup {
        let shown = |group: &Option<String>| {
            group.as_ref().map_or_else(|| "every group".to_owned(), |group| format!("`{group}`"))
        };
        let (old, new) = (shown(&old.meta.ugroup), shown(&new.meta.ugroup));
        messages.push(format!("open to {new}, and was to {old}"));
    }
    let change = |message| Change {
        direction: None,
        path: String::new(),
        verdict: Verdict::Compatible,
        message,
    };
    messages.into_iter().map(change).collect()
}

impl Change {
    /// `request args[0].email: added and required`.
    pub fn text(&self) -> String {
        match self.direction {
            Some(Direction::Request) => format!("request {}: {}", self.path, self.message),
            Some(Direction::Response) => format!("response {}: {}", self.path, self.message),
            None => self.message.clone(),
        }
    }
}

impl RouteReport {
    fn of(route: &str, mut changes: Vec<Change>) -> Self {
        changes.sort_by_key(|change| std::cmp::Reverse(change.verdict));
        let fate = worst(&changes).map_or(Fate::Unchanged, Fate::Changed);
        Self { route: route.to_owned(), fate, changes }
    }
}

impl<'s> Version<'s> {
    /// None where the shapes do not have the route.
    pub fn of(shapes: &'s Shapes, route: &str) -> Option<Self> {
        let keys = shapes.routes.get(route)?;
        Some(Self {
            request: &keys.request,
            response: &keys.response,
            objects: &shapes.objects,
            unions: &shapes.unions,
        })
    }
}

#[cfg(test)]
mod tests;
