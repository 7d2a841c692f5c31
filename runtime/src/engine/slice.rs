//! How long JavaScript may go on without giving way.

use std::{
    cell::Cell,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use super::clock::thread_time;

/// A span of processor time that begins anew whenever JavaScript gives way.
pub struct Slice {
    length: Cell<Duration>,
    pulse: Arc<Pulse>,
    call: Cell<u64>,
    /// Taken when the engine asks first: most bursts are over before.
    begun: Cell<Option<Instant>>,
    /// The processor time so far, once the burst goes on for long: asking for it is slow.
    spent: Cell<Option<Duration>>,
    /// When the call itself is over.
    deadline: Cell<Option<Instant>>,
    exceeded: Cell<bool>,
}

/// What others see of a thread that runs JavaScript.
#[derive(Default)]
pub struct Pulse {
    /// Grows at each beginning and each end: odd while JavaScript runs.
    beat: AtomicU64,
    /// The call that JavaScript runs for.
    call: AtomicU64,
    /// Milliseconds that the burst may take.
    limit: AtomicU64,
    /// The thread was given up: nothing it still does may count.
    abandoned: AtomicBool,
}

/// A burst that goes on.
#[must_use]
pub struct Running<'a>(&'a Pulse);

/// A burst of JavaScript, seen from outside.
#[derive(Clone, Copy)]
pub struct Burst {
    pub beat: u64,
    /// The call that it serves.
    pub call: u64,
    pub limit: Duration,
}

impl Slice {
    pub fn new(length: Duration, pulse: Arc<Pulse>) -> Self {
        Self {
            length: Cell::new(length),
            pulse,
            call: Cell::default(),
            begun: Cell::default(),
            spent: Cell::default(),
            deadline: Cell::default(),
            exceeded: Cell::default(),
        }
    }

    pub fn set_length(&self, length: Duration) {
        self.length.set(length);
    }

    /// The burst ends when the guard is dropped, be it by a panic.
    pub fn begin(&self) -> Running<'_> {
        self.begun.set(None);
        self.spent.set(None);
        self.pulse.call.store(self.call.get(), Ordering::Relaxed);
        let limit = u64::try_from(self.length.get().as_millis()).unwrap_or(u64::MAX);
        self.pulse.limit.store(limit, Ordering::Relaxed);
        self.pulse.beat.fetch_add(1, Ordering::Release);
        Running(&self.pulse)
    }

    /// The call that comes next, and when it is over.
    pub fn set_call(&self, call: u64, deadline: Instant) {
        self.call.set(call);
        self.deadline.set(Some(deadline));
    }

    pub fn extend(&self, deadline: Instant) {
        self.deadline.set(Some(deadline));
    }

    /// Once exceeded it stays so: what an interrupted isolate would do next must not be believed.
    pub fn is_over(&self) -> bool {
        if !self.exceeded.get() && self.is_due() {
            self.exceeded.set(true);
        }
        self.exceeded.get()
    }

    pub fn was_exceeded(&self) -> bool {
        self.exceeded.get() || self.pulse.is_abandoned()
    }

    fn is_due(&self) -> bool {
        let now = Instant::now();
        let begun = self.begun.get().unwrap_or(now);
        self.begun.set(Some(begun));
        self.is_used_up(now - begun)
            || self.deadline.get().is_some_and(|deadline| now >= deadline + GRACE)
            || self.pulse.is_abandoned()
    }

    /// Whether a burst that began so long ago has had its processor time, which is never more.
    fn is_used_up(&self, passed: Duration) -> bool {
        let length = self.length.get();
        if passed < length / 8 {
            return false;
        }
        let Some(spent) = self.spent.get() else {
            self.spent.set(Some(thread_time()));
            return false;
        };
        thread_time() >= spent + length * 7 / 8
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.beat.fetch_add(1, Ordering::Release);
    }
}

impl Pulse {
    /// The burst that is running.
    pub fn burst(&self) -> Option<Burst> {
        let beat = self.beat.load(Ordering::Acquire);
        (beat % 2 == 1).then(|| Burst {
            beat,
            call: self.call.load(Ordering::Relaxed),
            limit: Duration::from_millis(self.limit.load(Ordering::Relaxed)),
        })
    }

    pub fn abandon(&self) {
        self.abandoned.store(true, Ordering::Release);
    }

    pub fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Acquire)
    }
}

/// How long a call may run after its deadline, in which it learns of it.
const GRACE: Duration = Duration::from_millis(50);
