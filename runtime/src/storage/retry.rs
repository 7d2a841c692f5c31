//! When a call whose transaction met another one runs again.

use std::{
    hash::{BuildHasher as _, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{sleep, timeout_at},
};

use super::{commit::CommitError, tables::Tables};
use crate::failure::Failure;

/// A queue for each table, of calls that have failed several times. One set for all threads.
pub struct Queues(Vec<Arc<Mutex<()>>>);

impl Queues {
    pub fn new(tables: &Tables) -> Arc<Self> {
        Arc::new(Self(tables.iter().map(|_| Arc::default()).collect()))
    }
}

/// The repetitions of one call.
pub struct Retry {
    queues: Arc<Queues>,
    conflicts: u32,
    was_taken: bool,
    /// The tables whose queues the call stands at the head of.
    tables: Vec<usize>,
    turns: Vec<OwnedMutexGuard<()>>,
}

impl Retry {
    pub fn new(queues: &Arc<Queues>) -> Self {
        Self {
            queues: Arc::clone(queues),
            conflicts: 0,
            was_taken: false,
            tables: Vec::new(),
            turns: Vec::new(),
        }
    }

    /// Waits until the call may run again, or says what its caller is told instead: it has had an
    /// effect outside that a repetition would double, its time is over, or it would fail again.
    pub async fn again(
        &mut self,
        error: CommitError,
        had_effect: bool,
        deadline: Instant,
    ) -> Result<(), Failure> {
        let (tables, taken) = match error {
            CommitError::Failure(failure) => return Err(failure),
            CommitError::Conflict { tables, taken } => (tables, taken),
        };
        let told = taken.clone().unwrap_or_else(Failure::conflict);
        // Once more, since the row that had the value may be gone again; then it is permanent.
        if had_effect || taken.is_some() && self.was_taken {
            return Err(told);
        }
        self.was_taken = taken.is_some();
        self.conflicts += 1;
        let wait = async {
            if self.conflicts < QUEUED_FROM {
                sleep(self.delay()).await;
            } else if self.tables != tables {
                self.queue(tables).await;
            }
        };
        timeout_at(deadline.into(), wait).await.map_err(|_| told)
    }

    async fn queue(&mut self, tables: Vec<usize>) {
        self.turns.clear();
        // In the order of the tables, so that nobody waits in a circle.
        for queue in tables.iter().filter_map(|table| self.queues.0.get(*table)) {
            let turn = Arc::clone(queue).lock_owned().await;
            self.turns.push(turn);
        }
        self.tables = tables;
    }

    /// Between half and one and a half of a base that doubles.
    fn delay(&self) -> Duration {
        let base = BASE * 2_u32.pow(self.conflicts.saturating_sub(1));
        let random = RandomState::new().hash_one(self.conflicts) % 1024;
        base / 2 + base * u32::try_from(random).unwrap_or(0) / 1024
    }
}

const BASE: Duration = Duration::from_millis(2);
const QUEUED_FROM: u32 = 3;
