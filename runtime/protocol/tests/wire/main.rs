//! raystream against known answers, other people's vectors, and peers that misbehave. One binary,
//! so that it is linked once.

#![allow(clippy::unwrap_used, clippy::many_single_char_names, reason = "these are tests")]

mod support;
mod admission;
mod known_answers;
mod primitives;
mod misbehaviour;
mod model;
mod mutation;
mod secrecy;
mod sessions;
mod transcripts;
