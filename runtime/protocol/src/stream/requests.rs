//! What is asked and not finally answered: the same book on both sides.

use std::collections::BTreeMap;

use crate::Misbehaviour;
use crate::limits::{MAX_CALLS, MAX_SUBSCRIPTIONS};

/// What a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Call,
    Subscription,
}

/// A request that waits for its final answer.
#[derive(Debug)]
pub(super) struct Request {
    pub sort: Sort,
    /// How many more items may come.
    pub credit: u32,
}

/// Requests by the sequence of their first frame.
#[derive(Debug, Default)]
pub(super) struct Requests {
    open: BTreeMap<u64, Request>,
    subscriptions: usize,
}

impl Requests {
    /// Whether a session may have another of this sort.
    pub(super) fn has_room(&self, sort: Sort) -> bool {
        match sort {
            Sort::Call => self.open.len().saturating_sub(self.subscriptions) < MAX_CALLS,
            Sort::Subscription => self.subscriptions < MAX_SUBSCRIPTIONS,
        }
    }

    pub(super) fn insert(&mut self, sequence: u64, sort: Sort, credit: u32) {
        if sort == Sort::Subscription {
            self.subscriptions = self.subscriptions.saturating_add(1);
        }
        self.open.insert(sequence, Request { sort, credit });
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Request> {
        self.open.get(&sequence)
    }

    /// Lets more items come. False where no such request is open.
    pub(super) fn credit(&mut self, sequence: u64, n: u32) -> bool {
        let request = self.open.get_mut(&sequence);
        request.map(|request| request.credit = request.credit.saturating_add(n)).is_some()
    }

    /// Uses up one credit: `None` where no such request is open, false where it has none left.
    pub(super) fn spend(&mut self, sequence: u64) -> Option<bool> {
        let request = self.open.get_mut(&sequence)?;
        let rest = request.credit.checked_sub(1);
        request.credit = rest.unwrap_or(0);
        Some(rest.is_some())
    }

    /// The final answer. False where no such request is open.
    pub(super) fn finish(&mut self, sequence: u64) -> bool {
        let request = self.open.remove(&sequence);
        if request.as_ref().is_some_and(|request| request.sort == Sort::Subscription) {
            self.subscriptions = self.subscriptions.saturating_sub(1);
        }
        request.is_some()
    }

    /// The final answer as a client gets it.
    pub(super) fn answer(&mut self, sequence: u64) -> Result<(), Misbehaviour> {
        if self.finish(sequence) { Ok(()) } else { Err(Misbehaviour::UnknownReply) }
    }

    /// All that are open, when the session has ended.
    pub(super) fn take(&mut self) -> Vec<u64> {
        self.subscriptions = 0;
        std::mem::take(&mut self.open).into_keys().collect()
    }
}
