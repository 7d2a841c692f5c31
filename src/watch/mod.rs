//! A project that is followed: built, and built again whenever something changed.

pub mod changes;
pub mod command;
pub mod diagnostics;
pub mod follower;
pub mod requests;
