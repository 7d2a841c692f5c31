//! The database's schema: what every database has (`sql/base.sql` and those after it), what every
//! table has (`sql/table.sql`), and how both come from a build's manifest.
//!
//! [`up`] is the whole of it: connect, take the lock, make roles and schemas, compare, change.

mod address;
mod apply;
mod base;
mod chain;
mod connect;
mod delta;
mod description;
mod diagnostics;
mod down;
mod draft;
mod drift;
mod edit;
mod fields;
mod history;
mod inside;
mod look;
mod plan;
mod quote;
mod roles;
mod script;
mod state;
mod statements;
mod steps;
mod table;
mod tenants;
mod values;
mod words;
mod work;

pub use address::as_role;
pub use apply::{Order, Record, up};
pub use base::check_version;
pub use chain::Link;
pub use connect::connect;
pub use description::read_manifest;
pub use diagnostics::{
    MANUAL, Problem, behind, no_runtime, no_url, not_removed, not_written, waiting,
};
pub use down::down;
pub use draft::create;
pub use edit::{has_branches, merge, squash};
pub use look::{Look, Planned, Step, base, compare, look};
pub use plan::Tier;
pub use quote::identifier;
pub use roles::{Gateway, chosen_role};
pub use script::{Source, read as read_sources};
pub use state::{State, state};
pub use table::{MAIN, pointer};
pub use tenants::{hold_migrations, move_in, move_out};

use crate::model::SourcePath;

/// What a migration did, or would do.
#[derive(Debug)]
pub struct Applied {
    /// For people: `add the field users.age`.
    pub changes: Vec<String>,
    /// The names of the files that ran, in their order.
    pub migrations: Vec<String>,
    /// The chain from now on.
    pub links: Vec<Link>,
    /// The role that the gateway is to use.
    pub role: String,
    /// Files that were left for somebody to run: the build does without what they change.
    pub waiting: Vec<SourcePath>,
}
