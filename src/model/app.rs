//! The whole program, as `gather` understands it.
