//! Gives threads up that are caught in a loop of the engine's own, which its interrupt handler
//! never sees: `[].indexOf` over a length of 2^53, huge `BigInt`s, `join` of sparse arrays.

use std::{
    sync::{Arc, Condvar, Mutex, PoisonError, Weak},
    thread,
    time::Duration,
};

use super::{Shared, clock::ThreadId, worker::Worker};

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

/// A burst of JavaScript as it was first seen.
struct Burst {
    worker: Arc<Worker>,
    beat: u64,
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
    let mut bursts: Vec<Burst> = Vec::new();
    loop {
        bell.wait();
        thread::sleep(TICK);
        let Some(shared) = shared.upgrade() else { return };
        let limit = shared.config.limits.cpu + GRACE;
        let mut seen = Vec::new();
        for worker in shared.workers() {
            let Some((beat, call)) = worker.pulse.running() else { continue };
            let known = bursts
                .iter()
                .find(|burst| Arc::ptr_eq(&burst.worker, &worker) && burst.beat == beat);
            let now = ThreadId::time(worker.thread);
            let begun = known.map_or(now, |burst| burst.begun);
            if now.saturating_sub(begun) >= limit {
                shared.replace(&worker, call);
            } else {
                seen.push(Burst { worker, beat, begun });
            }
        }
        bursts = seen;
    }
}

const IDLE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(10);
/// How late the interrupt handler may come.
const GRACE: Duration = Duration::from_millis(30);
