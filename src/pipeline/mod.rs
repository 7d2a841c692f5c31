//! The stages.

pub mod extract;
