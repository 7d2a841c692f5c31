//! `kontract serve`

use std::{env, net::IpAddr};

use clap::Args;
use kontract_runtime::{
    config::{self, Config, Secret},
    gateway::Gateway,
};
use serde_json::json;
use tokio::runtime;

use super::{Common, Outcome, log, signals::Signals, terminal::warn};
use crate::{
    config::{Flags, Options},
    files::Disk,
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
        let gateway = match Gateway::start(config).await {
            Ok(gateway) => gateway,
            Err(error) => return refuse(&error.to_string()),
        };
        let (url, routes) = (gateway.url(), gateway.routes().len());
        let object = json!({ "url": url, "routes": routes });
        terminal.part(&format!("Listening on {url}"), &object, true);
        signals.next().await;
        tokio::select! {
            () = gateway.close() => terminal.finish(Outcome::Success),
            // Whoever asks twice does not want to wait.
            () = signals.next() => Outcome::Failure,
        }
    })
}

fn configure(options: &Options) -> Result<Config, String> {
    let url = variable("DATABASE_URL")
        .ok_or("DATABASE_URL is missing: postgresql://<role>:<password>@<host>/<database>")?;
    let database = config::Database {
        url: Secret::new(url),
        pool: config::Database::POOL,
        shared_privileges: options.serving.shared_privileges,
    };
    let secret = Secret::new(variable("KONTRACT_SECRET").unwrap_or_default());
    Ok(options.gateway(database, secret))
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn refuse(reason: &str) -> Outcome {
    warn(&format!("kontract: {reason}"));
    Outcome::Failure
}
