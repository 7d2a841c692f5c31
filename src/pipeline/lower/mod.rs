//! The app → modules to be printed: server code, client stubs, indices, the manifest.

pub mod client;
pub mod codec;
pub mod index;
pub mod json;
pub mod manifest;
pub mod openapi;
pub mod registry;
mod rewrite;
pub mod schema;
pub mod scope;
pub mod server;
mod chains;
mod accessors;
mod fields;
mod namespaces;
mod own_names;
mod pretty;
