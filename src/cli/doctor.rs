//! `kontract doctor`

use std::time::SystemTime;

use clap::Args;
use serde_json::json;

use super::{
    Outcome, environment,
    operator::{At, operate, wait},
    terminal::Terminal,
};
use crate::{
    config::Flags,
    diagnostic::render::plural,
    doctor::{self, Patient, Report, ids, privileges::Verdict},
    files::Disk,
    model::SourcePath,
};

#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Only list what the gateway's role may do in the database, and fail if that is too much
    #[arg(long)]
    privileges: bool,
    /// Give rows of a restored database transaction ids that this server has had
    #[arg(long, conflicts_with = "privileges")]
    repair_ids: bool,
    #[command(flatten)]
    at: At,
}

pub fn run(arguments: &DoctorArguments) -> Outcome {
    if arguments.repair_ids {
        return repair(arguments);
    }
    let common = arguments.at.common();
    let mut terminal = common.terminal();
    let options = match common.options(&Disk, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let environment = environment::read();
    let patient = Patient {
        options: &options,
        environment: &environment,
        files: &Disk,
        now: SystemTime::now,
    };
    let report = wait(async {
        Ok(if arguments.privileges {
            doctor::examine_privileges(&patient).await
        } else {
            doctor::examine(&patient).await
        })
    });
    let report = report.unwrap_or_else(|findings| Report { findings, ..Report::default() });
    if arguments.privileges {
        list(&mut terminal, &report);
    }
    let Report { mut findings, passed, .. } = report;
    // By severity, wherever it was found.
    findings.iter_mut().for_each(|finding| finding.file = SourcePath::new(""));
    let counts = terminal.diagnostics(&Disk, &options.project, findings);
    for sentence in &passed {
        terminal.part(&format!("  ok  {sentence}"), &json!({ "passed": sentence }), false);
    }
    let sentence = match (counts.errors, counts.warnings) {
        (0, 0) => "All is well".to_owned(),
        (0, warnings) => format!("It can be served, with {}", plural(warnings, "warning")),
        (errors, _) => format!("{} to be mended", plural(errors, "error")),
    };
    let summary =
        json!({ "errors": counts.errors, "warnings": counts.warnings, "passed": passed.len() });
    terminal.summary(&sentence, &summary);
    terminal.finish(if counts.errors == 0 { Outcome::Success } else { Outcome::Failure })
}

fn repair(arguments: &DoctorArguments) -> Outcome {
    operate(
        &arguments.at,
        async |client: &mut _| ids::repair(client).await,
        |terminal, rows| {
            let count = plural(usize::try_from(rows).unwrap_or(usize::MAX), "row");
            terminal.summary(&format!("Gave {count} an id of now"), &json!({ "rows": rows }));
        },
    )
}

fn list(terminal: &mut Terminal, report: &Report) {
    for reached in &report.reach {
        let (mark, verdict) = match reached.verdict {
            Verdict::Claimed => ("  ", "claimed"),
            Verdict::Default => ("· ", "default"),
            Verdict::More => ("! ", "more"),
        };
        let text = format!("{mark}{:14}  {}: {}", reached.kind, reached.object, reached.rights);
        let object = json!({
            "kind": reached.kind,
            "object": reached.object,
            "rights": reached.rights,
            "verdict": verdict,
        });
        terminal.part(&text, &object, true);
    }
}

pub const EXAMPLES: &str = "\
Examples:
  kontract doctor               examine environment, database and schema
  kontract doctor --privileges  list what the gateway's role reaches: two tables and functions
  kontract doctor --json        findings as one object a line

Environment:
  DATABASE_URL          the database, as the role of the gateway
  KONTRACT_MIGRATE_URL  the same, as the role that migrates, which sees more; may be left out
  KONTRACT_SECRET       what sessions are made with
Without them the database that `kontract dev` runs is examined.

Exit codes:
  0  it can be served    1  it cannot, or the gateway's role may do more than is claimed
  2  wrong arguments or configuration";
