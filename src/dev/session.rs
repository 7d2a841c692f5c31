//! One run of `kontract dev`.

use std::{
    ffi::OsString,
    future::pending,
    io,
    net::IpAddr,
    path::PathBuf,
    process::ExitStatus,
    time::{Duration, Instant},
};

use kontract_runtime::config::{self as runtime, Secret};
use tokio::{task::spawn_blocking, time::timeout};

use super::{
    build::Build,
    companion::Companion,
    diagnostics,
    event::Event,
    folder::Folder,
    postgres::{self, Server, Surroundings},
    schema,
    serving::{Refusal, Serving},
    watch::Watch,
};
use crate::{
    config::{Flags, Options},
    migrate::Problem,
    model::diagnostic::Diagnostic,
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
    server: Option<Server>,
    serving: Option<Serving>,
    /// The hash of the outputs that are served: others may build, too.
    served: Option<String>,
    companion: Option<Companion>,
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
        Ok(Self {
            settings,
            report,
            begun,
            project,
            folder,
            server: None,
            serving: None,
            served: None,
            companion: None,
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
                self.refuse(vec![diagnostic]);
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
        let first = spawn_blocking(self.builder());
        self.start_database().await?;
        let mut build = first.await.map_err(|error| diagnostics::build_failed(&error))?;
        loop {
            self.show(&build);
            self.take(&build).await?;
            let watch = self.watch(&build);
            while !build.is_outdated() {
                tokio::select! {
                    () = watch.time_to_look() => {}
                    reason = ended(&mut self.server) => {
                        self.restart_database(reason).await?;
                        self.take(&build).await?;
                    }
                    status = companion_ended(&mut self.companion) => {
                        return status.map_err(|error| diagnostics::command_lost(&error));
                    }
                }
            }
            watch.quiet().await;
            build = spawn_blocking(self.builder())
                .await
                .map_err(|error| diagnostics::build_failed(&error))?;
        }
    }

    fn builder(&self) -> impl FnOnce() -> Build + Send + use<> {
        let Settings { start, flags, locked, .. } = self.settings.clone();
        move || Build::new(&start, &flags, locked)
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
    async fn take(&mut self, build: &Build) -> Result<(), Diagnostic> {
        let Some(options) = build.options.as_ref().filter(|_| build.is_good()) else {
            return Ok(());
        };
        let options = self.with_flags(options);
        let same = self.serving.as_ref().is_some_and(|serving| serving.has_settings(&options));
        if same && !self.is_news(build) {
            return Ok(());
        }
        let secret = match &self.settings.environment.secret {
            Some(secret) => secret.clone(),
            None => Secret::new(self.folder.secret()?),
        };
        let database = match self.apply_schema(&options, &secret).await {
            Ok(database) => database,
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
        let begun = Instant::now();
        if let Some(serving) = self.serving.as_mut().filter(|_| same) {
            match serving.reload(&options).await {
                Ok(()) => {
                    let event =
                        Event::Reloaded { routes: &serving.routes(), time: begun.elapsed() };
                    (self.report)(event);
                    self.served = Some(build.outputs_hash.clone());
                }
                Err(refusal) => self.refuse(vec![refusal.diagnostic()]),
            }
            return Ok(());
        }
        self.serve(options, database, secret).await?;
        self.served = self.serving.as_ref().map(|_| build.outputs_hash.clone());
        Ok(())
    }

    /// What is served was made of something else.
    fn is_news(&self, build: &Build) -> bool {
        self.served.as_deref() != Some(&build.outputs_hash)
    }

    async fn apply_schema(
        &mut self,
        options: &Options,
        secret: &Secret,
    ) -> Result<runtime::Database, Problem> {
        let begun = Instant::now();
        let environment = &self.settings.environment;
        let own = self.server.as_ref().map(|server| Secret::new(server.url()));
        let applied = schema::apply(options, environment, own, secret).await?;
        let event = Event::Schema { changes: &applied.changes, time: begun.elapsed() };
        (self.report)(event);
        Ok(applied.database)
    }

    /// Starts a gateway with these settings, in the place of the one before.
    async fn serve(
        &mut self,
        options: Options,
        database: runtime::Database,
        secret: Secret,
    ) -> Result<(), Diagnostic> {
        let before = self.serving.take();
        let address = before.as_ref().map(Serving::address);
        if let Some(before) = before {
            let _ = timeout(LONGEST_CALLS, before.close()).await;
        }
        let serving = match Serving::start(options, address, database, secret).await {
            Ok(serving) => serving,
            Err(Refusal::Lasting(diagnostic)) if !self.is_ready => return Err(diagnostic),
            // Another build, or other settings, may do better.
            Err(refusal) => {
                self.refuse(vec![refusal.diagnostic()]);
                return Ok(());
            }
        };
        let url = serving.url();
        let time = self.begun.elapsed();
        (self.report)(Event::Ready { url: &url, routes: &serving.routes(), time });
        self.serving = Some(serving);
        self.is_ready = true;
        if self.companion.is_none() && !self.settings.command.is_empty() {
            let command = &self.settings.command;
            let started = Companion::start(command, &self.project, &url, self.settings.json);
            let failed = |error| diagnostics::command_not_started(&command[0], &error);
            self.companion = Some(started.map_err(failed)?);
        }
        Ok(())
    }

    /// A build that changes nothing is none of anybody's concern, but for the first.
    fn show(&mut self, build: &Build) {
        if self.is_ready && !self.is_news(build) && build.diagnostics.is_empty() {
            return;
        }
        let is_serving = self.serving.is_some();
        (self.report)(Event::Built { build, project: &self.project, is_serving });
    }

    fn refuse(&mut self, diagnostics: Vec<Diagnostic>) {
        (self.report)(Event::NotServed(diagnostics, &self.project));
    }

    fn with_flags(&self, options: &Options) -> Options {
        let mut options = options.clone();
        options.serving.port = self.settings.port.unwrap_or(options.serving.port);
        options.serving.host = self.settings.host.unwrap_or(options.serving.host);
        options
    }

    fn watch(&mut self, build: &Build) -> Watch {
        if self.settings.poll {
            return Watch::polling();
        }
        Watch::over(&build.folders(&self.project)).unwrap_or_else(|error| {
            (self.report)(Event::Polling(&error.to_string()));
            self.settings.poll = true;
            Watch::polling()
        })
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
