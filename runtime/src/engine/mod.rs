//! Runs the application's functions in isolates.

use std::collections::BTreeMap;

use crate::config::Limits;

pub mod bytecode;
pub mod convert;
pub mod invocation;
pub mod isolate;
mod library;
pub mod modules;
pub mod ops;
mod slice;
mod thrown;
pub mod web;

/// How isolates are run.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    pub limits: Limits,
    /// The environment variables that `env` offers, with their values.
    pub variables: BTreeMap<String, Option<String>>,
    /// Where `fetch` may go besides public hosts.
    pub egress: Vec<String>,
    /// Failures carry their stacks.
    pub development: bool,
    pub threads: usize,
}

/// Isolates and the threads they run on.
pub struct Engine;

impl Engine {
    /// Serves a call.
    #[allow(clippy::unused_async, reason = "isolates are not joined yet")]
    pub async fn call(
        &self,
        _: crate::call::Call,
    ) -> Result<crate::call::Reply, crate::failure::Failure> {
        Err(crate::failure::Failure::unavailable("no isolates yet"))
    }
}
