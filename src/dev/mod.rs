//! Development: a database for the application, builds on change, and the gateway that serves the
//! newest good build.

pub mod companion;
#[cfg(unix)]
pub mod compiler;
#[cfg(not(unix))]
#[path = "compiler/alone.rs"]
pub mod compiler;
pub mod diagnostics;
pub mod event;
pub mod folder;
#[cfg(unix)]
pub mod postgres;
#[cfg(not(unix))]
#[path = "postgres/unsupported.rs"]
pub mod postgres;
pub mod schema;
pub mod serving;
pub mod session;
