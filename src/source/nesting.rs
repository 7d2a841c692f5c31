//! Deep nesting must not overflow a stack.

/// The stack that every thread needs that walks over a tree of this module.
pub const STACK_BYTES: usize = 64 * 1024 * 1024;
