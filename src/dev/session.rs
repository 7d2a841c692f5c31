//! One run of `kontract dev`.

use std::{
    ffi::OsString,
    future::pending,
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::{Duration, Instant},
};

use kontract_runtime::config::{self as runtime, Secret};
use tokio::time::timeout;

use super::{
    companion::{Companion, Run},
    compiler::Compiler,
    diagnostics,
    event::Event,
    folder::Folder,
    postgres::{self, Server, Surroundings},
    schema,
    serving::{self, Refusal, Serving},
};
use crate::{
    config::{Flags, Options},
    incremental::{self, Outcome},
    migrate::{self, Problem},
    model::diagnostic::{Diagnostic, Severity},
    watch::{diagnostics::no_thread, follower},
};

/// What the command line and the environment say.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the project is looked for.
    pub start: PathBuf,
    pub flags: Flags,
    pub locked: bool,
    pub port: Option<u16>,
    pub host: Option<IpAddr>,
    /// Do not rely on the system to tell of changes.
    pub poll: bool,
    /// Runs beside the gateway; may be empty.
    pub command: Vec<String>,
    /// Standard output is for programs.
    pub json: bool,
    pub environment: Environment,
}

/// Variables of the environment.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `DATABASE_URL`
    pub database: Option<Secret>,
    /// `KONTRACT_MIGRATE_URL`
    pub migrate: Option<Secret>,
    /// `KONTRACT_SECRET`
    pub secret: Option<Secret>,
    /// `KONTRACT_STATIC_KEY`: `kontract dev` has one of its own.
    pub static_key: Option<Secret>,
    /// `KONTRACT_POSTGRES`
    pub package: Option<PathBuf>,
    /// `PATH`
    pub path: OsString,
}

/// Whatever was started, and has to be stopped.
pub struct Session<'a> {
    settings: Settings,
    report: &'a mut dyn FnMut(Event<'_>),
    begun: Instant,
    project: PathBuf,
    folder: Folder,
    static_key: Secret,
    server: Option<Server>,
    serving: Option<Serving>,
    /// The hash of the outputs that are served: others may build, too.
    served: Option<String>,
    /// What the database was last brought up to date for, see [`schema::needs`].
    prepared: Option<String>,
    companion: Option<Companion>,
    /// Where the compiler can be asked by others.
    socket: Option<PathBuf>,
    /// A build was served at least once.
    is_ready: bool,
    /// When PostgreSQL had to be started again.
    restarts: Vec<Instant>,
}

impl<'a> Session<'a> {
    /// `project` is its folder, as the settings lead there.
    pub fn new(
        settings: Settings,
        project: PathBuf,
        report: &'a mut dyn FnMut(Event<'_>),
    ) -> Result<Self, Diagnostic> {
        let begun = Instant::now();
        let folder = Folder::open(&project)?;
        // Before the first build, which pins it.
        let static_key = folder.static_key()?;
        Ok(Self {
            settings,
            report,
            begun,
            project,
            folder,
            static_key,
            server: None,
            serving: None,
            served: None,
            prepared: None,
            companion: None,
            socket: None,
            is_ready: false,
            restarts: Vec::new(),
        })
    }

    /// Builds and serves until the command that runs beside ends. None: something failed for good,
    /// and was reported. May be dropped before, at any moment.
    pub async fn run(&mut self) -> Option<ExitStatus> {
        match self.follow_changes().await {
            Ok(status) => Some(status),
            Err(diagnostic) => {
                (self.report)(Event::Failed(diagnostic, &self.project));
                None
            }
        }
    }

    /// Ends what was started, last things first.
    pub async fn stop(&mut self) {
        if self.server.is_some() || self.serving.is_some() {
            (self.report)(Event::Stopping);
        }
        if let Some(companion) = self.companion.take() {
            companion.stop().await;
        }
        if let Some(serving) = self.serving.take() {
            let _ = timeout(LONGEST_CALLS, serving.close()).await;
        }
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    async fn follow_changes(&mut self) -> Result<ExitStatus, Diagnostic> {
        let mut compiler = self.follow().map_err(|error| no_thread(&error))?;
        self.socket = compiler.socket().map(Path::to_owned);
        self.start_database().await?;
        let mut build = Outcome::default();
        let mut migrated = self.folder.last_migration();
        loop {
            tokio::select! {
                event = compiler.next() => match event {
                    Some(follower::Event::Built(outcome)) => {
                        build = *outcome;
                        self.show(&build);
                    }
                    Some(follower::Event::Polling(reason)) => {
                        (self.report)(Event::Polling(&reason));
                        continue;
                    }
                    Some(follower::Event::Settled(_)) => continue,
                    None => return Err(diagnostics::build_failed()),
                },
                reason = ended(&mut self.server) => self.restart_database(reason).await?,
                () = self.folder.migrated_after(&migrated) => {}
                status = companion_ended(&mut self.companion) => {
                    return status.map_err(|error| diagnostics::command_lost(&error));
                }
            }
            let last = self.folder.last_migration();
            if last != migrated {
                // What is served may not fit the database any more.
                (self.served, self.prepared) = (None, None);
                migrated = last;
            }
            self.take(&build).await?;
        }
    }

    fn follow(&self) -> io::Result<Compiler> {
        let Settings { start, flags, locked, poll, .. } = self.settings.clone();
        // Only what runs beside asks.
        let asks = !self.settings.command.is_empty();
        let settings =
            incremental::Settings { start, flags, locked, cache: true, places: asks, serves: true };
        let folder = asks.then(|| self.folder.path());
        Compiler::start(settings, self.project.clone(), poll, folder)
    }

    async fn start_database(&mut self) -> Result<(), Diagnostic> {
        if self.settings.environment.database.is_some() {
            return Ok(());
        }
        let begun = Instant::now();
        let surroundings = Surroundings::of(&self.project, &self.settings.environment);
        let (server, notes) = postgres::start(&surroundings, &self.folder).await?;
        let binaries = server.binaries();
        (self.report)(Event::Database {
            version: &binaries.version,
            programs: &binaries.folder,
            notes: &notes,
            time: begun.elapsed(),
        });
        self.server = Some(server);
        Ok(())
    }

    /// A database that dies again and again is not started again.
    async fn restart_database(&mut self, reason: Diagnostic) -> Result<(), Diagnostic> {
        let Some(server) = self.server.take() else { return Err(reason) };
        self.restarts.retain(|restart| restart.elapsed() < RESTARTS_WITHIN);
        if self.restarts.len() >= MOST_RESTARTS {
            return Err(reason);
        }
        (self.report)(Event::DatabaseEnded(&reason));
        self.restarts.push(Instant::now());
        self.server = Some(server.restart().await?);
        Ok(())
    }

    /// Serves a build that is good; with any other, the one before is served on.
    async fn take(&mut self, build: &Outcome) -> Result<(), Diagnostic> {
        let Some(options) = build.options.as_ref().filter(|_| build.is_good()) else {
            return Ok(());
        };
        let options = self.with_flags(options);
        let same = self.serving.as_ref().is_some_and(|serving| serving.has_settings(&options));
        if same && !self.is_news(build) {
            return Ok(());
        }
        let needs = schema::needs(&options);
        if same && needs.is_some() && self.prepared == needs {
            self.reload(&options, build).await;
            return Ok(());
        }
        let secret = match &self.settings.environment.secret {
            Some(secret) => secret.clone(),
            None => Secret::new(self.folder.secret()?),
        };
        if let Err(refusal) = serving::try_to_load(&options).await {
            self.refuse(vec![refusal.diagnostic()]);
            return Ok(());
        }
        self.prepared = None;
        let (database, is_done) = match self.apply_schema(&options, &secret).await {
            Ok(applied) => (applied.database, applied.waiting.is_empty()),
            Err(Problem::Unreachable(diagnostic) | Problem::Failed(diagnostic))
                if !self.is_ready =>
            {
                return Err(diagnostic);
            }
            Err(problem) => {
                self.refuse(problem.diagnostics());
                return Ok(());
            }
        };
        self.prepared = needs.filter(|_| is_done);
        if same {
            self.reload(&options, build).await;
            return Ok(());
        }
        self.serve(options, database, secret).await?;
        self.served = self.serving.as_ref().map(|_| build.hash.clone());
        Ok(())
    }

    /// Serves a build with the gateway that runs.
    async fn reload(&mut self, options: &Options, build: &Outcome) {
        let Some(serving) = &mut self.serving else { return };
        let begun = Instant::now();
        match serving.reload(options).await {
            Ok(()) => {
                let event = Event::Reloaded { routes: &serving.routes(), time: begun.elapsed() };
                (self.report)(event);
                self.served = Some(build.hash.clone());
            }
            Err(refusal) => self.refuse(vec![refusal.diagnostic()]),
        }
    }

    /// What is served was made of something else.
    fn is_news(&self, build: &Outcome) -> bool {
        self.served.as_deref() != Some(&build.hash)
    }

    async fn apply_schema(
        &mut self,
        options: &Options,
        secret: &Secret,
    ) -> Result<schema::Applied, Problem> {
        let begun = Instant::now();
        let environment = &self.settings.environment;
        let own = self.server.as_ref().map(|server| Secret::new(server.url()));
        let applied = schema::apply(options, environment, own, secret).await?;
        let schema::Applied { migrations, changes, waiting, .. } = &applied;
        (self.report)(Event::Schema { migrations, changes, time: begun.elapsed() });
        if !waiting.is_empty() {
            let told = waiting
                .iter()
                .map(|path| Diagnostic { severity: Severity::Warning, ..migrate::waiting(path) });
            (self.report)(Event::Waiting(told.collect(), &self.project));
        }
        Ok(applied)
    }

    /// Starts a gateway with these settings, in the place of the one before.
    async fn serve(
        &mut self,
        options: Options,
        database: runtime::Database,
        secret: Secret,
    ) -> Result<(), Diagnostic> {
        let begun = Instant::now();
        let keys = (secret, self.static_key.clone());
        let before = self.serving.take();
        let address = before.as_ref().map(Serving::address);
        if let Some(before) = before {
            let _ = timeout(LONGEST_CALLS, before.close()).await;
        }
        let serving = match Serving::start(options, address, database, keys).await {
            Ok(serving) => serving,
            Err(Refusal::Lasting(diagnostic)) if !self.is_ready => return Err(diagnostic),
            // Another build, or other settings, may do better.
            Err(refusal) => {
                self.refuse(vec![refusal.diagnostic()]);
                return Ok(());
            }
        };
        let url = serving.url();
        let time = if self.is_ready { begun.elapsed() } else { self.begun.elapsed() };
        (self.report)(Event::Ready { url: &url, routes: &serving.routes(), time });
        self.serving = Some(serving);
        self.is_ready = true;
        if self.companion.is_none() && !self.settings.command.is_empty() {
            let command = &self.settings.command;
            let run = Run {
                project: &self.project,
                url: &url,
                compiler: self.socket.as_deref(),
                for_programs: self.settings.json,
            };
            let started = Companion::start(command, &run);
            let failed = |error| diagnostics::command_not_started(&command[0], &error);
            self.companion = Some(started.map_err(failed)?);
        }
        Ok(())
    }

    /// A build that changes nothing is none of anybody's concern, but for the first.
    fn show(&mut self, build: &Outcome) {
        if self.is_ready && !self.is_news(build) && build.diagnostics.is_empty() {
            return;
        }
        let is_serving = self.serving.is_some();
        (self.report)(Event::Built { build, project: &self.project, is_serving });
    }

    fn refuse(&mut self, diagnostics: Vec<Diagnostic>) {
        let is_serving = self.serving.is_some();
        (self.report)(Event::NotServed { diagnostics, project: &self.project, is_serving });
    }

    fn with_flags(&self, options: &Options) -> Options {
        let mut options = options.clone();
        options.serving.port = self.settings.port.unwrap_or(options.serving.port);
        options.serving.host = self.settings.host.unwrap_or(options.serving.host);
        options
    }
}

async fn ended(server: &mut Option<Server>) -> Diagnostic {
    match server {
        Some(server) => server.ended().await,
        None => pending().await,
    }
}

async fn companion_ended(companion: &mut Option<Companion>) -> io::Result<ExitStatus> {
    match companion {
        Some(companion) => companion.ended().await,
        None => pending().await,
    }
}

/// How long calls may take to finish when they are asked to.
const LONGEST_CALLS: Duration = Duration::from_secs(3);
const MOST_RESTARTS: usize = 3;
const RESTARTS_WITHIN: Duration = Duration::from_mins(1);
