//! Connections to PostgreSQL: a few, shared by all calls, statements of several calls under way on
//! each at the same time. They are opened when there is work for them and opened again after a
//! loss; while PostgreSQL is away statements fail at once, and it is asked again now and then.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Mutex as AsyncMutex;
use tokio_postgres::Row;

use super::{connection::Connection, fault::Fault, param::Param, tls::Target};
use crate::config;

/// A set of connections as one role. Cheap to make: nothing is opened before the first statement.
pub struct Database {
    target: Target,
    /// At most so many connections.
    size: usize,
    open: Mutex<Vec<Arc<Connection>>>,
    /// Held by whoever opens a connection.
    opening: AsyncMutex<()>,
    outage: Mutex<Option<Outage>>,
}

/// The last attempts to connect failed.
struct Outage {
    delay: Duration,
    until: Instant,
}

impl Database {
    pub fn new(config: &config::Database) -> Result<Arc<Self>, String> {
        let mut target =
            Target::parse(config.url.expose()).map_err(|fault| format!("DATABASE_URL: {fault}"))?;
        let settings = &mut target.config;
        settings.keepalives_idle(KEEPALIVE).tcp_user_timeout(KEEPALIVE);
        if settings.get_connect_timeout().is_none() {
            settings.connect_timeout(CONNECT_TIMEOUT);
        }
        if settings.get_application_name().is_none() {
            settings.application_name("kontract");
        }
        Ok(Self::of(target, config.pool.max(1)))
    }

    /// The same database over other connections.
    pub fn another(&self) -> Arc<Self> {
        Self::of(self.target.clone(), self.size)
    }

    fn of(target: Target, size: usize) -> Arc<Self> {
        Arc::new(Self {
            target,
            size,
            open: Mutex::default(),
            opening: AsyncMutex::default(),
            outage: Mutex::default(),
        })
    }

    /// Runs a statement that may be run twice: a read, or a write that tells a repetition.
    ///
    /// When the returned future is dropped the statement is cancelled unless it is done soon.
    pub async fn rows(
        self: &Arc<Self>,
        sql: &Arc<str>,
        params: Vec<Param>,
    ) -> Result<Vec<Row>, Fault> {
        let mut attempts = 0;
        loop {
            let connection = self.connection(Connection::takes_more).await?;
            let found = connection.rows(sql, params.clone()).await;
            attempts += 1;
            match found {
                // A neighbour on the same connection was cancelled, the schema was changed, or the
                // connection had been lost before it was used again.
                Err(Fault::Cancelled | Fault::Stale | Fault::Lost) if attempts < ATTEMPTS => {}
                found => return found,
            }
        }
    }

    /// Runs a statement whose repetition would be another one. [`Fault::Lost`]: it may have run.
    pub async fn rows_once(
        self: &Arc<Self>,
        sql: &Arc<str>,
        params: Vec<Param>,
    ) -> Result<Vec<Row>, Fault> {
        let connection = self.connection(|_| false).await?;
        connection.rows(sql, params).await
    }

    /// Can PostgreSQL be reached?
    pub async fn ping(self: &Arc<Self>) -> Result<(), Fault> {
        self.rows(&Arc::from("SELECT 1"), Vec::new()).await.map(drop)
    }

    /// The first connection that will do, else the least loaded. Where all are busy another one is
    /// opened meanwhile.
    async fn connection(
        self: &Arc<Self>,
        will_do: impl Fn(&Connection) -> bool,
    ) -> Result<Arc<Connection>, Fault> {
        if let Some(connection) = self.pick(&will_do) {
            return Ok(connection);
        }
        self.check_outage()?;
        let _opening = self.opening.lock().await;
        if let Some(connection) = self.pick(&will_do) {
            return Ok(connection);
        }
        self.check_outage()?;
        self.connect().await
    }

    fn pick(self: &Arc<Self>, will_do: impl Fn(&Connection) -> bool) -> Option<Arc<Connection>> {
        let mut open = lock(&self.open);
        open.retain(|connection| !connection.is_closed());
        if let Some(connection) = open.iter().find(|connection| will_do(connection)) {
            return Some(Arc::clone(connection));
        }
        // Away from those that are looked at first.
        let least = open.iter().rev().min_by_key(|connection| connection.load())?;
        let found = Arc::clone(least);
        let full = open.len() >= self.size;
        drop(open);
        if found.load() > 0 && !full {
            self.grow();
        }
        Some(found)
    }

    fn grow(self: &Arc<Self>) {
        if self.opening.try_lock().is_err() || self.check_outage().is_err() {
            return;
        }
        let database = Arc::clone(self);
        tokio::spawn(async move {
            let Ok(_opening) = database.opening.try_lock() else { return };
            if lock(&database.open).len() < database.size {
                let _ = database.connect().await;
            }
        });
    }

    /// Opens one more connection. Called with `opening` held.
    async fn connect(&self) -> Result<Arc<Connection>, Fault> {
        match Connection::open(&self.target).await {
            Ok(connection) => {
                *lock(&self.outage) = None;
                lock(&self.open).push(Arc::clone(&connection));
                Ok(connection)
            }
            Err(error) => {
                self.note_outage(&error);
                Err(Fault::Unavailable)
            }
        }
    }

    fn check_outage(&self) -> Result<(), Fault> {
        match &*lock(&self.outage) {
            Some(outage) if Instant::now() < outage.until => Err(Fault::Unavailable),
            _ => Ok(()),
        }
    }

    fn note_outage(&self, error: &tokio_postgres::Error) {
        let mut outage = lock(&self.outage);
        let delay = if let Some(before) = &*outage {
            (before.delay * 2).min(LONGEST_DELAY)
        } else {
            let reason = reason(error);
            tracing::error!(target: "kontract", %reason, "PostgreSQL cannot be reached");
            SHORTEST_DELAY
        };
        *outage = Some(Outage { delay, until: Instant::now() + delay });
    }
}

/// Why there is no connection, without addresses of secrets: PostgreSQL's own words for a role or
/// a database that it does not know, the system's for a network.
fn reason(error: &tokio_postgres::Error) -> String {
    match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(database), _) => database.message().to_owned(),
        (None, Some(source)) => source.to_string(),
        (None, None) => error.to_string(),
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the mutexes of this module guard is whole between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

const ATTEMPTS: usize = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(30);
const SHORTEST_DELAY: Duration = Duration::from_millis(20);
const LONGEST_DELAY: Duration = Duration::from_millis(500);
