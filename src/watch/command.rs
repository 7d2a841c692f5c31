//! The command of `--exec`, which is started anew after builds.

#[cfg(unix)]
use std::time::Duration;
use std::{
    future::pending,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
};

#[cfg(unix)]
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tokio::process::{Child, Command as Process};
#[cfg(unix)]
use tokio::time::{Instant, sleep};

/// It and whatever it started are one process group, so that all of it ends, at the latest when
/// this is dropped.
#[derive(Debug)]
pub struct Command {
    child: Child,
    has_ended: bool,
    /// None: nothing of it is left.
    #[cfg(unix)]
    group: Option<Pid>,
}

impl Command {
    /// Runs `line` by the shell, in the project. What it prints goes to standard error where
    /// standard output is for programs.
    pub fn start(line: &str, project: &Path, for_programs: bool) -> io::Result<Self> {
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let mut command = Process::new(shell);
        command.arg(flag).arg(line).current_dir(project).stdin(Stdio::null()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        if for_programs {
            command.stdout(Stdio::from(io::stderr()));
        }
        let child = command.spawn()?;
        #[cfg(unix)]
        let group = child.id().and_then(|id| id.try_into().ok()).map(Pid::from_raw);
        Ok(Self {
            child,
            has_ended: false,
            #[cfg(unix)]
            group,
        })
    }

    /// Tells once how it ended; what it started may run on. May be dropped before.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        if self.has_ended {
            return pending().await;
        }
        let status = self.child.wait().await;
        self.has_ended = true;
        #[cfg(unix)]
        self.is_gone();
        status
    }

    /// Asks all of it to end, and ends what does not. May be dropped before, and called again.
    #[cfg(unix)]
    pub async fn stop(&mut self) {
        self.signal(Signal::SIGTERM);
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            let _ = self.child.try_wait();
            if self.is_gone() {
                return;
            }
            sleep(INTERVAL).await;
        }
        self.signal(Signal::SIGKILL);
        let _ = self.child.wait().await;
    }

    #[cfg(not(unix))]
    pub async fn stop(&mut self) {
        let _ = self.child.kill().await;
    }

    #[cfg(unix)]
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // Nothing of it is left, then.
            let _ = killpg(group, signal);
        }
    }

    /// The number of a group whose processes have all ended may become another one's.
    #[cfg(unix)]
    fn is_gone(&mut self) -> bool {
        self.group = self.group.filter(|group| killpg(*group, None).is_ok());
        self.group.is_none()
    }
}

#[cfg(unix)]
impl Drop for Command {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

#[cfg(unix)]
const PATIENCE: Duration = Duration::from_secs(3);
#[cfg(unix)]
const INTERVAL: Duration = Duration::from_millis(5);
