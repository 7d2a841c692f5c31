//! raystream, version 1: what clients and gateways of Kontract say to each other, encrypted.
//!
//! Nothing here reads a clock, a socket or the system's randomness: time and random bytes are
//! arguments, bytes go in by `handle_*` and come out by `poll_*`. Every function is total: whatever
//! a peer sends, the answer is a value or an [`Error`] that says who is to blame.
//!
//! The modules follow the wire document: [`frame`], [`handshake`], [`schedule`], [`record`],
//! [`post`], [`ticket`] and [`cookie`], [`message`], [`stream`], [`admission`] and [`limits`].

#![deny(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable,
    clippy::arithmetic_side_effects
)]

pub mod error;
pub mod input;
pub mod crypto;
pub mod limits;
pub mod frame;
pub mod handshake;
pub mod schedule;
pub mod record;
pub mod ticket;
pub mod cookie;
pub mod message;
pub mod stream;
pub mod post;
pub mod admission;

pub use error::{Error, Misbehaviour, Misuse};
pub use input::{Random, RandomFailed, Time};
