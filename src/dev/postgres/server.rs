//! A running PostgreSQL.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    thread::available_parallelism,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tokio::process::Child;

use super::{
    account::{Account, command},
    binaries::Binaries,
    data, log, process,
};
use crate::{dev::diagnostics, model::diagnostic::Diagnostic};

/// A server of our own: it is reached through a socket in a folder that nobody else may enter.
#[derive(Debug)]
pub struct Server {
    child: Child,
    process: Pid,
    socket: PathBuf,
    plan: Plan,
}

/// What is run, as whom, and where.
#[derive(Clone, Debug)]
pub struct Plan {
    pub binaries: Binaries,
    pub account: Option<Account>,
    pub data: PathBuf,
}

impl Server {
    /// Processes of a server that was killed may take a while to notice.
    pub async fn start(plan: Plan) -> Result<Self, Diagnostic> {
        let begun = Instant::now();
        loop {
            match Self::launch(plan.clone()).await {
                Err(error) if error.message.contains(STILL_IN_USE) && begun.elapsed() < LEFT => {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                launched => return launched,
            }
        }
    }

    async fn launch(plan: Plan) -> Result<Self, Diagnostic> {
        let Plan { binaries, account, data } = &plan;
        let socket = data::socket_folder(data, account.as_ref())?;
        let log = log::path(data);
        let unusable = |error| diagnostics::folder_unusable(data, &error);
        let output = File::create(&log).map_err(unusable)?;
        let errors = output.try_clone().map_err(unusable)?;
        let mut command = command(&binaries.folder.join("postgres"), account.as_ref(), data);
        command.arg("-D").arg(data).arg("-k").arg(&socket).args(["-p", "5432"]);
        for setting in settings() {
            command.args(["-c", &setting]);
        }
        command.stdout(Stdio::from(output)).stderr(Stdio::from(errors)).kill_on_drop(false);
        let child = command.spawn().map_err(|error| {
            diagnostics::not_started(&format!("{}: {error}", binaries.folder.display()), &log)
        })?;
        let process = child.id().and_then(|id| id.try_into().ok()).map(Pid::from_raw);
        let process = process.ok_or_else(|| diagnostics::not_started("it has no number", &log))?;
        let mut server = Self { child, process, socket, plan };
        server.wait_until_ready().await?;
        Ok(server)
    }

    /// The URL of its superuser.
    pub fn url(&self) -> String {
        data::url(&self.socket)
    }

    /// The folder of its socket.
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    pub fn binaries(&self) -> &Binaries {
        &self.plan.binaries
    }

    /// After it ended.
    pub async fn restart(self) -> Result<Self, Diagnostic> {
        data::stop_leftover(&self.plan.data).await?;
        Self::start(self.plan.clone()).await
    }

    /// Lets it run on when this process has ended.
    pub fn leave(self) {
        std::mem::forget(self);
    }

    /// Ends when the server does. May be dropped before.
    pub async fn ended(&mut self) -> Diagnostic {
        let how = describe(self.child.wait().await.ok());
        log::explain_end(&self.plan.data, &how)
    }

    pub async fn stop(mut self) -> bool {
        let child = &mut self.child;
        process::end(self.process, || !matches!(child.try_wait(), Ok(None))).await
    }

    /// The last line of `postmaster.pid` says how far the server is.
    async fn wait_until_ready(&mut self) -> Result<(), Diagnostic> {
        let status = self.plan.data.join("postmaster.pid");
        let own = self.process.to_string();
        let started = Instant::now();
        while started.elapsed() < LONGEST_RECOVERY {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Err(log::explain_end(&self.plan.data, &describe(Some(status))));
            }
            let text = fs::read_to_string(&status).unwrap_or_default();
            if text.lines().next() == Some(&own) && text.lines().any(|line| line.trim() == "ready")
            {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let child = &mut self.child;
        process::end(self.process, || !matches!(child.try_wait(), Ok(None))).await;
        Err(log::explain_end(&self.plan.data, "it was not ready in time"))
    }
}

/// Whoever does not wait for it to stop has it end at once.
impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill(self.process, Signal::SIGQUIT);
        }
    }
}

fn describe(status: Option<ExitStatus>) -> String {
    status.map_or("it cannot be watched".to_owned(), |status| format!("it ended with {status}"))
}

/// Data is as safe as in production (`fsync` is on): a machine that loses power loses no work.
/// Nothing of a request's parameters reaches the log.
fn settings() -> Vec<String> {
    let processors = available_parallelism().map_or(1, usize::from);
    vec![
        "listen_addresses=".to_owned(),
        format!("max_connections={}", 50 + 10 * processors),
        "shared_buffers=64MB".to_owned(),
        "jit=off".to_owned(),
        "log_parameter_max_length=0".to_owned(),
        "log_parameter_max_length_on_error=0".to_owned(),
    ]
}

/// After a crash the server first makes up for what it had not written.
const LONGEST_RECOVERY: Duration = Duration::from_mins(1);
const LEFT: Duration = Duration::from_secs(5);
const STILL_IN_USE: &str = "shared memory block is still in use";
