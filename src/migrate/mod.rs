//! The database's schema: what every database has (`sql/base.sql` and those after it), what every
//! table has (`sql/table.sql`), and how both come from a build's manifest.
//!
//! [`up`] is the whole of it: connect, take the lock, make roles and schemas, compare, change.

mod address;
mod apply;
mod connect;
mod description;
mod diagnostics;
mod look;
mod plan;
mod quote;
mod roles;
mod state;
mod statements;
mod table;

pub use address::as_role;
pub use apply::{check_version, up};
pub use connect::connect;
pub use description::read_manifest;
pub use diagnostics::{Problem, behind, no_runtime, no_url};
pub use look::{Planned, look};
pub use plan::Tier;
pub use quote::identifier;
pub use roles::{Gateway, chosen_role};
pub use state::{State, state};

/// What a migration did, or would do.
#[derive(Debug)]
pub struct Applied {
    /// For people: `add the field users.age`.
    pub changes: Vec<String>,
    /// The role that the gateway is to use.
    pub role: String,
}
