//! The gateway of the newest good build.

use std::net::SocketAddr;

use kontract_runtime::{
    config::{self as runtime, Secret},
    gateway::{Gateway, StartError},
};

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

impl Serving {
    /// `before` is where the gateway listened whose place this one takes.
    pub async fn start(
        options: Options,
        before: Option<SocketAddr>,
        database: runtime::Database,
        secret: Secret,
    ) -> Result<Self, Refusal> {
        let mut config = options.gateway(database, secret);
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
