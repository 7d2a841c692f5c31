//! Builds that take over what earlier ones found out: in memory, between the builds of one
//! process, and on the disk between processes.

mod stamp;
mod compact;
mod own;
mod answer;
mod notes;
mod seen;
mod facts;
mod slices;
mod manifest;
mod made;
mod outcome;
mod state;
mod edits;
mod store;
mod session;
mod diagnostics;

pub use outcome::{Outcome, Work};
pub use session::{Session, Settings};
pub use store::clean;
