//! A command that runs beside the gateway, such as the development server of the pages.

use std::{
    env, io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    process::{Child, Command},
    time::timeout,
};

#[derive(Debug)]
pub struct Companion(Child);

/// What a command is a part of.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    pub project: &'a Path,
    /// Of the gateway.
    pub url: &'a str,
    /// Where the compiler can be asked.
    pub compiler: Option<&'a Path>,
    /// Standard output is for programs.
    pub for_programs: bool,
}

impl Companion {
    /// Runs `command` in the project, with the programs of its packages on PATH. It shares the
    /// terminal, where Ctrl-C reaches it directly; what it prints goes to standard error where
    /// standard output is for programs.
    pub fn start(command: &[String], run: &Run<'_>) -> io::Result<Self> {
        let Run { project, url, compiler, for_programs } = *run;
        let [program, arguments @ ..] = command else { return Err(io::ErrorKind::NotFound.into()) };
        let packages = project.join("node_modules").join(".bin");
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths([packages].into_iter().chain(env::split_paths(&path)));
        // Packages' programs are scripts on Windows, which only its shell runs.
        let mut command = if cfg!(windows) {
            let mut command = Command::new("cmd");
            command.arg("/C").arg(program);
            command
        } else {
            Command::new(program)
        };
        command.args(arguments).current_dir(project).env("KONTRACT_URL", url).kill_on_drop(true);
        if let Ok(path) = path {
            command.env("PATH", path);
        }
        if let Some(compiler) = compiler {
            command.env("KONTRACT_COMPILER", compiler);
        }
        if for_programs {
            command.stdout(Stdio::from(io::stderr()));
        }
        command.spawn().map(Self)
    }

    /// Ends when it does. May be dropped before.
    pub async fn ended(&mut self) -> io::Result<ExitStatus> {
        self.0.wait().await
    }

    pub async fn stop(mut self) {
        self.ask_to_end();
        if timeout(PATIENCE, self.0.wait()).await.is_err() {
            let _ = self.0.kill().await;
        }
    }

    #[cfg(unix)]
    fn ask_to_end(&mut self) {
        use nix::{
            sys::signal::{Signal, kill},
            unistd::Pid,
        };
        if let Some(process) = self.0.id().and_then(|id| id.try_into().ok()) {
            let _ = kill(Pid::from_raw(process), Signal::SIGTERM);
        }
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) {
        let _ = self.0.start_kill();
    }
}

const PATIENCE: Duration = Duration::from_secs(3);
