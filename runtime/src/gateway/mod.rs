//! The gateway: HTTP in front, isolates behind, PostgreSQL beneath.

use std::{
    io, mem,
    net::SocketAddr,
    num::NonZero,
    path::Path,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use self::{
    http::Host, load::Services, origin::OriginPolicy, raystream::Raystream, ready::Readiness,
    server::Phase, sessions::Sessions,
};
use crate::{config::Config, engine::web::egress::Egress, storage::Database};

mod accounts;
mod answer;
mod auth;
mod auth_config;
mod collector;
mod dispatch;
mod email;
mod error;
mod http;
mod link;
mod load;
mod origin;
mod passwords;
mod peers;
mod preflight;
mod raystream;
mod ready;
mod request;
mod secret;
mod server;
mod sessions;
mod throttle;
mod wire;

pub use accounts::Accounts;
pub use email::normalize as normalize_email;
pub use error::StartError;
pub use raystream::{Pin, StaticKeys, check_static_key};
pub use secret::check as check_secret;

/// A gateway that is running, on threads of its own.
pub struct Gateway {
    address: SocketAddr,
    host: Arc<Host>,
    config: Arc<Config>,
    phase: watch::Sender<Phase>,
    server: JoinHandle<Option<TcpListener>>,
    _threads: Threads,
}

/// Where requests are served. A runtime must not be dropped where one runs.
struct Threads(Option<Runtime>);

impl Gateway {
    /// Loads the build, looks at the database and takes calls.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::start_on(config, None).await
    }

    /// The same on a socket that listens already, such as one of [`Gateway::retire`].
    pub async fn start_on(
        config: Config,
        listener: Option<std::net::TcpListener>,
    ) -> Result<Self, StartError> {
        secret::check(&config.secret)?;
        let threads = Threads::start()?;
        let prepared = threads.spawn(prepare(config, listener)).await;
        let (host, config, listener) =
            prepared.map_err(|error| StartError::Threads(io::Error::other(error)))??;
        let address = listener.local_addr().map_err(StartError::Threads)?;
        let (phase, phases) = watch::channel(Phase::Open);
        let server = threads.spawn(server::run(Arc::clone(&host), listener, phases));
        threads.spawn(collector::run(Arc::clone(&host.services.database)));
        Ok(Self { address, host, config, phase, server, _threads: threads })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:8787`, without a slash at its end.
    pub fn url(&self) -> String {
        if self.address.ip().is_unspecified() {
            format!("http://localhost:{}", self.address.port())
        } else {
            format!("http://{}", self.address)
        }
    }

    /// The names of the routes, sorted.
    pub fn routes(&self) -> Vec<String> {
        let mut names: Vec<_> = self.host.application().routes.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Serves another build from the next call on; calls that run end with the one they began
    /// with. A build that cannot be loaded changes nothing.
    pub async fn reload(&self, dist: &Path) -> Result<(), StartError> {
        let application = load::application(dist, &self.config, &self.host.services).await?;
        let mut current = self.host.application.write().unwrap_or_else(PoisonError::into_inner);
        let before = mem::replace(&mut *current, Arc::new(application));
        drop(current);
        drop(before);
        Ok(())
    }

    /// Takes no new calls, lets those that run finish within their deadline, and ends.
    pub async fn close(mut self) {
        self.host.draining.store(true, Ordering::Relaxed);
        self.end(Phase::Closing).await;
        self.host.application().engine.close().await;
    }

    /// Resolves when so many threads had to be given up to calls that never end that the process
    /// should be replaced.
    pub async fn worn_out(&self) {
        while !self.host.application().engine.is_worn_out() {
            sleep(WEAR_INTERVAL).await;
        }
    }

    /// Ends as [`Gateway::close`] does, but for the socket: new connections wait for the process
    /// that goes on with it.
    pub async fn retire(mut self) -> Option<std::net::TcpListener> {
        let listener = self.end(Phase::Retiring).await?;
        let _ = timeout(LAST_WORK, self.host.application().engine.close()).await;
        listener.into_std().ok()
    }

    async fn end(&mut self, phase: Phase) -> Option<TcpListener> {
        let _ = self.phase.send(phase);
        (&mut self.server).await.ok().flatten()
    }
}

impl Threads {
    fn start() -> Result<Self, StartError> {
        // Beside the isolates' own: more of them only wake each other.
        let processors = available_parallelism().map_or(1, NonZero::get);
        let mut builder = Builder::new_multi_thread();
        let runtime = builder
            .worker_threads(processors.div_ceil(2))
            .enable_all()
            .thread_name("kontract-http")
            .build();
        Ok(Self(Some(runtime.map_err(StartError::Threads)?)))
    }

    fn spawn<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        match &self.0 {
            Some(runtime) => runtime.spawn(work),
            None => tokio::spawn(work),
        }
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

async fn prepare(
    config: Config,
    listener: Option<std::net::TcpListener>,
) -> Result<(Arc<Host>, Arc<Config>, TcpListener), StartError> {
    let database = Database::new(&config.database).map_err(StartError::Database)?;
    let sessions = Arc::new(Sessions::new(&config.secret, Arc::clone(&database)));
    let accounts = Arc::new(Accounts::new(Arc::clone(&database), Arc::clone(&sessions)));
    Egress::parse(&config.egress).map_err(StartError::Egress)?;
    let raystream = Raystream::new(&config)?;
    let config = Arc::new(config);
    let services = Services { database, accounts, shared: Arc::default(), raystream };
    let (checked, application) = tokio::join!(
        preflight::check(&services.database, config.database.shared_privileges),
        load::application(&config.dist, &config, &services),
    );
    checked?;
    let application = application?;
    let listener = match listener {
        Some(listener) => {
            listener.set_nonblocking(true).and_then(|()| TcpListener::from_std(listener))
        }
        None => TcpListener::bind(config.address).await,
    };
    let listener = listener.map_err(|error| StartError::Address(config.address, error))?;
    let host = Host {
        application: RwLock::new(Arc::new(application)),
        sessions,
        origins: OriginPolicy::new(config.cors.clone(), config.development),
        readiness: Readiness::new(Arc::clone(&services.database)),
        services,
        limits: config.limits,
        base: config.base.clone(),
        json: config.json,
        login_check: config.wire.login_check,
        development: config.development,
        draining: AtomicBool::new(false),
        in_flight: Arc::default(),
    };
    Ok((Arc::new(host), config, listener))
}

const WEAR_INTERVAL: Duration = Duration::from_secs(1);
/// For work that calls have left behind; the threads that were given up never end.
const LAST_WORK: Duration = Duration::from_secs(1);
