//! `kontract migrate merge`: the lock alone, without a build or a database.

use serde_json::json;

use crate::{
    cli::{Common, Outcome, terminal::Terminal},
    config::{Flags, Options},
    files::Disk,
    lock::{self, Lock},
    migrate::{self, Problem},
};

pub fn run(common: &Common) -> Outcome {
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let outcome = match merge(&mut terminal, &options) {
        Ok(()) => Outcome::Success,
        Err(problem) => {
            terminal.diagnostics(&Disk, &options.project, problem.diagnostics());
            Outcome::Failure
        }
    };
    terminal.finish(outcome)
}

fn merge(terminal: &mut Terminal, options: &Options) -> Result<(), Problem> {
    let resolved = lock::resolve(&Disk, options).map_err(Problem::Failed)?;
    if resolved {
        let object = json!({ "resolved": lock::NAME });
        terminal.part(&format!("Kept both sides of {}", lock::NAME), &object, false);
    }
    let (lock, wrong) = lock::read(&Disk, options);
    if !wrong.is_empty() {
        return Err(Problem::Refused(wrong));
    }
    if resolved && !migrate::has_branches(&lock.migrations)? {
        terminal.summary("There are no two branches of migrations", &json!({ "merge": null }));
        return Ok(());
    }
    let migrations = migrate::merge(&lock.migrations)?;
    let name = migrations.last().map_or_else(String::new, |link| link.name.clone());
    lock::write(&Disk, options, &Lock { migrations, ..lock }, false).map_err(Problem::Failed)?;
    terminal.summary(&format!("Joined by {name}"), &json!({ "merge": name }));
    Ok(())
}
