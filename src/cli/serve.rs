//! `kontract serve`

use std::{env, net::IpAddr};

use clap::Args;
use kontract_runtime::{
    config::{self, Config, Secret},
    gateway::Gateway,
};
use serde_json::json;
use tokio::runtime;

use super::{Common, Outcome, log, signals::Signals, successor, terminal::warn};
use crate::{
    config::{Flags, Options},
    files::{Disk, Files},
    migrate::{self, Problem, State},
    model::diagnostic::Diagnostic,
};

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    common: Common,
    /// Port to listen on; 0 for any that is free [default: 8787]
    #[arg(long, value_name = "number")]
    port: Option<u16>,
    /// Address to listen on; 0.0.0.0 for all of this machine's [default: 127.0.0.1]
    #[arg(long, value_name = "address")]
    host: Option<IpAddr>,
}

pub fn run(arguments: &ServeArguments) -> Outcome {
    // The allocator would fill huge pages of which an idle gateway needs little. It works without.
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
    let mut terminal = arguments.common.terminal();
    let files = Disk;
    let mut options = match arguments.common.options(&files, &mut terminal, Flags::default()) {
        Ok(options) => options,
        Err(outcome) => return terminal.finish(outcome),
    };
    options.serving.port = arguments.port.unwrap_or(options.serving.port);
    options.serving.host = arguments.host.unwrap_or(options.serving.host);
    log::install(arguments.common.json);
    let config = match configure(&options) {
        Ok(config) => config,
        Err(reason) => return refuse(&reason),
    };
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&error.to_string()),
    };
    runtime.block_on(async {
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => return refuse(&error.to_string()),
        };
        if let Err(diagnostics) = examine(&files, &options, &config).await {
            terminal.diagnostics(&files, &options.project, diagnostics);
            return terminal.finish(Outcome::Failure);
        }
        let gateway = match Gateway::start_on(config, successor::inherited()).await {
            Ok(gateway) => gateway,
            Err(error) => return refuse(&error.to_string()),
        };
        let (url, routes) = (gateway.url(), gateway.routes().len());
        let object = json!({ "url": url, "routes": routes });
        terminal.part(&format!("Listening on {url}"), &object, true);
        tokio::select! {
            () = signals.next() => {}
            () = gateway.worn_out() => return replace(gateway).await,
        }
        tokio::select! {
            () = gateway.close() => terminal.finish(Outcome::Success),
            // Whoever asks twice does not want to wait.
            () = signals.next() => Outcome::Failure,
        }
    })
}

/// Returns only where there is no new process.
async fn replace(gateway: Gateway) -> Outcome {
    tracing::warn!("too many threads were given up: a new process takes the place of this one");
    let Some(listener) = gateway.retire().await else {
        return refuse("the socket was lost");
    };
    refuse(&format!("the new process does not start: {}", successor::succeed(listener)))
}

fn configure(options: &Options) -> Result<Config, String> {
    let url = variable("DATABASE_URL").ok_or(
        "DATABASE_URL is not set: it names the database and the gateway's role, such as \
         postgresql://role:password@host/database",
    )?;
    let database = config::Database {
        url: Secret::new(url),
        pool: config::Database::POOL,
        shared_privileges: options.serving.shared_privileges,
    };
    let secret = Secret::new(variable("KONTRACT_SECRET").unwrap_or_default());
    let static_key = variable("KONTRACT_STATIC_KEY").map(Secret::new);
    Ok(options.gateway(database, secret, static_key))
}

/// Refuses a database that is not as the build needs it.
async fn examine(
    files: &dyn Files,
    options: &Options,
    config: &Config,
) -> Result<(), Vec<Diagnostic>> {
    let url = config.database.url.expose();
    let found = async {
        let manifest = migrate::read_manifest(files, options)?;
        let (client, _) = migrate::connect(url, "DATABASE_URL").await?;
        migrate::state(&client, &manifest).await
    };
    match found.await.map_err(Problem::diagnostics)? {
        State::Current => Ok(()),
        State::Behind(missing) => Err(vec![migrate::behind(&missing)]),
    }
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn refuse(reason: &str) -> Outcome {
    warn(&format!("kontract: {reason}"));
    Outcome::Failure
}
