//! The gateway of a build.

use std::net::SocketAddr;

use kontract_runtime::config::{self as runtime, Secret};

use crate::{config::Options, model::diagnostic::Diagnostic};

pub struct Serving {
    options: Options,
}

impl Serving {
    pub async fn start(
        options: Options,
        _address: Option<SocketAddr>,
        _database: runtime::Database,
        _secret: Secret,
    ) -> Result<Self, (Diagnostic, bool)> {
        Ok(Self { options })
    }
    pub fn has_settings(&self, options: &Options) -> bool {
        self.options.serving == options.serving
    }
    pub async fn reload(&mut self, _options: &Options) -> Result<(), Diagnostic> {
        Ok(())
    }
    pub fn url(&self) -> String {
        String::new()
    }
    pub fn routes(&self) -> Vec<String> {
        vec![]
    }
    pub fn address(&self) -> SocketAddr {
        SocketAddr::new(self.options.serving.host, self.options.serving.port)
    }
    pub async fn close(self) {}
}
