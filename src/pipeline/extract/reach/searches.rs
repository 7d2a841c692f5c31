//! What `query` and `count` look for: which fields, and whether there is a limit.

use swc_ecma_ast::{Expr, ExprOrSpread, MemberExpr, ObjectLit, Prop, PropName, PropOrSpread};

use super::{Walk, chains::peeled};
use crate::{
    model::reach::{Held, Search},
    source::span,
};

impl Walk<'_> {
    /// A call of `query` (`lists`) or `count` on something.
    pub fn search(&mut self, callee: &MemberExpr, arguments: &[ExprOrSpread], lists: bool) {
        let tables: Vec<String> = self
            .held(&callee.obj)
            .into_iter()
            .filter_map(|held| match held {
                Held::Table(table) => Some(table),
                _ => None,
            })
            .collect();
        let spread = arguments.iter().any(|argument| argument.spread.is_some());
        let filter = arguments.first().map(|argument| written_out(&argument.expr));
        let options = arguments.get(1).map(|argument| written_out(&argument.expr));
        let mut search = Search {
            table: String::new(),
            lists,
            contains: Vec::new(),
            compares: Vec::new(),
            limited: spread || options.is_some_and(|options| options.is_none_or(may_limit)),
            unknown: spread || filter.is_some_and(|filter| filter.is_none()),
            span: span(callee.span),
        };
        for prop in filter.flatten().iter().flat_map(|filter| &filter.props) {
            match named(prop) {
                Some((name, value)) if value.is_some_and(compares) => search.compares.push(name),
                Some((name, _)) => search.contains.push(name),
                None => search.unknown = true,
            }
        }
        for table in tables {
            self.fact().searches.push(Search { table, ..search.clone() });
        }
    }
}

/// An object's text; None for one that is made elsewhere.
pub fn written_out(expr: &Expr) -> Option<&ObjectLit> {
    match peeled(expr) {
        Expr::Object(object) => Some(object),
        _ => None,
    }
}

/// What a property is called; its value, where it does not stand for a variable.
pub fn named(prop: &PropOrSpread) -> Option<(String, Option<&Expr>)> {
    let PropOrSpread::Prop(prop) = prop else { return None };
    match &**prop {
        Prop::Shorthand(name) => Some((name.sym.to_string(), None)),
        Prop::KeyValue(pair) => match &pair.key {
            PropName::Ident(name) => Some((name.sym.to_string(), Some(&*pair.value))),
            PropName::Str(name) => {
                Some((name.value.to_string_lossy().into_owned(), Some(&*pair.value)))
            }
            _ => None,
        },
        _ => None,
    }
}

fn may_limit(options: &ObjectLit) -> bool {
    options.props.iter().any(|prop| named(prop).is_none_or(|(name, _)| name == "limit"))
}

/// `{ gt: 18 }`.
fn compares(value: &Expr) -> bool {
    written_out(value).is_some_and(|object| {
        !object.props.is_empty()
            && object
                .props
                .iter()
                .all(|prop| named(prop).is_some_and(|(name, _)| OPERATORS.contains(&name.as_str())))
    })
}

const OPERATORS: [&str; 6] = ["gt", "gte", "lt", "lte", "in", "startsWith"];
