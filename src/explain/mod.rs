//! What a route comes to, told for people and for tools: who may call it, what runs, what it touches.
//!
//! Input: the program as the sources are now.
//! Output: one route (`entry`), all of them in a table (`matrix`), or what has changed since another
//! build (`diff`).

pub mod diff;
pub mod entry;
pub mod matrix;
pub mod types;
pub mod words;
mod diagnostics;
mod manifest;

#[cfg(test)]
mod tests;

pub use self::{
    diagnostics::unknown_route,
    manifest::{Matrix, parse, read},
};
