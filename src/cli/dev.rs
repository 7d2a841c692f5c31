//! `kontract dev`

use std::{
    env,
    fmt::Write,
    net::IpAddr,
    path::Path,
    process::ExitStatus,
    time::{Duration, Instant},
};

use clap::Args;
use serde_json::{Value, json};
use tokio::runtime;

use super::{
    Common, Locked, Outcome,
    build::sentence,
    environment, log,
    signals::Signals,
    terminal::{Terminal, warn},
};
use crate::{
    config::{self, Flags},
    dev::{
        build::Build,
        event::{Event, Note},
        session::{Session, Settings},
    },
    diagnostic::render::plural,
    files::Disk,
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
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            warn(&format!("kontract: {error}"));
            return Outcome::Failure;
        }
    };
    let outcome = runtime.block_on(develop(settings, &mut terminal));
    // A build that still runs is of no use to anyone.
    runtime.shutdown_background();
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
    let mut report = |event: Event<'_>| show(terminal, event);
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
        () = insist(&mut signals) => {}
    }
    match ended {
        None => Outcome::Success,
        Some(Some(status)) => ended_as(status),
        Some(None) => Outcome::Failure,
    }
}

/// The wish to end at once. Package managers pass on a signal that the terminal has sent to all.
async fn insist(signals: &mut Signals) {
    let first = Instant::now();
    while first.elapsed() < SAME_WISH {
        signals.next().await;
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

fn show(terminal: &mut Terminal, event: Event<'_>) {
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
            show_build(terminal, build, project, is_serving);
        }
        Event::Schema { changes, time } => {
            let text = changes.iter().fold(
                format!("Database brought up to date ({})", milliseconds(time)),
                |text, change| format!("{text}\n  {change}"),
            );
            let object =
                json!({ "event": "schema", "changes": changes, "milliseconds": whole(time) });
            if !changes.is_empty() {
                terminal.part(&text, &object, false);
            }
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
        Event::NotServed(diagnostics, project) => {
            terminal.diagnostics(&Disk, project, diagnostics);
        }
        Event::Polling(reason) => {
            let text =
                format!("Changes are looked for in intervals: the system does not tell: {reason}");
            terminal.part(&text, &json!({ "event": "polling", "reason": reason }), false);
        }
        Event::Stopping => {
            terminal.part("Stopping", &json!({ "event": "stopping" }), false);
        }
    }
}

fn show_build(terminal: &mut Terminal, build: &Build, project: &Path, is_serving: bool) {
    let counts = terminal.diagnostics(&Disk, project, build.diagnostics.clone());
    let (name, text) = if build.is_good() {
        let time = build.time.as_millis();
        ("built", sentence(build.routes, build.modules, build.written, time))
    } else if is_serving {
        ("failed", "The last good build is served on; watching for changes".to_owned())
    } else {
        ("failed", "Nothing is served yet; watching for changes".to_owned())
    };
    let object = json!({
        "event": name,
        "routes": build.routes,
        "modules": build.modules,
        "errors": counts.errors,
        "warnings": counts.warnings,
        "milliseconds": whole(build.time),
    });
    terminal.part(&text, &object, false);
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

const MOST_ROUTES: usize = 20;
const SAME_WISH: Duration = Duration::from_secs(1);
