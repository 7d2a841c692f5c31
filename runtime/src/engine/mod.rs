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
