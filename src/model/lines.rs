//! Lines of sources that outputs tell, for people to go there.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Who tells a line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum Teller {
    /// The manifest, of a route: what could not be followed.
    Unseen,
    /// The manifest, and the pages of routes that it is around.
    Middleware,
    /// The manifest.
    Statement,
    /// A page of the cookbook, by its path there.
    Page(String),
}

/// Where lines of one source are now, counted from 1.
#[derive(Debug, Default)]
pub struct Lines(BTreeMap<Teller, BTreeMap<usize, usize>>);

impl Lines {
    /// None where one line has become two, or two have become one.
    pub fn add(&mut self, teller: &Teller, from: usize, to: usize) -> Option<()> {
        let known = self.0.entry(teller.clone()).or_default();
        known.iter().all(|(old, new)| (*old == from) == (*new == to)).then_some(())?;
        known.insert(from, to);
        Some(())
    }

    /// Whoever tells a line that is another one now.
    pub fn moved(&self) -> impl Iterator<Item = &Teller> {
        let moved = self.0.iter().filter(|(_, lines)| lines.iter().any(|(from, to)| from != to));
        moved.map(|(teller, _)| teller)
    }

    /// What this one tells, before and now.
    pub fn of(&self, teller: &Teller) -> impl Iterator<Item = (usize, usize)> {
        self.0.get(teller).into_iter().flatten().map(|(from, to)| (*from, *to))
    }

    pub fn now(&self, teller: &Teller, line: usize) -> Option<usize> {
        self.0.get(teller)?.get(&line).copied()
    }
}
