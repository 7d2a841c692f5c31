//! `kontract build`

use std::{path::PathBuf, sync::Arc, time::Instant};

use clap::Args;
use serde_json::json;

use super::{Common, Locked, Outcome, absolute};
use crate::{
    config::Flags,
    diagnostic::{render::plural, write::not_written},
    files::{Disk, Files},
    model::diagnostic::Diagnostic,
    pipeline::{self, Build, write::Written},
};

#[derive(Debug, Args)]
pub struct BuildArguments {
    #[command(flatten)]
    common: Common,
    /// Write what the scan of the client files for server texts looked for
    #[arg(long, value_name = "file")]
    leak_report: Option<PathBuf>,
    /// Number of threads [default: one for each processor]
    #[arg(long, value_name = "n", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    #[command(flatten)]
    locked: Locked,
}

pub fn run(arguments: &BuildArguments) -> Outcome {
    let started = Instant::now();
    let mut terminal = arguments.common.terminal();
    let shared: Arc<dyn Files> = Arc::new(Disk);
    let files = &*shared;
    let flags = Flags {
        leak_report: arguments.leak_report.as_deref().map(absolute),
        threads: arguments.threads.map(usize::from),
        ..Flags::default()
    };
    let options = match arguments.common.options(files, &mut terminal, flags) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    let build = pipeline::build(&shared, &options);
    let (written, found) = pipeline::publish(files, &options, &build, arguments.locked.is_set());
    let Build { mut diagnostics, leaks, routes, modules, .. } = build;
    diagnostics.extend(found);
    if let Some(path) = &options.leak_report {
        let report = serde_json::to_string_pretty(&leaks).unwrap_or_default();
        if let Err(error) = files.write(path, format!("{report}\n").as_bytes()) {
            diagnostics.push(not_written(&path.to_string_lossy(), &error));
        }
    }
    let failed = diagnostics.iter().any(Diagnostic::is_error);
    let counts = terminal.diagnostics(files, &options.project, diagnostics);
    let time = started.elapsed().as_millis();
    terminal.summary(
        &if failed { String::new() } else { sentence(routes, modules, written, time) },
        &json!({
            "routes": routes,
            "modules": modules,
            "written": written.written,
            "unchanged": written.unchanged,
            "removed": written.removed,
            "errors": counts.errors,
            "warnings": counts.warnings,
            "milliseconds": u64::try_from(time).unwrap_or(u64::MAX),
        }),
    );
    terminal.finish(if failed { Outcome::Failure } else { Outcome::Success })
}

/// `Built 12 routes in 5 modules: 24 files written, 3 unchanged (41 ms)`
pub fn sentence(routes: usize, modules: usize, written: Written, milliseconds: u128) -> String {
    let none = if routes == 0 { "; no function is marked `@backend`" } else { "" };
    let routes = plural(routes, "route");
    let modules = plural(modules, "module");
    let mut files = vec![format!("{} written", plural(written.written, "file"))];
    if written.unchanged > 0 {
        files.push(format!("{} unchanged", written.unchanged));
    }
    if written.removed > 0 {
        files.push(format!("{} removed", written.removed));
    }
    format!("Built {routes} in {modules}: {} ({milliseconds} ms){none}", files.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_in_words() {
        let written = |written, unchanged, removed| Written { written, unchanged, removed };
        assert_eq!(
            sentence(12, 5, written(24, 3, 0), 41),
            "Built 12 routes in 5 modules: 24 files written, 3 unchanged (41 ms)"
        );
        assert_eq!(
            sentence(1, 1, written(1, 0, 2), 5),
            "Built 1 route in 1 module: 1 file written, 2 removed (5 ms)"
        );
    }
}
