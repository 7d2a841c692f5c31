//! The gateway of the newest good build.

use std::net::SocketAddr;

use kontract_runtime::{
    config::{self as runtime, Secret},
    engine::{Engine, EngineConfig},
    gateway::{Gateway, StartError},
};
use tokio::task::spawn_blocking;

use super::diagnostics;
use crate::{config::Options, model::diagnostic::Diagnostic};

pub struct Serving {
    gateway: Gateway,
    /// What it was started with.
    options: Options,
}

/// Why a build is not served.
pub enum Refusal {
    /// Another build may be.
    Build(Diagnostic),
    /// No other build would be.
    Lasting(Diagnostic),
}

/// Loads the modules of a build and lets go of them: asked before anything is changed for it.
pub async fn try_to_load(options: &Options) -> Result<(), Refusal> {
    let config = EngineConfig {
        limits: options.serving.limits,
        variables: options.variables(),
        egress: options.serving.egress.clone(),
        ..EngineConfig::default()
    };
    let dist = options.out_folder();
    let loaded = spawn_blocking(move || Engine::start(&dist, config).map(drop)).await;
    let loaded = loaded.unwrap_or_else(|_| Err("its modules could not be read".to_owned()));
    loaded.map_err(|reason| refusal(&StartError::Application(reason)))
}

impl Serving {
    /// `before` is where the gateway listened whose place this one takes.
    pub async fn start(
        options: Options,
        before: Option<SocketAddr>,
        database: runtime::Database,
        (secret, static_key): (Secret, Secret),
    ) -> Result<Self, Refusal> {
        let mut config = options.gateway(database, secret, Some(static_key));
        config.development = true;
        if config.address.port() == 0 {
            // Whoever knows the address goes on with it.
            let port = before.map_or(0, |before| before.port());
            config.address.set_port(port);
        }
        match Gateway::start(config).await {
            Ok(gateway) => Ok(Self { gateway, options }),
            Err(error) => Err(refusal(&error)),
        }
    }

    /// Nothing that can only be said at the start is another now.
    pub fn has_settings(&self, options: &Options) -> bool {
        self.options.serving == options.serving && self.options.base == options.base
    }

    pub async fn reload(&mut self, options: &Options) -> Result<(), Refusal> {
        self.gateway.reload(&options.out_folder()).await.map_err(|error| refusal(&error))
    }

    pub fn address(&self) -> SocketAddr {
        self.gateway.address()
    }

    pub fn url(&self) -> String {
        self.gateway.url()
    }

    pub fn routes(&self) -> Vec<String> {
        self.gateway.routes()
    }

    /// Calls that run are finished first.
    pub async fn close(self) {
        self.gateway.close().await;
    }
}

impl Refusal {
    pub fn diagnostic(self) -> Diagnostic {
        match self {
            Self::Build(diagnostic) | Self::Lasting(diagnostic) => diagnostic,
        }
    }
}

fn refusal(error: &StartError) -> Refusal {
    let diagnostic = diagnostics::not_served(&error.to_string());
    match error {
        StartError::Application(_) | StartError::Build(..) | StartError::Schema(_) => {
            Refusal::Build(diagnostic)
        }
        _ => Refusal::Lasting(diagnostic),
    }
}
