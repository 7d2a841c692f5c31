//! The app → modules to be printed: server code, client stubs, indices, the manifest.

pub mod client;
pub mod index;
pub mod json;
pub mod manifest;
mod rewrite;
pub mod server;
mod accessors;
mod fields;
mod namespaces;
mod own_names;
