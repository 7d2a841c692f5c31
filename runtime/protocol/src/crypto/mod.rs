//! The primitives, and the types of keys.

pub mod secret;
pub mod aead;
pub mod kdf;
pub mod exchange;
