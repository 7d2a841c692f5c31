//! Gives threads up that are caught in a loop of the engine's own, which its interrupt handler
//! never sees: `[].indexOf` over a length of 2^53, huge `BigInt`s, `join` of sparse arrays.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::{Shared, slice::Burst, worker::Worker};

/// Wakes the watchdog while there are calls; without any it sleeps.
#[derive(Default)]
pub struct Bell {
    calls: Mutex<usize>,
    rung: Condvar,
}

/// A call that is being served, for the watchdog.
pub struct Watched<'a>(&'a Bell);

impl Bell {
    pub fn watch(&self) -> Watched<'_> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls += 1;
        if *calls == 1 {
            self.rung.notify_one();
        }
        Watched(self)
    }

    fn wait(&self) {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        // From time to time it looks whether there still is something to watch over.
        drop(self.rung.wait_timeout_while(calls, IDLE, |calls| *calls == 0));
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        *self.0.calls.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
    }
}

/// A burst as it was first seen.
struct Seen {
    worker: Arc<Worker>,
    beat: u64,
    /// The thread's processor time.
    begun: Duration,
}

/// Starts the watchdog. It ends after those it watches.
pub fn start(shared: &Arc<Shared>) -> Result<(), String> {
    let (weak, bell) = (Arc::downgrade(shared), Arc::clone(&shared.bell));
    let thread = thread::Builder::new().name("kontract-watchdog".to_owned());
    let started = thread.spawn(move || watch(&weak, &bell));
    started.map(drop).map_err(|error| format!("a thread could not be started: {error}"))
}

fn watch(shared: &Weak<Shared>, bell: &Bell) {
    let mut known: Vec<Seen> = Vec::new();
    loop {
        bell.wait();
        thread::sleep(TICK);
        let Some(shared) = shared.upgrade() else { return };
        let mut seen = Vec::new();
        for worker in shared.workers() {
            let Some(Burst { beat, call, limit }) = worker.pulse.burst() else { continue };
            let before =
                known.iter().find(|one| Arc::ptr_eq(&one.worker, &worker) && one.beat == beat);
            let now = worker.thread.time();
            let begun = before.map_or(now, |before| before.begun);
            if now.saturating_sub(begun) >= limit + GRACE {
                shared.replace(&worker, call);
            } else {
                seen.push(Seen { worker, beat, begun });
            }
        }
        known = seen;
    }
}

const IDLE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(10);
/// How late the interrupt handler may come.
const GRACE: Duration = Duration::from_millis(30);
