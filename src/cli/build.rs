//! `kontract build`

use std::{path::PathBuf, time::Instant};

use clap::Args;
use serde_json::json;

use super::{Common, Locked, absolute};
use crate::{
    config::Flags,
    diagnostic::{render::plural, write::not_written},
    files::{Disk, Files},
    incremental::{Outcome, Session, Settings},
    model::diagnostic::Diagnostic,
    pipeline::write::Written,
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
    /// Leave server code as it is: no pass of the optimizer
    #[arg(long)]
    no_optimize: bool,
    /// Build all anew, and leave nothing in `node_modules/.kontract` for the next build
    #[arg(long)]
    no_cache: bool,
    #[command(flatten)]
    locked: Locked,
}

pub fn run(arguments: &BuildArguments) -> super::Outcome {
    let started = Instant::now();
    let mut terminal = arguments.common.terminal();
    let files = &Disk;
    let flags = Flags {
        leak_report: arguments.leak_report.as_deref().map(absolute),
        threads: arguments.threads.map(usize::from),
        optimize: !arguments.no_optimize,
        ..Flags::default()
    };
    let placed = arguments.common.place(flags.clone());
    let options = arguments.common.options(files, &mut terminal, flags);
    let (options, (start, flags)) = match (options, placed) {
        (Ok(options), Ok(placed)) => (options, placed),
        (Err(outcome), _) | (_, Err(outcome)) => return terminal.finish(outcome),
    };
    let settings = Settings {
        start,
        flags,
        locked: arguments.locked.is_set(),
        cache: !arguments.no_cache,
        places: false,
        serves: false,
    };
    let mut session = Session::open(settings);
    let Outcome { mut diagnostics, routes, modules, written, leaks, work, .. } =
        session.build(None);
    session.rest();
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
        &if failed { String::new() } else { sentence(routes, modules, &written, time) },
        &json!({
            "routes": routes,
            "modules": modules,
            "written": written.written.len(),
            "unchanged": written.unchanged,
            "removed": written.removed.len(),
            "read": work.read,
            "extracted": work.extracted,
            "printed": work.printed,
            "errors": counts.errors,
            "warnings": counts.warnings,
            "milliseconds": u64::try_from(time).unwrap_or(u64::MAX),
        }),
    );
    terminal.finish(if failed { super::Outcome::Failure } else { super::Outcome::Success })
}

/// `Built 12 routes in 5 modules: 24 files written, 3 unchanged (41 ms)`
pub fn sentence(routes: usize, modules: usize, written: &Written, milliseconds: u128) -> String {
    let none = if routes == 0 { "; no function is marked `@backend`" } else { "" };
    let routes = plural(routes, "route");
    let modules = plural(modules, "module");
    let mut files = vec![format!("{} written", plural(written.written.len(), "file"))];
    if written.unchanged > 0 {
        files.push(format!("{} unchanged", written.unchanged));
    }
    if !written.removed.is_empty() {
        files.push(format!("{} removed", written.removed.len()));
    }
    format!("Built {routes} in {modules}: {} ({milliseconds} ms){none}", files.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_counts_in_words() {
        let paths = |count| vec![String::new(); count];
        let written = |written, unchanged, removed| Written {
            written: paths(written),
            unchanged,
            removed: paths(removed),
        };
        assert_eq!(
            sentence(12, 5, &written(24, 3, 0), 41),
            "Built 12 routes in 5 modules: 24 files written, 3 unchanged (41 ms)"
        );
        assert_eq!(
            sentence(1, 1, &written(1, 0, 2), 5),
            "Built 1 route in 1 module: 1 file written, 2 removed (5 ms)"
        );
    }
}
