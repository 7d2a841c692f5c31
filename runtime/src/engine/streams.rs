//! The streams of one thread. They last, so they have isolates of their own; where there are too
//! many, somebody's makes way.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::HashMap,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::timeout_at,
};

use crate::{call::Call, failure::Failure, items::Items};

pub struct Streams {
    places: Semaphore,
    /// How long a reader may take nothing while others wait for a place.
    idle: Duration,
    /// Oldest first.
    open: RefCell<Vec<Open>>,
}

struct Open {
    caller: String,
    items: Items,
}

/// A place among the streams.
pub struct Place<'a> {
    streams: &'a Streams,
    items: Items,
    _permit: SemaphorePermit<'a>,
}

impl Streams {
    pub fn new(most: usize, idle: Duration) -> Self {
        Self { places: Semaphore::new(most), idle, open: RefCell::default() }
    }

    /// A place for the stream of a call; None for a call without one.
    pub async fn enter(&self, call: &Call) -> Result<Option<Place<'_>>, Failure> {
        let Some(items) = call.items.clone() else { return Ok(None) };
        let caller = caller(call, &items);
        let permit = match self.places.try_acquire() {
            Ok(permit) => permit,
            Err(_) if self.dismiss(&caller) => {
                let place = timeout_at(call.deadline.into(), self.places.acquire());
                let Ok(Ok(permit)) = place.await else { return Err(Failure::timeout()) };
                permit
            }
            Err(_) => return Err(Failure::not_taken("Too many streams at the same time")),
        };
        self.open.borrow_mut().push(Open { caller, items: items.clone() });
        Ok(Some(Place { streams: self, items, _permit: permit }))
    }

    /// Ends a stream whose reader takes nothing, or one of a caller who has more than `newcomer`
    /// would have: that which has waited longest, else the oldest. False where there is none.
    fn dismiss(&self, newcomer: &str) -> bool {
        let mut open = self.open.borrow_mut();
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for stream in open.iter() {
            *counts.entry(&stream.caller).or_default() += 1;
        }
        let own = counts.get(newcomer).copied().unwrap_or_default();
        let now = Instant::now();
        let places = open.iter().enumerate().filter_map(|(place, stream)| {
            let waits = stream.items.wait().map(|since| now.duration_since(since));
            let is_idle = waits.is_some_and(|waits| waits >= self.idle);
            let has_more = counts.get(&*stream.caller).is_some_and(|count| *count > own + 1);
            (is_idle || has_more).then_some((waits, Reverse(place)))
        });
        let Some((_, Reverse(place))) = places.max() else { return false };
        open.remove(place).items.end(Failure::makes_way());
        true
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.streams.open.borrow_mut().retain(|open| !open.items.is(&self.items));
    }
}

/// A user; of those without an account everybody at one address.
fn caller(call: &Call, items: &Items) -> String {
    if call.session.is_anonymous { items.from().to_string() } else { call.session.owner.clone() }
}
