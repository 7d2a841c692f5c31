//! The self-hosted gateway of Kontract applications: HTTP, sessions, storage on PostgreSQL, and the
//! application's functions in embedded isolates. It reads a built folder (`dist/`) and knows
//! nothing of the compiler.

pub mod call;
pub mod codec;
pub mod config;
pub mod engine;
pub mod failure;
pub mod gateway;
pub mod items;
pub mod manifest;
pub mod session;
pub mod storage;
pub mod value;
