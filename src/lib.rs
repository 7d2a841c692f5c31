//! The Kontract compiler: annotated TypeScript in, a client, a server and their contract out.
//!
//! Modules stand in the order in which data passes through them.

pub mod config;
pub mod files;
pub mod hash;
pub mod model;
pub mod diagnostic;
pub mod text;
pub mod source;
pub mod lock;
pub mod check;
pub mod typescript;
pub mod sql;
pub mod pipeline;
pub mod typecheck;
pub mod migrate;
pub mod incremental;
pub mod watch;
pub mod dev;
pub mod admin;
pub mod doctor;
pub mod explain;
pub mod cookbook;
pub mod introspect;
pub mod keys;
pub mod init;
pub mod cli;
