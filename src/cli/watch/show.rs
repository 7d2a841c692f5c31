//! What is printed of a project that is watched: a line for each build, or objects.

use std::{io, path::PathBuf, process::ExitStatus, time::Duration};

use serde_json::{Value, json};

use crate::{
    cli::{build::sentence, said::Said, terminal::Terminal},
    diagnostic::render::plural,
    files::Disk,
    incremental::Outcome,
    model::{SourcePath, diagnostic::Diagnostic, place::Place},
    pipeline::write::Written,
    watch::requests::built,
};

pub struct Show<'a> {
    terminal: &'a mut Terminal,
    project: PathBuf,
    said: Said,
    /// The last build; None: there was none.
    last: Option<Last>,
    /// As they were told last.
    places: Vec<Place>,
    was_good_once: bool,
}

struct Last {
    is_good: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Show<'a> {
    pub fn new(terminal: &'a mut Terminal, project: PathBuf) -> Self {
        Self {
            terminal,
            project,
            said: Said::default(),
            last: None,
            places: Vec::new(),
            was_good_once: false,
        }
    }

    pub fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Nobody reads any more.
    pub fn is_broken(&self) -> bool {
        self.terminal.is_broken()
    }

    pub fn was_good_once(&self) -> bool {
        self.was_good_once
    }

    pub fn built(&mut self, outcome: Outcome) {
        let is_good = outcome.is_good();
        let before = self.last.replace(Last { is_good, diagnostics: outcome.diagnostics.clone() });
        self.was_good_once |= is_good;
        if !outcome.is_news(before.as_ref().map(|before| &*before.diagnostics)) {
            return;
        }
        let fixed = is_good && before.as_ref().is_some_and(|before| !before.is_good);
        if self.terminal.is_json() {
            self.print_object(outcome, fixed);
            return;
        }
        let errors = outcome.diagnostics.iter().filter(|found| found.is_error()).count();
        let news = self.said.news(&outcome.diagnostics);
        self.terminal.diagnostics(&Disk, &self.project, news);
        let text = if before.is_some() {
            line(&outcome.changed, &outcome.written, errors, fixed, outcome.time)
        } else if is_good {
            let time = outcome.time.as_millis();
            sentence(outcome.routes, outcome.modules, &outcome.written, time)
        } else {
            "Nothing was written".to_owned()
        };
        let text = if before.is_some() { text } else { format!("{text}; watching for changes") };
        self.terminal.part(&text, &Value::Null, false);
    }

    fn print_object(&mut self, outcome: Outcome, fixed: bool) {
        let mut object = built(&self.project, &outcome, fixed);
        let Outcome { places, .. } = outcome;
        if object["ok"] == true && places != self.places {
            object["modules"] = json!(places);
            self.places = places;
        }
        self.object(&object);
    }

    pub fn settled(&mut self, id: &Value) {
        let is_good = self.last.as_ref().is_some_and(|last| last.is_good);
        self.object(&json!({ "id": id, "event": "settled", "ok": is_good }));
    }

    pub fn object(&mut self, object: &Value) {
        self.terminal.part("", object, true);
    }

    pub fn polling(&mut self, reason: &Diagnostic) {
        self.terminal.polling(reason);
    }

    pub fn failed(&mut self, diagnostic: Diagnostic) {
        self.terminal.diagnostics(&Disk, &self.project, vec![diagnostic]);
    }

    pub fn command_started(&mut self, line: &str) {
        let object = json!({ "event": "command", "command": line, "state": "started" });
        self.terminal.part(&format!("Started `{line}`"), &object, false);
    }

    pub fn command_ended(&mut self, line: &str, status: io::Result<ExitStatus>) {
        let how = match &status {
            Ok(status) => status.to_string(),
            Err(error) => error.to_string(),
        };
        let code = status.ok().and_then(|status| status.code());
        let text = format!("`{line}` ended ({how}); it is started again when outputs change");
        let object = json!({ "event": "command", "command": line, "state": "ended", "code": code, "how": how });
        self.terminal.part(&text, &object, true);
    }

    pub fn stopping(&mut self) {
        self.terminal.part("Stopping", &json!({ "event": "stopping" }), false);
    }
}

/// `src/api.ts: 3 files written, 1 removed (5 ms)`
fn line(
    changed: &[SourcePath],
    written: &Written,
    errors: usize,
    fixed: bool,
    time: Duration,
) -> String {
    let mut what: Vec<String> =
        changed.iter().take(MOST_NAMES).map(|source| source.as_str().to_owned()).collect();
    if changed.len() > MOST_NAMES {
        what.push(format!("{} more", changed.len() - MOST_NAMES));
    }
    let what = if what.is_empty() { "Settings or packages".to_owned() } else { what.join(", ") };
    let mut result = Vec::new();
    if fixed {
        result.push("fixed".to_owned());
    }
    if errors > 0 {
        result.push(format!("{}, nothing written", plural(errors, "error")));
    } else {
        match (written.written.len(), written.removed.len()) {
            (0, 0) => result.push("outputs as before".to_owned()),
            (0, removed) => result.push(format!("{} removed", plural(removed, "file"))),
            (written, 0) => result.push(format!("{} written", plural(written, "file"))),
            (written, removed) => {
                result.push(format!("{} written, {removed} removed", plural(written, "file")));
            }
        }
    }
    format!("{what}: {} ({} ms)", result.join(", "), time.as_millis())
}

const MOST_NAMES: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_what_changed_and_what_came_of_it() {
        let paths = |count| vec![String::new(); count];
        let written = |written, removed| Written {
            written: paths(written),
            unchanged: 7,
            removed: paths(removed),
        };
        let sources = |names: &[&str]| names.iter().map(SourcePath::new).collect::<Vec<_>>();
        let time = Duration::from_millis(5);
        let one = sources(&["src/a.ts"]);
        assert_eq!(
            line(&one, &written(3, 1), 0, true, time),
            "src/a.ts: fixed, 3 files written, 1 removed (5 ms)"
        );
        assert_eq!(
            line(&one, &written(0, 0), 2, false, time),
            "src/a.ts: 2 errors, nothing written (5 ms)"
        );
        assert_eq!(
            line(&sources(&["a", "b", "c", "d", "e"]), &written(0, 0), 0, false, time),
            "a, b, c, 2 more: outputs as before (5 ms)"
        );
        assert_eq!(
            line(&[], &written(1, 0), 0, false, time),
            "Settings or packages: 1 file written (5 ms)"
        );
    }
}
