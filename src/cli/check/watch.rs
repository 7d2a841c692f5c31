//! `kontract check --watch`

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant, SystemTime},
};

use serde_json::json;

use super::{CheckArguments, examine};
use crate::{
    cli::{Outcome, terminal::Terminal},
    config::{Flags, Options},
    diagnostic::render::plural,
    files::{self, Disk},
    model::diagnostic::Diagnostic,
    watch::{changes::Changes, diagnostics::no_hints},
};

/// Checks the project whenever something has changed, until it is stopped or nobody reads what it
/// says.
pub fn run(arguments: &CheckArguments, terminal: &mut Terminal) -> Outcome {
    let mut options = match arguments.common.options(&Disk, terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return outcome,
    };
    let mut hints = Hints::new(terminal);
    let disk: Arc<dyn files::Files> = Arc::new(Disk);
    while terminal.is_open() {
        let before = Files::of(&options);
        hints.cover(&before, terminal);
        let begun = Instant::now();
        // With wrong settings the last ones say what to look at.
        if let Ok(fresh) = arguments.common.options(&Disk, terminal, Flags::default()) {
            options = fresh;
            let (_, found) = examine(&disk, &options, arguments);
            show(terminal, &options, found, begun);
        }
        hints.wait(&before, || Files::of(&options));
    }
    Outcome::Success
}

fn show(terminal: &mut Terminal, options: &Options, found: Vec<Diagnostic>, begun: Instant) {
    let counts = terminal.diagnostics(&Disk, &options.project, found);
    let time = begun.elapsed().as_millis();
    let result = match counts.errors {
        0 => "No errors".to_owned(),
        errors => plural(errors, "error"),
    };
    let object = json!({
        "event": "checked",
        "errors": counts.errors,
        "warnings": counts.warnings,
        "milliseconds": u64::try_from(time).unwrap_or(u64::MAX),
    });
    terminal.part(&format!("{result} ({time} ms); watching for changes"), &object, false);
}

/// The files of a project, packages and outputs aside, and when they were written.
#[derive(PartialEq, Eq)]
struct Files {
    folders: BTreeSet<PathBuf>,
    files: BTreeMap<PathBuf, (Option<SystemTime>, u64)>,
}

impl Files {
    fn of(options: &Options) -> Self {
        let mut found = Self { folders: BTreeSet::new(), files: BTreeMap::new() };
        found.walk(&options.project, &options.out_folder());
        found
    }

    fn walk(&mut self, folder: &Path, out: &Path) {
        let mut left = vec![folder.to_owned()];
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let (path, name) = (entry.path(), entry.file_name());
                let is_hidden = name.as_encoded_bytes().starts_with(b".");
                let Ok(metadata) = entry.metadata() else { continue };
                if !metadata.is_dir() {
                    let stamp = (metadata.modified().ok(), metadata.len());
                    self.files.insert(path, stamp);
                } else if !is_hidden && name != "node_modules" && path != out {
                    left.push(path);
                }
            }
            self.folders.insert(folder);
        }
    }
}

/// Tells when it is time to look.
struct Hints {
    told: Receiver<notify::Result<notify::Event>>,
    /// None: there will be no hints.
    changes: Option<Changes>,
}

impl Hints {
    fn new(terminal: &mut Terminal) -> Self {
        let (sender, told) = channel();
        let changes = Changes::listen(sender, |told| told);
        let changes = changes.map_err(|error| terminal.polling(&no_hints(&error))).ok();
        Self { told, changes }
    }

    fn cover(&mut self, files: &Files, terminal: &mut Terminal) {
        let Some(changes) = &mut self.changes else { return };
        if let Err(error) = changes.cover(files.folders.clone()) {
            terminal.polling(&no_hints(&error));
            self.changes = None;
        }
    }

    /// Ends when the files are others than before.
    fn wait(&mut self, before: &Files, now: impl Fn() -> Files) {
        while now() == *before {
            let Some(changes) = &mut self.changes else {
                std::thread::sleep(INTERVAL);
                continue;
            };
            let mut patience = LONGEST_WAIT;
            loop {
                match self.told.recv_timeout(patience) {
                    Ok(told) => changes.note(told),
                    Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
                patience = QUIET;
            }
            changes.take();
        }
    }
}

const INTERVAL: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Editors empty a file before they fill it.
const QUIET: Duration = Duration::from_millis(30);
