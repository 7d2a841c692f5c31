//! The nouns that pass between the stages. This module imports nothing of the compiler.

pub mod span;
pub mod statement;
pub mod diagnostic;
pub mod perms;
pub mod types;
pub mod reach;
pub mod symbolic;
pub mod contract;
pub mod shape;
pub mod wire;
pub mod app;
pub mod output;
pub mod place;
pub mod lines;

pub use span::{SourcePath, Span};
