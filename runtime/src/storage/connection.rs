//! One connection, shared: statements are sent without waiting for the answers to others
//! (pipelining), and each text is prepared once.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use futures_util::TryStreamExt as _;
use rustc_hash::FxHashMap;
use tokio::{sync::OnceCell, time::timeout};
use tokio_postgres::{Client, NoTls, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{database::lock, fault::Fault, param::Param, tls::Target};

pub struct Connection {
    client: Client,
    tls: Option<MakeRustlsConnect>,
    statements: Mutex<FxHashMap<Arc<str>, Arc<OnceCell<Statement>>>>,
    queue: Mutex<Queue>,
    /// Given up: the server did not answer in time.
    stuck: AtomicBool,
}

/// The statements without an answer, oldest first: the server works at the first of them.
#[derive(Default)]
struct Queue {
    tickets: VecDeque<Ticket>,
    next: u64,
}

struct Ticket {
    number: u64,
    since: Instant,
}

impl Connection {
    pub async fn open(target: &Target) -> Result<Arc<Self>, tokio_postgres::Error> {
        let client = if let Some(tls) = &target.tls {
            let (client, connection) = target.config.connect(tls.clone()).await?;
            tokio::spawn(connection);
            client
        } else {
            let (client, connection) = target.config.connect(NoTls).await?;
            tokio::spawn(connection);
            client
        };
        Ok(Arc::new(Self {
            client,
            tls: target.tls.clone(),
            statements: Mutex::default(),
            queue: Mutex::default(),
            stuck: AtomicBool::new(false),
        }))
    }

    pub fn is_closed(&self) -> bool {
        self.client.is_closed() || self.stuck.load(Ordering::Relaxed)
    }

    /// How many statements are under way.
    pub fn load(&self) -> usize {
        lock(&self.queue).tickets.len()
    }

    /// Can a short statement go along with those under way? On a few busy connections they find the
    /// server awake; on many idle ones each waits for its process to be scheduled.
    pub fn takes_more(&self) -> bool {
        let queue = lock(&self.queue);
        let Some(oldest) = queue.tickets.front() else { return true };
        queue.tickets.len() < DEPTH && oldest.since.elapsed() < SHORT
    }

    /// Runs a statement. Dropping the future does not take it back.
    pub fn rows(self: &Arc<Self>, sql: &Arc<str>, params: Vec<Param>) -> Running {
        let mut queue = lock(&self.queue);
        let ticket = queue.next;
        queue.next += 1;
        queue.tickets.push_back(Ticket { number: ticket, since: Instant::now() });
        let work = Box::pin(run(Arc::clone(self), Arc::clone(sql), params));
        Running { connection: Arc::clone(self), ticket, work: Some(work) }
    }

    fn answered(&self, ticket: u64) {
        lock(&self.queue).tickets.retain(|waiting| waiting.number != ticket);
    }

    fn works_at(&self, ticket: u64) -> bool {
        lock(&self.queue).tickets.front().is_some_and(|first| first.number == ticket)
    }

    async fn prepared(&self, sql: &Arc<str>) -> Result<Statement, tokio_postgres::Error> {
        let cell = Arc::clone(lock(&self.statements).entry(Arc::clone(sql)).or_default());
        cell.get_or_try_init(|| self.client.prepare(sql)).await.cloned()
    }

    async fn cancel(&self) {
        let token = self.client.cancel_token();
        // A cancellation that does not arrive leaves a statement that runs to its end.
        let _ = match &self.tls {
            Some(tls) => token.cancel_query(tls.clone()).await,
            None => token.cancel_query(NoTls).await,
        };
    }

    /// Waits for an answer that nobody wants any longer, since others stand behind it; cancels the
    /// statement if that takes long, and gives the connection up if even that does not help.
    async fn finish(self: Arc<Self>, ticket: u64, mut work: Work) {
        for _ in 0..PATIENCE {
            if timeout(GRACE, &mut work).await.is_ok() {
                return self.answered(ticket);
            }
            if self.works_at(ticket) {
                self.cancel().await;
            }
        }
        self.stuck.store(true, Ordering::Relaxed);
        self.answered(ticket);
    }
}

async fn run(
    connection: Arc<Connection>,
    sql: Arc<str>,
    params: Vec<Param>,
) -> Result<Vec<Row>, Fault> {
    let found: Result<Vec<Row>, tokio_postgres::Error> = async {
        let statement = connection.prepared(&sql).await?;
        connection.client.query_raw(&statement, &params).await?.try_collect().await
    }
    .await;
    found.map_err(|error| {
        let fault = Fault::from(error);
        if matches!(fault, Fault::Stale) {
            lock(&connection.statements).remove(&sql);
        }
        fault
    })
}

type Work = Pin<Box<dyn Future<Output = Result<Vec<Row>, Fault>> + Send>>;

/// A statement under way.
pub struct Running {
    connection: Arc<Connection>,
    ticket: u64,
    work: Option<Work>,
}

impl Future for Running {
    type Output = Result<Vec<Row>, Fault>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.work else { return Poll::Ready(Err(Fault::Cancelled)) };
        let answer = ready!(work.as_mut().poll(context));
        self.work = None;
        self.connection.answered(self.ticket);
        Poll::Ready(answer)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(work) = self.work.take() else { return };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                runtime.spawn(Arc::clone(&self.connection).finish(self.ticket, work));
            }
            // The runtime has ended, and its connections with it.
            Err(_) => self.connection.answered(self.ticket),
        }
    }
}

const DEPTH: usize = 4;
const SHORT: Duration = Duration::from_millis(1);
const GRACE: Duration = Duration::from_millis(100);
const PATIENCE: usize = 50;
