//! What is wrong with a statement.

use std::ops::Range;

/// Each kind has a code of its own, `K222` to `K236`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum FaultKind {
    Unreadable,
    TooLong,
    NotOneSelect,
    OtherRelation,
    Qualified,
    NotAllowed,
    Function,
    Operator,
    Type,
    Spelling,
    Parameters,
    Shadowing,
    TextAgainstNumber,
    UnknownColumn,
    KeyInData,
}

/// `span` counts bytes of the statement.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    pub kind: FaultKind,
    pub span: Range<usize>,
    pub message: String,
    /// What is wrong at `span`, in a few words.
    pub label: &'static str,
    pub help: String,
}

impl Fault {
    #[cold]
    pub fn new(
        kind: FaultKind,
        span: Range<usize>,
        message: impl Into<String>,
        label: &'static str,
        help: impl Into<String>,
    ) -> Self {
        Self { kind, span, message: message.into(), label, help: help.into() }
    }
}
