//! What a command prints, and where: diagnostics for people go to standard error, results and
//! everything of `--json` to standard output.
use std::{
    env,
    io::{self, IsTerminal, Write},
    path::Path,
};

use serde_json::{Value, json};

use super::Outcome;
use crate::{
    diagnostic::render::{Renderer, Style, count, sort},
    files::{Disk, Files},
    model::diagnostic::Diagnostic,
};

pub struct Terminal {
    json: bool,
    quiet: bool,
    style: Style,
    /// Standard output is closed or full; nothing more is printed.
    broken: Option<io::Error>,
}

pub struct Counts {
    pub errors: usize,
    pub warnings: usize,
}

impl Terminal {
    pub fn new(json: bool, quiet: bool) -> Self {
        let width = terminal_size::terminal_size_of(io::stderr())
            .map_or(DEFAULT_WIDTH, |(width, _)| usize::from(width.0).max(LEAST_WIDTH));
        Self { json, quiet, style: Style { color: wants_color(), width }, broken: None }
    }

    /// Prints for people alone, to standard error.
    pub fn tell(&self, text: &str) {
        if !self.json {
            warn(text);
        }
    }

    /// Nobody reads any more.
    pub fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether somebody may be reading.
    pub fn is_open(&self) -> bool {
        self.broken.is_none()
    }

    /// Prints all, sorted, and how many there are.
    pub fn diagnostics(
        &mut self,
        files: &dyn Files,
        project: &Path,
        diagnostics: Vec<Diagnostic>,
    ) -> Counts {
        let mut renderer = Renderer::new(files, project);
        let diagnostics = sort(diagnostics);
        for diagnostic in &diagnostics {
            if self.json {
                self.print(&renderer.json(diagnostic));
            } else {
                warn(&renderer.human(diagnostic, self.style));
            }
        }
        if !self.json {
            if let Some(prefix) = repository_prefix(project) {
                for diagnostic in &diagnostics {
                    self.print(&renderer.github(diagnostic, &prefix));
                }
            }
            if !diagnostics.is_empty() {
                warn(&count(&diagnostics));
            }
        }
        let errors = diagnostics.iter().filter(|found| found.is_error()).count();
        Counts { errors, warnings: diagnostics.len() - errors }
    }

    /// The result of a command: one sentence, or an object.
    pub fn summary(&mut self, sentence: &str, object: &Value) {
        if self.quiet {
            return;
        }
        if self.json {
            self.print(&json!({ "summary": object }).to_string());
        } else if !sentence.is_empty() {
            self.print(sentence);
        }
    }

    /// A part of the result: lines for people, or an object. `needed`: even where nothing but what
    /// is wrong is to be printed.
    pub fn part(&mut self, text: &str, object: &Value, needed: bool) {
        if self.json {
            self.print(&object.to_string());
        } else if needed || !self.quiet {
            self.print(text);
        }
    }

    /// The system does not tell of changes, for this reason.
    pub fn polling(&mut self, reason: &Diagnostic) {
        if self.json {
            let Diagnostic { message, help, .. } = reason;
            self.print(&json!({ "event": "polling", "reason": message, "help": help }).to_string());
        } else {
            self.diagnostics(&Disk, Path::new("/"), vec![reason.clone()]);
        }
    }

    /// A reader that has gone away (`kontract … | head`) is no failure; output that is lost in
    /// another way is one.
    pub fn finish(self, outcome: Outcome) -> Outcome {
        match self.broken {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                warn(&format!("kontract: the output cannot be printed: {error}"));
                if outcome == Outcome::Success { Outcome::Failure } else { outcome }
            }
            _ => outcome,
        }
    }

    fn print(&mut self, line: &str) {
        if self.broken.is_some() {
            return;
        }
        let mut stdout = io::stdout().lock();
        if let Err(error) = writeln!(stdout, "{line}").and_then(|()| stdout.flush()) {
            self.broken = Some(error);
        }
    }
}

/// To standard error. There is nowhere to report that this failed.
pub fn warn(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// `NO_COLOR` and `FORCE_COLOR` are the conventions of no-color.org and force-color.org.
fn wants_color() -> bool {
    let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    set("FORCE_COLOR")
        || (io::stderr().is_terminal() && env::var_os("TERM").is_none_or(|term| term != "dumb"))
}

/// On GitHub: the project's path in the repository, with a `/` at its end, or empty.
fn repository_prefix(project: &Path) -> Option<String> {
    if env::var_os("GITHUB_ACTIONS")? != "true" {
        return None;
    }
    let repository = env::var_os("GITHUB_WORKSPACE")?;
    let repository = std::fs::canonicalize(repository).ok()?;
    let inside = project.strip_prefix(repository).ok()?.to_string_lossy().replace('\\', "/");
    Some(if inside.is_empty() { inside } else { format!("{inside}/") })
}

const DEFAULT_WIDTH: usize = 100;
const LEAST_WIDTH: usize = 40;
