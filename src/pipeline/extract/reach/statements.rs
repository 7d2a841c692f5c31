//! The SQL that `exec` is called with: constant, so that it is checked when it is compiled.

use swc_common::{Span as SwcSpan, Spanned};
use swc_ecma_ast::{Expr, ExprOrSpread, Lit, MemberExpr, UnaryOp};

use super::{Walk, chains::peeled};
use crate::{
    model::{Span, reach::Held, statement::SqlCall},
    pipeline::extract::diagnostics::{exec_not_on_one_table, sql_not_constant},
    source::span,
};

impl Walk<'_> {
    /// A call of `exec` on something.
    pub fn statement(&mut self, callee: &MemberExpr, arguments: &[ExprOrSpread]) {
        let held = self.held(&callee.obj);
        let table = match held.as_slice() {
            [Held::Table(table)] => table.clone(),
            held if held.iter().any(|held| matches!(held, Held::Table(_) | Held::SomeTable)) => {
                return self.not_on_one_table(callee.span);
            }
            // Whether it is a table, other files know.
            _ => return,
        };
        let extractor = self.uses.extractor;
        let argument = arguments.first().filter(|argument| argument.spread.is_none());
        let Some(argument) = argument else {
            return extractor.report(sql_not_constant(extractor.file, span(callee.span)));
        };
        let Some((sql, text)) = self.constant_text(&argument.expr) else {
            let at = span(argument.expr.span());
            return extractor.report(sql_not_constant(extractor.file, at));
        };
        let raw = extractor.text.get(text.start as usize..text.end as usize).unwrap_or("");
        let call = SqlCall {
            table,
            sql,
            callee: span(callee.span),
            argument: span(argument.expr.span()),
            text,
            anchors: anchors(raw),
            given: given(arguments.get(1)),
        };
        if !self.statements.contains(&call) {
            self.statements.push(call);
        }
    }

    pub fn not_on_one_table(&self, at: SwcSpan) {
        let extractor = self.uses.extractor;
        extractor.report(exec_not_on_one_table(extractor.file, span(at)));
    }

    /// A literal, a template without substitutions, or a constant of the module that is one; and
    /// what stands between its quotes.
    fn constant_text(&self, expr: &Expr) -> Option<(String, Span)> {
        let constants = &self.uses.extractor.constants;
        let mut expr = peeled(expr);
        for _ in 0..MAX_NAMES {
            let Expr::Ident(ident) = expr else { break };
            if !self.variables.is_top_level(ident) {
                return None;
            }
            expr = peeled(constants.initializer(&ident.sym)?);
        }
        let text = match expr {
            Expr::Lit(Lit::Str(text)) => text.value.as_str()?,
            Expr::Tpl(template) => match template.quasis.as_slice() {
                [only] => only.cooked.as_ref()?.as_str()?,
                _ => return None,
            },
            _ => return None,
        };
        let Span { start, end } = span(expr.span());
        Some((text.to_owned(), Span::new(start + 1, end.saturating_sub(1).max(start + 1))))
    }
}

/// What can be told of the parameters: none, or those of an array without spreads.
fn given(parameters: Option<&ExprOrSpread>) -> Option<Vec<bool>> {
    let Some(parameters) = parameters else { return Some(Vec::new()) };
    let Expr::Array(array) = peeled(&parameters.expr) else { return None };
    let elements = array.elems.iter().map(|element| match element {
        Some(ExprOrSpread { spread: None, expr }) => Some(is_number(expr)),
        _ => None,
    });
    elements.collect()
}

fn is_number(expr: &Expr) -> bool {
    match peeled(expr) {
        Expr::Lit(Lit::Num(_) | Lit::BigInt(_)) => true,
        Expr::Unary(unary) => unary.op == UnaryOp::Minus && is_number(&unary.arg),
        _ => false,
    }
}

/// Where a literal's source and its value begin to count differently: behind escapes and line ends.
fn anchors(raw: &str) -> Vec<(u32, u32)> {
    let mut anchors = vec![(0, 0)];
    let (mut value, mut source) = (0, 0);
    while let Some(first) = raw[source..].chars().next() {
        let (read, made) = match first {
            '\\' => escape(&raw[source..]),
            '\r' if raw[source..].starts_with("\r\n") => (2, 1),
            other => (other.len_utf8(), other.len_utf8()),
        };
        source = (source + read).min(raw.len());
        value += made;
        if read != made {
            let counted = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            anchors.push((counted(value), counted(source)));
        }
    }
    anchors
}

/// Bytes of an escape, and of what it stands for.
fn escape(rest: &str) -> (usize, usize) {
    let hex =
        |from: usize, to: usize| u32::from_str_radix(rest.get(from..to).unwrap_or(""), 16).ok();
    let size = |code: Option<u32>| code.and_then(char::from_u32).map_or(1, char::len_utf8);
    match rest[1..].chars().next() {
        Some('x') => (4, size(hex(2, 4))),
        Some('u') if rest[2..].starts_with('{') => {
            let end = rest.find('}').unwrap_or(rest.len());
            (end + 1, size(hex(3, end)))
        }
        Some('u') => match hex(2, 6) {
            Some(0xd800..=0xdbff) if rest.get(6..8) == Some("\\u") => (12, 4),
            code => (6, size(code)),
        },
        Some('\r') if rest[2..].starts_with('\n') => (3, 0),
        Some(end @ ('\n' | '\r' | '\u{2028}' | '\u{2029}')) => (1 + end.len_utf8(), 0),
        Some('n' | 't' | 'r' | 'b' | 'f' | 'v' | '0') => (2, 1),
        Some(other) => (1 + other.len_utf8(), other.len_utf8()),
        None => (1, 0),
    }
}

/// Constants that stand for constants.
const MAX_NAMES: usize = 8;
