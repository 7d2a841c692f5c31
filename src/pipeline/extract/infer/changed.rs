//! Which names of a function have more than one value.

use std::collections::{BTreeMap, BTreeSet};

use swc_ecma_ast::{
    ArrowExpr, AssignExpr, AssignPatProp, BindingIdent, ClassDecl, Expr, FnDecl, Function, TsType,
    UpdateExpr,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::Body;

/// Names that a function changes, or binds more than once.
#[derive(Default)]
pub struct Changed {
    pub bound: BTreeMap<String, usize>,
    pub names: BTreeSet<String>,
}

impl Changed {
    pub fn of(body: Body<'_>) -> Self {
        let mut changed = Self::default();
        match body {
            Body::Block(statements) => statements.visit_with(&mut changed),
            Body::Expr(expr) => expr.visit_with(&mut changed),
        }
        let twice = changed.bound.iter().filter(|(_, count)| **count > 1).map(|(n, _)| n.clone());
        let twice: Vec<String> = twice.collect();
        changed.names.extend(twice);
        changed
    }
}

impl Visit for Changed {
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        *self.bound.entry(ident.id.sym.to_string()).or_default() += 1;
    }
    fn visit_assign_pat_prop(&mut self, prop: &AssignPatProp) {
        *self.bound.entry(prop.key.sym.to_string()).or_default() += 1;
        prop.value.visit_with(self);
    }
    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        let mut names = Names(&mut self.names);
        assign.left.visit_with(&mut names);
        assign.right.visit_with(self);
    }
    fn visit_update_expr(&mut self, update: &UpdateExpr) {
        if let Expr::Ident(ident) = &*update.arg {
            self.names.insert(ident.sym.to_string());
        }
    }
    // Names bound in a closure are its own; what it assigns to may be the function's.
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        let mut inner = Self::default();
        arrow.visit_children_with(&mut inner);
        self.names.extend(inner.names);
    }
    fn visit_function(&mut self, function: &Function) {
        let mut inner = Self::default();
        function.visit_children_with(&mut inner);
        self.names.extend(inner.names);
    }
    fn visit_fn_decl(&mut self, function: &FnDecl) {
        *self.bound.entry(function.ident.sym.to_string()).or_default() += 1;
        function.function.visit_with(self);
    }
    fn visit_class_decl(&mut self, class: &ClassDecl) {
        *self.bound.entry(class.ident.sym.to_string()).or_default() += 1;
        class.class.visit_with(self);
    }
    fn visit_ts_type(&mut self, _: &TsType) {}
}

/// The names in the target of an assignment: `a`, `[a, b]`, `{ a }`, not `a.b`.
struct Names<'a>(&'a mut BTreeSet<String>);

impl Visit for Names<'_> {
    fn visit_binding_ident(&mut self, ident: &BindingIdent) {
        self.0.insert(ident.id.sym.to_string());
    }
    fn visit_assign_pat_prop(&mut self, prop: &AssignPatProp) {
        self.0.insert(prop.key.sym.to_string());
    }
    fn visit_expr(&mut self, _: &Expr) {}
}
