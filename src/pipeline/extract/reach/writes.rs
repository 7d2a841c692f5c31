//! Which fields `set`, `update` and `push` write.

use swc_ecma_ast::{ExprOrSpread, MemberExpr};

use super::{
    Walk,
    searches::{named, written_out},
};
use crate::{
    model::reach::{Held, Write},
    source::span,
};

impl Walk<'_> {
    /// A call on something that takes what it writes as the argument at `index`.
    pub fn write(&mut self, callee: &MemberExpr, arguments: &[ExprOrSpread], index: usize) {
        if !self.held(&callee.obj).iter().any(|held| matches!(held, Held::Table(_))) {
            return;
        }
        let spread = arguments.iter().take(index + 1).any(|argument| argument.spread.is_some());
        let value = arguments.get(index).and_then(|argument| written_out(&argument.expr));
        let mut write = Write {
            fields: Vec::new(),
            others: spread || value.is_none(),
            span: span(callee.span),
        };
        for prop in value.iter().flat_map(|value| &value.props) {
            match named(prop) {
                Some((name, _)) => write.fields.push(name),
                None => write.others = true,
            }
        }
        self.fact().writes.push(write);
    }
}
