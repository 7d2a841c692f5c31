//! `kontract migrate merge`: the lock alone, without a build or a database.

use serde_json::json;

use crate::{
    cli::{Common, Outcome, terminal::Terminal},
    config::{Flags, Options},
    files::Disk,
    lock::{self, Lock},
    migrate::{self, Problem},
};

pub fn run(common: &Common, dry_run: bool) -> Outcome {
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let outcome = match merge(&mut terminal, &options, dry_run) {
        Ok(()) => Outcome::Success,
        Err(problem) => {
            terminal.diagnostics(&Disk, &options.project, problem.diagnostics());
            Outcome::Failure
        }
    };
    terminal.finish(outcome)
}

fn merge(terminal: &mut Terminal, options: &Options, dry_run: bool) -> Result<(), Problem> {
    let resolved = lock::resolved(&Disk, options).map_err(Problem::Failed)?;
    let is_resolved = resolved.is_some();
    let lock = if let Some(lock) = resolved {
        lock
    } else {
        let (lock, wrong) = lock::read(&Disk, options);
        if !wrong.is_empty() {
            return Err(Problem::Refused(wrong));
        }
        lock
    };
    if is_resolved {
        if !dry_run {
            lock::replace(&Disk, options, &lock).map_err(Problem::Failed)?;
        }
        let sides = if dry_run { "Both sides would be kept" } else { "Kept both sides" };
        let object = json!({ "resolved": lock::NAME, "dryRun": dry_run });
        terminal.part(&format!("{sides} of {}", lock::NAME), &object, false);
    }
    if is_resolved && !migrate::has_branches(&lock.migrations)? {
        terminal.summary(
            "There are no two branches of migrations",
            &json!({ "merge": null, "dryRun": dry_run }),
        );
        return Ok(());
    }
    let migrations = migrate::merge(&lock.migrations)?;
    let name = migrations.last().map_or_else(String::new, |link| link.name.clone());
    let joined = if dry_run { "Would be joined" } else { "Joined" };
    if !dry_run {
        lock::write(&Disk, options, &Lock { migrations, ..lock }, false)
            .map_err(Problem::Failed)?;
    }
    let object = json!({ "merge": name, "dryRun": dry_run });
    terminal.summary(&format!("{joined} by {name}"), &object);
    Ok(())
}
