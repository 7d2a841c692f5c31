//! Generated statements, written as text.

use swc_common::Span;
use swc_ecma_ast::{ModuleItem, Stmt};
use swc_ecma_visit::{VisitMut, VisitMutWith};

use crate::source;

/// The statements of `text`, all of them from `place`, with `inner` where it has an empty one.
pub fn statements(text: &str, place: Span, inner: Vec<Stmt>) -> Vec<Stmt> {
    items(text, place, inner).into_iter().filter_map(ModuleItem::stmt).collect()
}

/// [`statements`], with imports and exports.
pub fn items(text: &str, place: Span, inner: Vec<Stmt>) -> Vec<ModuleItem> {
    let mut items = source::generated(text);
    items.visit_mut_with(&mut Place(place));
    items.visit_mut_with(&mut Fill(inner));
    items
}

struct Place(Span);

impl VisitMut for Place {
    fn visit_mut_span(&mut self, span: &mut Span) {
        *span = self.0;
    }
}

struct Fill(Vec<Stmt>);

impl VisitMut for Fill {
    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        match statements.iter().position(Stmt::is_empty) {
            Some(at) => drop(statements.splice(at..=at, self.0.drain(..))),
            None => statements.visit_mut_children_with(self),
        }
    }
}
