//! Diagnostics: where they point to, how they are shown, and the ones that belong to no stage of
//! their own. A stage keeps the constructors of its diagnostics in its own `diagnostics.rs`.
//!
//! | codes | from |
//! |---|---|
//! | K001–K019 | source |
//! | K020–K049 | extract |
//! | K050–K079 | gather |
//! | K080–K089 | lower |
//! | K090–K109 | configuration, discover, write |
//! | K110–K129 | gather/shapes |
//! | K130–K149 | lock, check |
//! | K150–K169 | gather: permissions, tables, registry |
//! | K170–K179 | typescript |
//! | K270–K279 | lints, what is allowed in place, explain |
//! | K300–K309 | incremental |

pub mod allow;
pub mod position;
pub mod render;
pub mod suggestion;
pub(crate) mod config;
pub(crate) mod discover;
pub(crate) mod write;
#[cfg(test)]
pub(crate) mod testing;
