//! Steps of a task: announced, timed, and listed at the end.

use std::{
    collections::VecDeque,
    env,
    ffi::OsStr,
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    path::{Path, PathBuf},
    process::{Command, ExitCode, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Lines of a failed step that are printed again at the end, where no terminal keeps them in sight.
const LAST_LINES: usize = 120;
/// Lines that say what failed, and characters of each.
const TELLING_LINES: usize = 8;
const TELLING_WIDTH: usize = 150;

/// What begins the line of a test that passed only at its second try (`tests/flaky-reporter.ts`).
const FLAKY: &str = "flaky: ";

type Lines = Arc<Mutex<VecDeque<String>>>;

pub struct Steps {
    root: PathBuf,
    done: Vec<(String, Result<Duration, String>)>,
    /// What the failed steps printed last, with their names.
    failures: Vec<(String, Lines)>,
    flaky: Lines,
}

impl Steps {
    pub fn new() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."));
        Self {
            root: root.to_owned(),
            done: Vec::new(),
            failures: Vec::new(),
            flaky: Lines::default(),
        }
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
        let last = Lines::default();
        let status = if io::stdout().is_terminal() {
            command.status()
        } else {
            status_and_lines(command, &last, &self.flaky)
        };
        let result = match status {
            Ok(status) if status.success() => Ok(started.elapsed()),
            Ok(status) => Err(status.to_string()),
            Err(error) => {
                Err(format!("{} cannot be started: {error}", command.get_program().display()))
            }
        };
        match &result {
            Ok(time) => println!("── {name}: {:.1} s", time.as_secs_f64()),
            Err(error) => {
                println!("── {name} FAILED: {error}");
                print_telling(&last);
                self.failures.push((name.to_owned(), last));
            }
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
        // What cargo says of this crate to its process would have crates built again whose scripts
        // look at it.
        for (name, _) in env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
                command.env_remove(name);
            }
        }
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

    /// Lists the steps, then what failed: the little that tells why comes last, and between is
    /// nothing long, so that a log of which only a part is seen still has it.
    pub fn finish(&self) -> ExitCode {
        let total: Duration = self.done.iter().filter_map(|(_, result)| result.as_ref().ok()).sum();
        println!();
        for (name, result) in &self.done {
            match result {
                Ok(time) => println!("  ok      {:>7.1} s  {name}", time.as_secs_f64()),
                Err(error) => println!("  --                 {name}: {error}"),
            }
        }
        println!("          {:>7.1} s  together", total.as_secs_f64());
        if let Ok(flaky) = self.flaky.lock() {
            flaky.iter().for_each(|line| println!("  {line}"));
        }
        for (name, lines) in &self.failures {
            println!("\n── {name}; its last lines:");
            if let Ok(lines) = lines.lock() {
                lines.iter().for_each(|line| println!("{line}"));
            }
        }
        for (name, _) in self.done.iter().filter(|(_, result)| result.is_err()) {
            println!("\nFAILED: {name}");
            if let Some((_, lines)) = self.failures.iter().find(|(failed, _)| failed == name) {
                print_telling(lines);
            }
        }
        if self.done.iter().all(|(_, result)| result.is_ok()) {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn print_telling(lines: &Lines) {
    if let Ok(lines) = lines.lock() {
        telling(&lines).iter().for_each(|line| println!("  {line}"));
    }
}

/// The lines that name a failed test or an error, without their colours.
fn telling(lines: &VecDeque<String>) -> Vec<String> {
    let names = ["FAIL", "panicked"];
    let reasons = ["Error", "error", "expected", "Expected", "Received"];
    let mut found: Vec<String> = Vec::new();
    // A failed test's own output may be full of errors: names first.
    for marks in [&names[..], &reasons[..]] {
        for line in lines
            .iter()
            .filter(|line| !line.contains('✓') && !line.ends_with("... ok"))
            .filter(|line| marks.iter().any(|mark| line.contains(mark)))
        {
            let short: String = without_colours(line).trim().chars().take(TELLING_WIDTH).collect();
            if found.len() < TELLING_LINES && !found.contains(&short) {
                found.push(short);
            }
        }
    }
    found
}

fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

/// Runs a command and passes on what it prints; keeps the last lines, and those of flaky tests.
fn status_and_lines(command: &mut Command, last: &Lines, flaky: &Lines) -> io::Result<ExitStatus> {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let readers = [
        child.stdout.take().map(|from| pass_on(from, io::stdout(), last.clone(), flaky.clone())),
        child.stderr.take().map(|from| pass_on(from, io::stderr(), last.clone(), flaky.clone())),
    ];
    let status = child.wait()?;
    // A process that the step left running may hold its output open: no waiting for that one.
    let ended = Instant::now();
    while readers.iter().flatten().any(|reader| !reader.is_finished())
        && ended.elapsed() < Duration::from_secs(2)
    {
        thread::sleep(Duration::from_millis(5));
    }
    Ok(status)
}

fn pass_on(
    from: impl Read + Send + 'static,
    mut to: impl Write + Send + 'static,
    last: Lines,
    flaky: Lines,
) -> JoinHandle<()> {
    thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while matches!(lines.read_until(b'\n', &mut line), Ok(1..)) {
            // Nobody reads on: the command still has to end.
            let _ = to.write_all(&line).and_then(|()| to.flush());
            let text = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
            let (Ok(mut last), Ok(mut flaky)) = (last.lock(), flaky.lock()) else { return };
            if text.starts_with(FLAKY) {
                flaky.push_back(text.clone());
            }
            if last.len() == LAST_LINES {
                last.pop_front();
            }
            last.push_back(text);
            line.clear();
        }
    })
}
