//! The names of a function and what is known of them, statement by statement.

use rustc_hash::FxHashMap;
use swc_ecma_ast::{BinaryOp, Expr, Lit, UnaryOp};

use super::{Changed, expr};
use crate::model::types::TypeExpr;

#[derive(Clone, Default)]
pub struct Scope {
    names: FxHashMap<String, Known>,
}

#[derive(Clone)]
enum Known {
    Type(TypeExpr),
    /// An array that started empty, and holds what is pushed to it.
    EmptyArray,
    /// It hides the name outside, and nothing more will be known.
    Nothing,
    /// Likewise, until it is bound.
    Later,
}

pub enum Name<'a> {
    Type(&'a TypeExpr),
    EmptyArray,
    /// Bound here, and nothing is known of it.
    Unknown,
    /// Bound outside the function.
    Outside,
}

impl Scope {
    pub fn bind(&mut self, name: &str, ty: Option<TypeExpr>) {
        let unsure = matches!(self.names.get(name), Some(Known::Nothing));
        let known = match ty {
            // Named again and again, a type could grow without end.
            Some(ty) if !unsure && ty.size() <= MAX_SIZE => Known::Type(ty),
            _ => Known::Nothing,
        };
        self.names.insert(name.to_owned(), known);
    }

    pub fn empty_array(&mut self, name: &str) {
        if !matches!(self.names.get(name), Some(Known::Nothing)) {
            self.names.insert(name.to_owned(), Known::EmptyArray);
        }
    }

    /// At the start of a function: names that are assigned to or bound more than once may hold
    /// anything, and names that are bound later hide those outside already.
    pub fn forget(&mut self, changed: &Changed) {
        for name in changed.bound.keys() {
            let known = if self.names.contains_key(name) { Known::Nothing } else { Known::Later };
            self.names.insert(name.clone(), known);
        }
        for name in &changed.names {
            self.names.insert(name.clone(), Known::Nothing);
        }
    }

    pub fn get(&self, name: &str) -> Name<'_> {
        match self.names.get(name) {
            Some(Known::Type(ty)) => Name::Type(ty),
            Some(Known::EmptyArray) => Name::EmptyArray,
            Some(Known::Nothing | Known::Later) => Name::Unknown,
            None => Name::Outside,
        }
    }

    pub fn is_outside(&self, name: &str) -> bool {
        matches!(self.get(name), Name::Outside)
    }

    /// Takes from names what a condition excludes: null, undefined.
    pub fn narrow(&mut self, condition: &Expr, holds: bool) {
        match condition {
            Expr::Paren(e) => self.narrow(&e.expr, holds),
            Expr::Unary(e) if e.op == UnaryOp::Bang => self.narrow(&e.arg, !holds),
            Expr::Ident(ident) if holds => self.update(&ident.sym, expr::present),
            Expr::Bin(e) => match (e.op, holds) {
                (BinaryOp::LogicalAnd, true) | (BinaryOp::LogicalOr, false) => {
                    self.narrow(&e.left, holds);
                    self.narrow(&e.right, holds);
                }
                (BinaryOp::NotEqEq, true) | (BinaryOp::EqEqEq, false) => {
                    self.compare(&e.left, &e.right, true);
                }
                (BinaryOp::NotEq, true) | (BinaryOp::EqEq, false) => {
                    self.compare(&e.left, &e.right, false);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// `name` is not `value`, which is null or undefined.
    fn compare(&mut self, name: &Expr, value: &Expr, exactly: bool) {
        let (Expr::Ident(name), value) = (name, value) else { return };
        let excluded = match value {
            Expr::Lit(Lit::Null(_)) => "null",
            Expr::Ident(ident) if ident.sym == "undefined" => "undefined",
            _ => return,
        };
        if exactly {
            self.update(&name.sym, |ty| expr::without(ty, excluded));
        } else {
            self.update(&name.sym, expr::present);
        }
    }

    fn update(&mut self, name: &str, change: impl FnOnce(TypeExpr) -> TypeExpr) {
        if let Some(known) = self.names.get_mut(name)
            && let Known::Type(ty) = known
        {
            *known = Known::Type(change(ty.clone()));
        }
    }
}

/// Larger types are asked for.
const MAX_SIZE: usize = 1000;
