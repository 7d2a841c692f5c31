//! Steps of a task: announced, timed, and listed at the end.

use std::{
    env,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
    time::{Duration, Instant},
};

pub struct Steps {
    root: PathBuf,
    done: Vec<(String, Result<Duration, String>)>,
}

impl Steps {
    pub fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
        Self { root: root.to_owned(), done: Vec::new() }
    }

    /// A path of the repository.
    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// Cargo's output folder.
    pub fn target(&self) -> PathBuf {
        self.root.join(env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
    }

    /// Where cargo puts `kontract`.
    pub fn compiler(&self, profile: &str) -> PathBuf {
        self.target().join(profile).join(format!("kontract{}", env::consts::EXE_SUFFIX))
    }

    /// An example of the runtime, which `cargo test` builds.
    pub fn example(&self, name: &str) -> PathBuf {
        self.target().join("debug/examples").join(format!("{name}{}", env::consts::EXE_SUFFIX))
    }

    /// Returns whether the command succeeded.
    pub fn run(&mut self, name: &str, command: &mut Command) -> bool {
        println!("\n── {name}");
        let started = Instant::now();
        let result = match command.status() {
            Ok(status) if status.success() => Ok(started.elapsed()),
            Ok(status) => Err(status.to_string()),
            Err(error) => {
                Err(format!("{} cannot be started: {error}", command.get_program().display()))
            }
        };
        match &result {
            Ok(time) => println!("── {name}: {:.1} s", time.as_secs_f64()),
            Err(error) => println!("── {name} FAILED: {error}"),
        }
        let succeeded = result.is_ok();
        self.done.push((name.to_owned(), result));
        succeeded
    }

    /// A step that this process did by itself; only a failure is worth a line. Returns whether it
    /// succeeded.
    pub fn result(&mut self, name: &str, result: &io::Result<()>) -> bool {
        if let Err(error) = result {
            self.fail(name, &error.to_string());
        }
        result.is_ok()
    }

    /// A step that cannot even begin.
    pub fn fail(&mut self, name: &str, reason: &str) {
        println!("\n── {name} FAILED: {reason}");
        self.done.push((name.to_owned(), Err(reason.to_owned())));
    }

    pub fn cargo<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Command {
        let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// `npm` in a folder of the repository.
    pub fn npm(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" });
        command.args(arguments).current_dir(self.path(folder));
        command
    }

    /// Installs what a folder's lock file names. Without a lock file this fails: what would be
    /// tested would depend on the day.
    pub fn install(&mut self, folder: &str, arguments: &[&str]) -> bool {
        let name = format!("npm ci in {folder}");
        if !self.path(folder).join("package-lock.json").is_file() {
            let missing = if self.path(folder).is_dir() { "package-lock.json" } else { "folder" };
            self.fail(&name, &format!("the {missing} is missing"));
            return false;
        }
        let mut command = self.npm(folder, &["ci", "--no-audit", "--no-fund"]);
        command.args(arguments);
        self.run(&name, &mut command)
    }

    pub fn finish(&self) -> ExitCode {
        let total: Duration = self.done.iter().filter_map(|(_, result)| result.as_ref().ok()).sum();
        println!();
        for (name, result) in &self.done {
            match result {
                Ok(time) => println!("  ok      {:>7.1} s  {name}", time.as_secs_f64()),
                Err(error) => println!("  FAILED             {name}: {error}"),
            }
        }
        println!("          {:>7.1} s  together", total.as_secs_f64());
        if self.done.iter().all(|(_, result)| result.is_ok()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}
