//! The SQL of `exec`, as it stands in a source.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::Span;

/// `env.storage.users.exec('SELECT …', […])`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct SqlCall {
    pub table: String,
    pub sql: String,
    /// `users.exec`.
    pub callee: Span,
    /// The first argument: the statement's id takes its place.
    pub argument: Span,
    /// What stands between the quotes of the text.
    pub text: Span,
    /// Offsets in `sql` and in `text` from which on both count alike.
    pub anchors: Vec<(u32, u32)>,
    /// Of each parameter whether it is a number, where an array says what they are.
    pub given: Option<Vec<bool>>,
}

impl SqlCall {
    /// Where a part of the SQL stands in the file.
    pub fn place(&self, part: &Range<usize>) -> Span {
        let offset = |at: usize| {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            let anchor = self.anchors.iter().rev().find(|(value, _)| *value <= at);
            let (value, source) = anchor.copied().unwrap_or_default();
            self.text.end.min(self.text.start + source + (at - value))
        };
        Span::new(offset(part.start), offset(part.end))
    }
}
