//! `kontract check`

mod watch;

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use serde_json::{Value, json};

use super::{Common, Locked, Outcome, absolute, terminal::Terminal};
use crate::{
    check::{self, Contract, Direction, Fate, RouteReport, Verdict},
    config::{Flags, Options},
    diagnostic::render::plural,
    files::{Disk, Files},
    lock,
    model::{SourcePath, diagnostic::Diagnostic},
    pipeline, typecheck,
};

#[derive(Debug, Args)]
pub struct CheckArguments {
    #[command(flatten)]
    common: Common,
    /// Compare with this build's contract: which of its clients can be served?
    #[arg(long, value_name = "manifest.json")]
    against: Option<PathBuf>,
    /// Record in kontract.lock.json that the version of `--against` is in use
    #[arg(long, requires = "against")]
    release: bool,
    /// Check again whenever something changes
    #[arg(long, conflicts_with = "against")]
    watch: bool,
    /// Leave types to others: `tsc`, say, which reads all of the plain spelling
    #[arg(long, conflicts_with = "against")]
    no_types: bool,
    #[command(flatten)]
    locked: Locked,
}

impl CheckArguments {
    fn wants_types(&self) -> bool {
        self.against.is_none() && !self.no_types
    }
}

pub fn run(arguments: &CheckArguments) -> Outcome {
    let mut terminal = arguments.common.terminal();
    if arguments.watch {
        let outcome = watch::run(arguments, &mut terminal);
        return terminal.finish(outcome);
    }
    let shared: Arc<dyn Files> = Arc::new(Disk);
    let files = &*shared;
    let options = match arguments.common.options(files, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let (reports, diagnostics) = examine(&shared, &options, arguments);
    let errors = diagnostics.iter().any(Diagnostic::is_error);
    let not_there = diagnostics.iter().any(|found| found.code == check::UNREADABLE);
    let counts = terminal.diagnostics(files, &options.project, diagnostics);
    let count = |fate| reports.iter().filter(|report| report.fate == fate).count();
    let breaking = count(Fate::Changed(Verdict::Breaking));
    if !errors {
        print(&mut terminal, &reports, arguments.common.json);
    }
    let sentence = match &arguments.against {
        _ if errors => String::new(),
        None => "No errors".to_owned(),
        Some(_) if breaking == 0 => "Every client of that version can be served".to_owned(),
        Some(_) => format!("Clients of that version are refused by {}", plural(breaking, "route")),
    };
    terminal.summary(
        &sentence,
        &json!({
            "breaking": breaking,
            "defaults": count(Fate::Changed(Verdict::Defaults)),
            "compatible": count(Fate::Changed(Verdict::Compatible)),
            "unchanged": count(Fate::Unchanged),
            "new": count(Fate::New),
            "errors": counts.errors,
            "warnings": counts.warnings,
        }),
    );
    terminal.finish(match errors || breaking > 0 {
        _ if not_there => Outcome::Usage,
        true => Outcome::Failure,
        false => Outcome::Success,
    })
}

/// Checks the project, compares it with the other build, and records that one where it is asked
/// for.
fn examine(
    files: &Arc<dyn Files>,
    options: &Options,
    arguments: &CheckArguments,
) -> (Vec<RouteReport>, Vec<Diagnostic>) {
    let (program, build) = pipeline::build_with_program(files, options);
    let files = &**files;
    let mut diagnostics = build.diagnostics.clone();
    if diagnostics.iter().any(Diagnostic::is_error) {
        return (Vec::new(), diagnostics);
    }
    if arguments.locked.is_set() {
        diagnostics.extend(lock::write(files, options, &build.lock, true).err());
    }
    if arguments.wants_types() {
        diagnostics.extend(typecheck::check(files, options, &program, &build));
    }
    let outputs = build.outputs;
    let Some(against) = &arguments.against else { return (Vec::new(), diagnostics) };
    let path = absolute(against);
    let manifest = outputs.iter().find(|output| output.path == "manifest.json");
    let new = manifest.map_or("", |manifest| &manifest.text);
    let contracts = check::read(files, &path, &options.source_path(&path)).and_then(|old| {
        Ok((old, check::parse(new, &SourcePath::new(format!("{}/manifest.json", options.out)))?))
    });
    let (old, new) = match contracts {
        Ok(contracts) => contracts,
        Err(diagnostic) => {
            diagnostics.push(diagnostic);
            return (Vec::new(), diagnostics);
        }
    };
    if arguments.release && !diagnostics.iter().any(Diagnostic::is_error) {
        diagnostics.extend(release(files, options, &old));
    }
    (check::compare(&old, &new), diagnostics)
}

/// Only what was released is added: ids come from builds.
fn release(files: &dyn Files, options: &Options, contract: &Contract) -> Vec<Diagnostic> {
    let (mut lock, mut diagnostics) = lock::read(files, options);
    if diagnostics.is_empty() {
        lock.release(&contract.wire, |route| Some(contract.routes.get(route)?.abi.clone()));
        diagnostics.extend(lock::write(files, options, &lock, false).err());
    }
    diagnostics
}

fn print(terminal: &mut Terminal, reports: &[RouteReport], json: bool) {
    if json {
        for report in reports {
            terminal.part("", &object(report), false);
        }
        return;
    }
    for (fate, title) in TITLES {
        let routes: Vec<&RouteReport> = reports.iter().filter(|r| r.fate == fate).collect();
        if routes.is_empty() {
            continue;
        }
        let mut lines = vec![title.to_owned()];
        for report in routes {
            lines.push(format!("  {}", report.route));
            lines.extend(report.changes.iter().map(|change| format!("    {}", change.text())));
        }
        let needed = fate == Fate::Changed(Verdict::Breaking);
        terminal.part(&lines.join("\n"), &Value::Null, needed);
    }
}

fn object(report: &RouteReport) -> Value {
    let changes: Vec<Value> = report
        .changes
        .iter()
        .map(|change| {
            let place = match change.direction {
                Some(Direction::Request) => "request",
                Some(Direction::Response) => "response",
                None => "route",
            };
            json!({
                "in": place,
                "path": change.path,
                "verdict": verdict(change.verdict),
                "message": change.message,
            })
        })
        .collect();
    let fate = match report.fate {
        Fate::Unchanged => "unchanged",
        Fate::New => "new",
        Fate::Changed(found) => verdict(found),
    };
    json!({ "route": report.route, "verdict": fate, "changes": changes })
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compatible => "compatible",
        Verdict::Defaults => "defaults",
        Verdict::Breaking => "breaking",
    }
}

const TITLES: [(Fate, &str); 5] = [
    (Fate::Changed(Verdict::Breaking), "Breaking"),
    (Fate::Changed(Verdict::Defaults), "Compatible with defaults"),
    (Fate::Changed(Verdict::Compatible), "Compatible"),
    (Fate::New, "New"),
    (Fate::Unchanged, "Unchanged"),
];
