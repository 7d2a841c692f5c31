//! Runs the application's functions in isolates: JavaScript engines of their own, in which one call
//! is served at a time.
//!
//! `modules` reads a build once. `worker` is a thread with a `pool` of isolates; an `attempt` is
//! one call in one `isolate`, which drives the operations (`ops`) that JavaScript waits for.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    pin::pin,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, mpsc, oneshot},
    time::{timeout, timeout_at},
};

use self::{
    modules::{Bundle, Modules},
    watchdog::Bell,
    worker::{Work, Worker},
};
use crate::{
    call::{Call, Reply},
    config::Limits,
    failure::Failure,
    gateway::Accounts,
    items::Items,
    storage::Store,
};

mod attempt;
pub mod bytecode;
mod clock;
pub mod convert;
pub mod invocation;
pub mod isolate;
mod library;
pub mod modules;
pub mod ops;
mod pool;
pub mod script;
mod slice;
mod streams;
mod thrown;
mod watchdog;
pub mod web;
mod worker;

/// How isolates are run.
#[derive(Clone)]
pub struct EngineConfig {
    pub limits: Limits,
    /// The environment variables that `env` offers, with their values.
    pub variables: BTreeMap<String, Option<String>>,
    /// Where `fetch` may go besides public hosts.
    pub egress: Vec<String>,
    /// Failures carry their stacks.
    pub development: bool,
    pub threads: usize,
    /// What `env.storage` and `env.shared` work on; None for an application without them.
    pub store: Option<Store>,
    /// What `env.auth` works on; None where there are no accounts.
    pub accounts: Option<Arc<Accounts>>,
}

impl Default for EngineConfig {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            variables: BTreeMap::new(),
            egress: Vec::new(),
            development: false,
            threads: 1,
            store: None,
            accounts: None,
        }
    }
}

/// An application that is being served. Dropped, it ends its threads after their last call.
pub struct Engine {
    shared: Arc<Shared>,
    /// Closed when the last thread has ended.
    ended: Mutex<mpsc::Receiver<()>>,
}

struct Shared {
    config: Arc<EngineConfig>,
    bundle: Arc<Bundle>,
    workers: RwLock<Vec<Arc<Worker>>>,
    bell: Arc<Bell>,
    calls: AtomicU64,
    abandoned: AtomicUsize,
    /// Kept by each thread; None once no more are wanted.
    alive: RwLock<Option<mpsc::Sender<()>>>,
}

impl Engine {
    /// Reads the build in the output folder `dist` and makes its first isolates. It takes as long as
    /// loading the application does.
    pub fn start(dist: &Path, config: EngineConfig) -> Result<Self, String> {
        let bundle = modules::prepare(dist, &config)?;
        let (alive, ended) = mpsc::channel(1);
        let threads = config.threads.max(1);
        let shared = Arc::new(Shared {
            config: Arc::new(config),
            bundle,
            workers: RwLock::default(),
            bell: Arc::default(),
            calls: AtomicU64::default(),
            abandoned: AtomicUsize::default(),
            alive: RwLock::new(Some(alive)),
        });
        let started = (0..threads).map(|_| shared.add_worker()).collect::<Result<Vec<_>, _>>()?;
        for ready in started.into_iter().flatten() {
            let ended = |_| Err("an isolate thread has ended".to_owned());
            ready.recv().unwrap_or_else(ended).map_err(|error| shared.bundle.map_stack(&error))?;
        }
        watchdog::start(&shared)?;
        Ok(Self { shared, ended: Mutex::new(ended) })
    }

    /// What `src/auth.ts` exports.
    pub fn auth_config(&self) -> Option<&serde_json::Value> {
        self.shared.bundle.auth()
    }

    /// Serves a call. Whoever drops the future has gone: the call's signal is aborted.
    ///
    /// A thread that another call keeps busy answers nobody: so the deadline is watched over here.
    pub async fn call(&self, call: Call) -> Result<Reply, Failure> {
        let _watched = self.shared.bell.watch();
        let (deadline, items) = (call.deadline, call.items.clone());
        let mut served = pin!(self.serve(call));
        loop {
            let due = items.as_ref().map_or(deadline, Items::due);
            if let Ok(answer) = timeout_at((due + GRACE).into(), &mut served).await {
                return answer;
            }
            if items.as_ref().is_none_or(|items| items.due() == due) {
                return Err(Failure::timeout());
            }
        }
    }

    async fn serve(&self, call: Call) -> Result<Reply, Failure> {
        let (call, effect) = (Arc::new(call), Arc::new(AtomicBool::new(false)));
        loop {
            let Some(worker) = self.shared.idlest() else {
                return Err(Failure::not_taken("The server is closing"));
            };
            let (stay, gone) = oneshot::channel();
            let number = self.shared.calls.fetch_add(1, Ordering::Relaxed);
            let due = call.due();
            let (call, effect_of) = (Arc::clone(&call), Arc::clone(&effect));
            let answer = worker.give(Work { number, call, effect: effect_of, gone }).await;
            drop(stay);
            if let Ok(answer) = answer {
                return answer;
            }
            // Another call has spoilt the thread. This one starts anew unless it was noticed.
            if effect.load(Ordering::Acquire) {
                return Err(Failure::unavailable("The call was interrupted"));
            }
            if Instant::now() >= due {
                return Err(Failure::timeout());
            }
        }
    }

    /// Whether so many threads had to be given up that the process should be replaced.
    pub fn is_worn_out(&self) -> bool {
        self.shared.abandoned.load(Ordering::Relaxed) > 2 * self.shared.config.threads.max(1)
    }

    /// Takes no more calls, and waits for those that are served and for the work that they have left.
    pub async fn close(&self) {
        *self.shared.alive.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.shared.workers.write().unwrap_or_else(PoisonError::into_inner).clear();
        let bound = self.shared.config.limits.deadline * 2 + Duration::from_secs(1);
        let mut ended = self.ended.lock().await;
        if timeout(bound, ended.recv()).await.is_err() {
            tracing::warn!(target: "kontract", "An isolate thread did not end");
        }
    }
}

impl Shared {
    fn workers(&self) -> Vec<Arc<Worker>> {
        self.workers.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The thread with the fewest calls.
    fn idlest(&self) -> Option<Arc<Worker>> {
        let workers = self.workers.read().unwrap_or_else(PoisonError::into_inner);
        workers.iter().min_by_key(|worker| worker.load()).cloned()
    }

    fn add_worker(&self) -> Result<Option<worker::Ready>, String> {
        let alive = self.alive.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(alive) = alive else { return Ok(None) };
        let (worker, ready) = Worker::start(&self.config, &self.bundle, alive)?;
        self.workers.write().unwrap_or_else(PoisonError::into_inner).push(worker);
        Ok(Some(ready))
    }

    /// Puts a new thread in the place of one that does not come back from the call `stuck`.
    fn replace(&self, worker: &Arc<Worker>, stuck: u64) {
        let mut workers = self.workers.write().unwrap_or_else(PoisonError::into_inner);
        workers.retain(|other| !Arc::ptr_eq(other, worker));
        drop(workers);
        self.abandoned.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = self.add_worker() {
            tracing::error!(target: "kontract", error, "An isolate thread could not be replaced");
        }
        worker.abandon(stuck);
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Engine").finish_non_exhaustive()
    }
}

/// How long after its deadline a call's own thread may answer: what it says is worth more.
const GRACE: Duration = Duration::from_millis(50);
