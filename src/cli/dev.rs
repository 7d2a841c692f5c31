//! `kontract dev`

use std::{env, fmt::Write, net::IpAddr, path::Path, process::ExitStatus, time::Duration};

use clap::Args;
use serde_json::{Value, json};

use super::{
    Common, Locked, Outcome,
    build::sentence,
    environment, log,
    said::Said,
    signals::Signals,
    terminal::{Terminal, warn},
    wait_for,
};
use crate::{
    config::{self, Flags},
    dev::{
        event::{Event, Note},
        session::{Session, Settings},
    },
    diagnostic::render::plural,
    files::Disk,
    incremental,
};

#[derive(Debug, Args)]
pub struct DevArguments {
    #[command(flatten)]
    common: Common,
    /// Port to listen on; 0 for any that is free [default: 8787]
    #[arg(long, value_name = "number")]
    port: Option<u16>,
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long, value_name = "address")]
    host: Option<IpAddr>,
    /// Look for changes in intervals, where the system does not tell of them
    #[arg(long)]
    poll: bool,
    #[command(flatten)]
    locked: Locked,
    /// Command to run while the application is served, such as `vite`
    #[arg(last = true, value_name = "command")]
    command: Vec<String>,
}

pub fn run(arguments: &DevArguments) -> Outcome {
    let common = &arguments.common;
    let mut terminal = common.terminal();
    let settings = match settings(arguments) {
        Ok(settings) => settings,
        Err(outcome) => return outcome,
    };
    log::install(common.json);
    let outcome = wait_for(develop(settings, &mut terminal));
    terminal.finish(outcome)
}

async fn develop(settings: Settings, terminal: &mut Terminal) -> Outcome {
    let project = match config::find(&Disk, &settings.start, &settings.flags) {
        Ok(project) => project.folder,
        Err(diagnostics) => {
            terminal.diagnostics(&Disk, &settings.start, diagnostics);
            return Outcome::Usage;
        }
    };
    let mut signals = match Signals::listen() {
        Ok(signals) => signals,
        Err(error) => {
            warn(&format!("kontract: {error}"));
            return Outcome::Failure;
        }
    };
    let mut said = Said::default();
    let mut report = |event: Event<'_>| show(terminal, &mut said, event);
    let mut session = match Session::new(settings, project.clone(), &mut report) {
        Ok(session) => session,
        Err(diagnostic) => {
            terminal.diagnostics(&Disk, &project, vec![diagnostic]);
            return Outcome::Failure;
        }
    };
    let ended = tokio::select! {
        ended = session.run() => Some(ended),
        () = signals.next() => None,
    };
    tokio::select! {
        () = session.stop() => {}
        () = signals.insist() => {}
    }
    match ended {
        None => Outcome::Success,
        Some(Some(status)) => ended_as(status),
        Some(None) => Outcome::Failure,
    }
}

fn settings(arguments: &DevArguments) -> Result<Settings, Outcome> {
    let common = &arguments.common;
    let current = env::current_dir().map_err(|error| {
        warn(&format!("kontract: the current folder cannot be read: {error}"));
        Outcome::Usage
    })?;
    Ok(Settings {
        start: current.join(&common.folder),
        flags: Flags {
            config: common.config.as_deref().map(|path| current.join(path)),
            out: common.out.clone(),
            development: true,
            ..Flags::default()
        },
        locked: arguments.locked.is_set(),
        port: arguments.port,
        host: arguments.host,
        poll: arguments.poll,
        command: arguments.command.clone(),
        json: common.json,
        environment: environment::read(),
    })
}

fn show(terminal: &mut Terminal, said: &mut Said, event: Event<'_>) {
    match event {
        Event::Database { version, programs, notes, time } => {
            let mut text = format!("PostgreSQL {version} started ({})", milliseconds(time));
            for note in notes {
                let _ = write!(text, "\n  {}", explain(note));
            }
            let object = json!({
                "event": "database",
                "version": version,
                "programs": programs,
                "notes": notes.iter().map(explain).collect::<Vec<_>>(),
                "milliseconds": whole(time),
            });
            terminal.part(&text, &object, false);
        }
        Event::DatabaseEnded(reason) => {
            let text = format!("PostgreSQL ended, and is started again: {}", reason.message);
            let object = json!({ "event": "database-ended", "reason": reason.message });
            terminal.part(&text, &object, true);
        }
        Event::Built { build, project, is_serving } => {
            show_build(terminal, said, build, project, is_serving);
        }
        Event::Schema { migrations, changes, time } => {
            if migrations.is_empty() && changes.is_empty() {
                return;
            }
            let mut text = format!("Database brought up to date ({})", milliseconds(time));
            for name in migrations {
                let _ = write!(text, "\n  run the migration {name}");
            }
            for change in changes {
                let _ = write!(text, "\n  {change}");
            }
            let object = json!({
                "event": "schema", "migrations": migrations, "changes": changes,
                "milliseconds": whole(time),
            });
            terminal.part(&text, &object, false);
        }
        Event::Waiting(diagnostics, project) => {
            terminal.diagnostics(&Disk, project, diagnostics);
        }
        Event::Ready { url, routes, time } => {
            let mut text = String::new();
            for route in routes.iter().take(MOST_ROUTES) {
                let _ = writeln!(text, "  POST {url}/rpc/{route}");
            }
            if routes.len() > MOST_ROUTES {
                let _ = writeln!(text, "  and {} more", routes.len() - MOST_ROUTES);
            }
            let _ = write!(text, "Ready at {url} ({})", milliseconds(time));
            let object = json!({
                "event": "ready", "url": url, "routes": routes, "milliseconds": whole(time),
            });
            terminal.part(&text, &object, false);
        }
        Event::Reloaded { routes, time } => {
            let text =
                format!("Serving {} ({})", plural(routes.len(), "route"), milliseconds(time));
            let object = json!({
                "event": "reloaded", "routes": routes, "milliseconds": whole(time),
            });
            terminal.part(&text, &object, false);
        }
        Event::NotServed { diagnostics, project, is_serving } => {
            terminal.diagnostics(&Disk, project, diagnostics);
            let object = json!({ "event": "not-served", "serving": is_serving });
            let text = format!("Not served: {}", served_instead(is_serving));
            terminal.part(&text, &object, true);
        }
        Event::Failed(diagnostic, project) => {
            terminal.diagnostics(&Disk, project, vec![diagnostic]);
        }
        Event::Polling(reason) => terminal.polling(reason),
        Event::Stopping => {
            terminal.part("Stopping", &json!({ "event": "stopping" }), false);
        }
    }
}

fn show_build(
    terminal: &mut Terminal,
    said: &mut Said,
    build: &incremental::Outcome,
    project: &Path,
    is_serving: bool,
) {
    // Programs are told all of it.
    let news = said.news(&build.diagnostics);
    let told = if terminal.is_json() { build.diagnostics.clone() } else { news };
    terminal.diagnostics(&Disk, project, told);
    let errors = build.diagnostics.iter().filter(|found| found.is_error()).count();
    let (name, text) = if build.is_good() {
        let time = build.time.as_millis();
        ("built", sentence(build.routes, build.modules, &build.written, time))
    } else {
        ("failed", format!("{}: {}", plural(errors, "error"), served_instead(is_serving)))
    };
    let object = json!({
        "event": name,
        "routes": build.routes,
        "modules": build.modules,
        "errors": errors,
        "warnings": build.diagnostics.len() - errors,
        "milliseconds": whole(build.time),
    });
    terminal.part(&text, &object, false);
}

fn served_instead(is_serving: bool) -> &'static str {
    if is_serving {
        "the last good build is served on; watching for changes"
    } else {
        "nothing is served yet; watching for changes"
    }
}

fn explain(note: &Note) -> String {
    match note {
        Note::Created => "a new database was made".to_owned(),
        Note::StoppedLeftover => {
            "a server that was left behind by an earlier run was stopped".to_owned()
        }
        Note::Elsewhere(folder) => format!(
            "it lies in {}, since root's folders cannot be reached by PostgreSQL",
            folder.display()
        ),
    }
}

/// Signals are told as shells do.
fn ended_as(status: ExitStatus) -> Outcome {
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal: Option<i32> = None;
    let code = status.code().or(signal.map(|signal| 128 + signal)).unwrap_or(1);
    Outcome::OfCommand(u8::try_from(code).unwrap_or(1))
}

fn milliseconds(time: Duration) -> String {
    format!("{} ms", time.as_millis())
}

fn whole(time: Duration) -> Value {
    json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

pub const EXAMPLES: &str = "\
Examples:
  kontract dev                  serve the project of the current folder at http://127.0.0.1:8787
  kontract dev --port 0 --json  on any free port, told to another program
  kontract dev -- vite          run Vite beside it, with the address in KONTRACT_URL
  DATABASE_URL=postgresql://me:secret@localhost/shop kontract dev
                                use a running PostgreSQL

Ctrl-C stops everything that was started; a second one does not wait. Remove .kontract/dev to begin
with an empty database.

Exit codes:
  0  asked to end    1  PostgreSQL or the gateway cannot be started    2  wrong arguments or
  configuration; with a command after `--`, the command's own";

const MOST_ROUTES: usize = 20;
