//! The walk over a declaration's code: where values go.

use swc_common::Spanned;
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AssignExpr, AssignPatProp, AssignTarget, AssignTargetPat,
    BinExpr, BinaryOp, BindingIdent, CallExpr, Callee, Class, ClassDecl, ClassExpr, Expr,
    ExprOrSpread, ExprStmt, FnDecl, FnExpr, ForOfStmt, Function, Ident, ImportDecl, KeyValueProp,
    MemberExpr, MemberProp, NamedExport, NewExpr, OptCall, Pat, Prop, ReturnStmt,
    SimpleAssignTarget, SpreadElement, TsInterfaceDecl, TsType, TsTypeAliasDecl, TsTypeParamDecl,
    TsTypeParamInstantiation, UnaryExpr, VarDecl, VarDeclarator, YieldExpr,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{
    SPREAD, STORED, USED, Walk,
    chains::{import_specifier, peeled},
};
use crate::model::reach::{Held, Path};

impl Visit for Walk<'_> {
    fn visit_ts_type(&mut self, _: &TsType) {}
    fn visit_ts_interface_decl(&mut self, _: &TsInterfaceDecl) {}
    fn visit_ts_type_alias_decl(&mut self, _: &TsTypeAliasDecl) {}
    fn visit_ts_type_param_decl(&mut self, _: &TsTypeParamDecl) {}
    fn visit_ts_type_param_instantiation(&mut self, _: &TsTypeParamInstantiation) {}
    fn visit_import_decl(&mut self, _: &ImportDecl) {}
    fn visit_named_export(&mut self, _: &NamedExport) {}

    fn visit_expr(&mut self, expr: &Expr) {
        let role = std::mem::replace(&mut self.role, USED);
        let held = self.held(expr);
        if held.is_empty() {
            return expr.visit_children_with(self);
        }
        self.gone(&held, expr.span(), role);
        self.inside(expr);
    }

    fn visit_ident(&mut self, ident: &Ident) {
        let held = self.variables.held_by(ident, false);
        self.gone(&held, ident.span, USED);
    }

    // Names that are bound are not used.
    fn visit_pat(&mut self, pat: &Pat) {
        match pat {
            Pat::Ident(_) => {}
            pat => pat.visit_children_with(self),
        }
    }
    fn visit_binding_ident(&mut self, _: &BindingIdent) {}
    fn visit_fn_decl(&mut self, function: &FnDecl) {
        function.function.visit_with(self);
    }
    fn visit_fn_expr(&mut self, function: &FnExpr) {
        function.function.visit_with(self);
    }
    fn visit_class_decl(&mut self, class: &ClassDecl) {
        class.class.visit_with(self);
    }
    fn visit_class_expr(&mut self, class: &ClassExpr) {
        class.class.visit_with(self);
    }
    fn visit_assign_pat_prop(&mut self, prop: &AssignPatProp) {
        prop.value.visit_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        let outer = self.at;
        self.at.depth += 1;
        self.at.has_this = false;
        function.visit_children_with(self);
        self.at = outer;
    }

    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.at.depth += 1;
        arrow.params.visit_with(self);
        match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => body.visit_with(self),
            ArrowFunctionBody::Expr(expr) => self.returned(expr),
        }
        self.at.depth -= 1;
    }

    fn visit_class(&mut self, class: &Class) {
        let outer = self.at;
        self.at.depth += 1;
        self.at.has_this = false;
        class.visit_children_with(self);
        self.at = outer;
    }

    fn visit_return_stmt(&mut self, statement: &ReturnStmt) {
        if let Some(value) = &statement.arg {
            self.returned(value);
        }
    }

    fn visit_expr_stmt(&mut self, statement: &ExprStmt) {
        let held = self.held(&statement.expr);
        self.drop(&held, statement.span);
        self.rest(&statement.expr);
    }

    fn visit_var_decl(&mut self, var: &VarDecl) {
        if !var.declare {
            var.visit_children_with(self);
        }
    }

    fn visit_var_declarator(&mut self, declarator: &VarDeclarator) {
        if let Some(init) = &declarator.init {
            let held = self.held(init);
            match &declarator.name {
                Pat::Ident(_) => self.drop(&held, init.span()),
                Pat::Object(object) => {
                    self.drop(&held, init.span());
                    self.destructured(object, &held);
                }
                _ => self.gone(&held, init.span(), SPREAD),
            }
            self.role = STORED;
            self.rest(init);
        }
        declarator.name.visit_with(self);
    }

    fn visit_assign_expr(&mut self, assign: &AssignExpr) {
        let held = self.held(&assign.right);
        let target = match &assign.left {
            AssignTarget::Simple(SimpleAssignTarget::Ident(ident)) => {
                self.drop(&held, assign.right.span());
                Some(&ident.id)
            }
            AssignTarget::Simple(SimpleAssignTarget::Member(member)) => {
                self.rest(&member.obj);
                if let MemberProp::Computed(computed) = &member.prop {
                    self.visit_expr(&computed.expr);
                }
                // `this.users = env.storage.users`
                if self.at.has_this
                    && matches!(&*member.obj, Expr::This(_))
                    && let Some(name) = self.variables.name(&member.prop)
                {
                    let owner = self.fact().name.clone();
                    self.drop(&held, assign.right.span());
                    self.with(&owner, Some(&name), |w| w.hold(held));
                    return self.rest(&assign.right);
                }
                self.gone(&held, assign.right.span(), STORED);
                root(&member.obj)
            }
            AssignTarget::Pat(AssignTargetPat::Object(object)) => {
                self.drop(&held, assign.right.span());
                self.destructured(object, &held);
                object.visit_with(self);
                None
            }
            left => {
                left.visit_with(self);
                self.gone(&held, assign.right.span(), STORED);
                None
            }
        };
        let is_inner = std::mem::replace(&mut self.at.assigned, true);
        self.role = STORED;
        self.rest(&assign.right);
        self.at.assigned = is_inner;
        // Who mentions the variable may call what is assigned to it. Of assignments in one another
        // the outermost alone counts: looking again at each would take the square of their number.
        if let Some(target) = target
            && !is_inner
            && self.variables.is_top_level(target)
        {
            self.with(&target.sym, None, |w| {
                w.at.assigned = true;
                w.at.depth = 1;
                w.hold(held);
                w.rest(&assign.right);
            });
        }
    }

    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.iterated(&statement.right);
        statement.left.visit_with(self);
        statement.body.visit_with(self);
    }

    fn visit_yield_expr(&mut self, expr: &YieldExpr) {
        match &expr.arg {
            Some(arg) if expr.delegate => self.iterated(arg),
            arg => arg.visit_with(self),
        }
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        match &call.callee {
            Callee::Import(_) => {
                // Without `await` in front any of the exports may be meant.
                let expr =
                    call.args.first().and_then(|_| import_specifier(&Expr::Call(call.clone())));
                match expr {
                    Some(import) => {
                        let path = Path { import: Some(import), names: Vec::new() };
                        self.mention(Some(path), call.span);
                    }
                    None => self.unseen("a module whose name is computed".to_owned(), call.span),
                }
                self.arguments(&call.args);
            }
            Callee::Expr(callee) => {
                if self.variables.is_global(callee, "eval") {
                    self.unseen("code that is made at run time".to_owned(), call.span);
                }
                let held = self.held(callee);
                self.gone(&held, callee.span(), USED);
                self.call(callee, &call.args);
            }
            Callee::Super(_) => self.arguments(&call.args),
        }
    }

    fn visit_opt_call(&mut self, call: &OptCall) {
        let held = self.held(&call.callee);
        self.gone(&held, call.callee.span(), USED);
        self.call(&call.callee, &call.args);
    }

    fn visit_new_expr(&mut self, new: &NewExpr) {
        new.callee.visit_with(self);
        self.arguments(new.args.as_deref().unwrap_or_default());
    }

    fn visit_member_expr(&mut self, member: &MemberExpr) {
        for held in self.held(&member.obj) {
            if let Held::Named(path) = held {
                self.mention(Some(path), member.span);
            }
        }
        self.member(member, false);
    }

    fn visit_prop(&mut self, prop: &Prop) {
        match prop {
            Prop::Shorthand(ident) => {
                let held = self.variables.held_by(ident, self.at.has_this);
                self.gone(&held, ident.span, STORED);
            }
            prop => prop.visit_children_with(self),
        }
    }

    fn visit_key_value_prop(&mut self, pair: &KeyValueProp) {
        pair.key.visit_with(self);
        self.role = STORED;
        self.visit_expr(&pair.value);
    }

    fn visit_expr_or_spread(&mut self, element: &ExprOrSpread) {
        self.role = if element.spread.is_some() { SPREAD } else { STORED };
        self.visit_expr(&element.expr);
    }

    fn visit_spread_element(&mut self, spread: &SpreadElement) {
        self.role = SPREAD;
        self.visit_expr(&spread.expr);
    }

    // Comparing a value does nothing with it.
    fn visit_unary_expr(&mut self, unary: &UnaryExpr) {
        let held = self.held(&unary.arg);
        self.drop(&held, unary.span);
        self.rest(&unary.arg);
    }

    fn visit_bin_expr(&mut self, bin: &BinExpr) {
        let compares = matches!(
            bin.op,
            BinaryOp::EqEq
                | BinaryOp::NotEq
                | BinaryOp::EqEqEq
                | BinaryOp::NotEqEq
                | BinaryOp::InstanceOf
                | BinaryOp::In
        );
        for side in [&bin.left, &bin.right] {
            if compares {
                let held = self.held(side);
                self.drop(&held, bin.span);
                self.rest(side);
            } else {
                self.visit_expr(side);
            }
        }
    }
}

/// `handlers` in `handlers.rename.undo`.
pub fn root(expr: &Expr) -> Option<&Ident> {
    match peeled(expr) {
        Expr::Ident(ident) => Some(ident),
        Expr::Member(member) => root(&member.obj),
        Expr::Call(CallExpr { callee: Callee::Expr(callee), .. }) => root(callee),
        _ => None,
    }
}
