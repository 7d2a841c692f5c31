//! How long JavaScript may go on without giving way.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

/// A span of time that begins anew whenever JavaScript gives way.
pub struct Slice {
    length: Duration,
    end: Cell<Instant>,
    over: Cell<bool>,
}

impl Slice {
    pub fn new(length: Duration) -> Self {
        Self { length, end: Cell::new(Instant::now() + length), over: Cell::new(false) }
    }

    pub fn begin(&self) {
        self.end.set(Instant::now() + self.length);
    }

    /// Once exceeded it stays so: what an interrupted isolate would do next must not be believed.
    pub fn is_over(&self) -> bool {
        if !self.over.get() && Instant::now() >= self.end.get() {
            self.over.set(true);
        }
        self.over.get()
    }

    pub fn was_exceeded(&self) -> bool {
        self.over.get()
    }
}
