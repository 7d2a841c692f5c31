//! What travels for `unknown` and `any`: JSON data as a FlexBuffer.
//!
//! The crate `flexbuffers` reads only what it trusts in part: shared offsets make it repeat work
//! without bound. It writes other bytes than the JavaScript codecs, too.

mod format;
mod reader;
mod writer;

pub use reader::read;
pub use writer::write;
