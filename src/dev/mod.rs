//! Development: a database for the application, builds on change, and the gateway that serves the
//! newest good build.

pub mod diagnostics;
pub mod folder;
#[cfg(unix)]
pub mod postgres;
pub mod seen;
pub mod watch;
