//! Puts what `next()` runs in its place, and makes of each `return` a way out of the block.

use swc_atoms::Atom;
use swc_common::Span;
use swc_ecma_ast::{
    AssignExpr, AssignOp, BlockStmt, BreakStmt, Class, Decl, Expr, ExprStmt, Function, Id, Ident,
    Stmt,
};
use swc_ecma_visit::{VisitMut, VisitMutWith};

use super::{forms::Site, template::statements};

pub struct Splice<'a> {
    pub next: &'a Id,
    /// What `next()` runs; taken when its place is found.
    pub inner: Vec<Stmt>,
    /// What it results in.
    pub result: &'a Atom,
    /// Takes a returned value.
    pub returned: &'a Atom,
    pub label: &'a str,
    /// A `return` without a value may follow one with a value.
    pub overtaken: bool,
}

impl Splice<'_> {
    /// What takes the place of a statement; None where it stays.
    fn replaced(&mut self, statement: &mut Stmt) -> Option<Vec<Stmt>> {
        let Some(site) = Site::of(statement, self.next) else {
            let Stmt::Return(end) = statement else { return None };
            let value = end.arg.take();
            let mut way = match value {
                Some(value) => vec![self.answer(value, end.span)],
                None => self.forget(end.span),
            };
            way.push(self.leave(end.span));
            return Some(way);
        };
        let mut inner = std::mem::take(&mut self.inner);
        match (site, statement) {
            (Site::Return { .. }, Stmt::Return(end)) => {
                inner.extend(self.forget(end.span));
                inner.push(self.leave(end.span));
            }
            (Site::Assignment, Stmt::Expr(statement)) => {
                let mut expr = &mut *statement.expr;
                while let Expr::Paren(paren) = expr {
                    expr = &mut paren.expr;
                }
                if let Expr::Assign(assign) = expr {
                    *assign.right = self.value(assign.span);
                }
                inner.push(Stmt::Expr(statement.clone()));
            }
            (Site::Declaration, Stmt::Decl(Decl::Var(var))) => {
                if let [one] = &mut *var.decls {
                    one.init = Some(Box::new(self.value(one.span)));
                }
                inner.push(Stmt::Decl(Decl::Var(var.clone())));
            }
            _ => {}
        }
        Some(inner)
    }

    fn value(&self, span: Span) -> Expr {
        Expr::Ident(Ident::new_no_ctxt(self.result.clone(), span))
    }

    fn answer(&self, right: Box<Expr>, span: Span) -> Stmt {
        let left = Ident::new_no_ctxt(self.returned.clone(), span).into();
        let op = AssignOp::Assign;
        let expr = Box::new(Expr::Assign(AssignExpr { span, op, left, right }));
        Stmt::Expr(ExprStmt { span, expr })
    }

    /// No value was returned, whatever a `return` before said.
    pub fn forget(&self, place: Span) -> Vec<Stmt> {
        if !self.overtaken {
            return Vec::new();
        }
        statements(&format!("{} = void 0;", self.returned), place, Vec::new())
    }

    fn leave(&self, place: Span) -> Stmt {
        let label = Ident::new_no_ctxt(self.label.into(), place);
        Stmt::Break(BreakStmt { span: place, label: Some(label) })
    }
}

impl VisitMut for Splice<'_> {
    fn visit_mut_stmts(&mut self, list: &mut Vec<Stmt>) {
        let mut new = Vec::with_capacity(list.len());
        for mut statement in list.drain(..) {
            if let Some(statements) = self.replaced(&mut statement) {
                new.extend(statements);
            } else {
                statement.visit_mut_children_with(self);
                new.push(statement);
            }
        }
        *list = new;
    }

    /// A statement that stands alone: `if (x) return;`.
    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        match self.replaced(statement) {
            Some(stmts) => *statement = Stmt::Block(BlockStmt { stmts, ..BlockStmt::default() }),
            None => statement.visit_mut_children_with(self),
        }
    }

    fn visit_mut_expr(&mut self, _: &mut Expr) {}
    fn visit_mut_function(&mut self, _: &mut Function) {}
    fn visit_mut_class(&mut self, _: &mut Class) {}
}
