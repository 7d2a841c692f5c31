//! Whether the database can be reached.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::Mutex, time::timeout};

use crate::storage::Database;

pub struct Readiness {
    database: Arc<Database>,
    /// Held while the database is asked, so that many who ask are one question.
    last: Mutex<Option<(Instant, bool)>>,
}

impl Readiness {
    pub fn new(database: Arc<Database>) -> Self {
        Self { database, last: Mutex::default() }
    }

    /// Asks the database, at most once a second.
    pub async fn is_ready(&self) -> bool {
        let mut last = self.last.lock().await;
        if let Some((_, ready)) = last.filter(|(since, _)| since.elapsed() < FRESH) {
            return ready;
        }
        let ready = matches!(timeout(PATIENCE, self.database.ping()).await, Ok(Ok(())));
        *last = Some((Instant::now(), ready));
        ready
    }
}

const FRESH: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(2);
