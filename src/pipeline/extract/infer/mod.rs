//! What can be told from the bodies of functions: the result type of one that declares none, and
//! the objects that are written into tables.
//!
//! Literals, constructed objects, parameters, `env.storage` and well-known methods are known here.
//! Rows of tables and results of other functions are left as `model::symbolic` types, which
//! `gather` resolves. Everything else is asked for.

mod calls;
mod changed;
mod expr;
mod scope;

use std::{cell::Cell, rc::Rc};

use rustc_hash::FxHashMap;
use swc_common::Spanned;
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, CallExpr, Class, Decl, Expr, ForHead, Function, Pat, Stmt,
    TsType, VarDecl, VarDeclarator,
};
use swc_ecma_visit::{Visit, VisitWith};

pub use self::expr::promise;
use self::{
    changed::Changed,
    expr::{awaited, keyword, union},
    scope::Scope,
};
use super::{Extractor, types::pattern_name};
use crate::{
    model::{
        contract::Insert,
        types::{Parameter, TypeExpr},
    },
    source::span,
};

#[derive(Clone, Copy)]
pub enum Body<'a> {
    Block(&'a [Stmt]),
    Expr(&'a Expr),
}

/// A function to be looked into.
pub struct Subject<'a> {
    pub patterns: &'a [&'a Pat],
    pub parameters: &'a [Parameter],
    pub body: Body<'a>,
    /// The class that it is a method of.
    pub class: Option<&'a str>,
}

impl Extractor<'_> {
    /// The type of what the body returns; `Promise` not added.
    pub fn result_of(&self, subject: &Subject<'_>) -> Option<TypeExpr> {
        self.look_into(subject).0
    }

    /// That, and what the body writes into tables.
    pub fn look_into(&self, subject: &Subject<'_>) -> (Option<TypeExpr>, Vec<Insert>) {
        let mut walk = Walk {
            extractor: self,
            class: subject.class,
            returns: Vec::new(),
            inserts: Vec::new(),
            pushed: FxHashMap::default(),
            depth: 0,
            fuel: Rc::new(Cell::new(FUEL)),
        };
        let mut scope = Scope::default();
        let patterns =
            subject.patterns.iter().filter(|p| pattern_name(p).is_none_or(|n| n != "this"));
        let changed = Changed::of(subject.body);
        for (pattern, parameter) in patterns.zip(subject.parameters) {
            let ty = parameter.ty.as_ref().map(|ty| match pattern {
                Pat::Assign(_) => ty.clone(),
                _ if parameter.optional => union([ty.clone(), keyword("undefined")]),
                _ => ty.clone(),
            });
            let pattern = match pattern {
                Pat::Assign(assign) => &assign.left,
                Pat::Rest(rest) => &rest.arg,
                pattern => *pattern,
            };
            walk.bind(&mut scope, pattern, ty);
        }
        let result = walk.function(&mut scope, subject.body, &changed);
        (result, walk.inserts)
    }
}

/// Reads a function from its first statement to its last.
struct Walk<'a> {
    extractor: &'a Extractor<'a>,
    class: Option<&'a str>,
    returns: Vec<Option<TypeExpr>>,
    inserts: Vec<Insert>,
    /// What is pushed to arrays that start empty.
    pushed: FxHashMap<String, Vec<Option<TypeExpr>>>,
    /// Closures around this function.
    depth: usize,
    /// How many more expressions are looked at: closures are read more than once, so that nested
    /// ones would take ever longer.
    fuel: Rc<Cell<u32>>,
}

impl Walk<'_> {
    /// The type of what the function returns.
    fn function(
        &mut self,
        scope: &mut Scope,
        body: Body<'_>,
        changed: &Changed,
    ) -> Option<TypeExpr> {
        match body {
            Body::Expr(expr) => {
                self.note_inserts(scope, expr);
                self.ty(scope, expr)
            }
            Body::Block(statements) => {
                scope.forget(changed);
                let outer = std::mem::take(&mut self.returns);
                let falls_through = self.statements(scope, statements);
                let returns = std::mem::replace(&mut self.returns, outer);
                if returns.is_empty() {
                    return Some(keyword("void"));
                }
                let types: Option<Vec<TypeExpr>> = returns.into_iter().collect();
                let end = falls_through.then(|| keyword("undefined"));
                Some(union(types?.into_iter().chain(end)))
            }
        }
    }

    /// Whether control may reach their end.
    fn statements(&mut self, scope: &mut Scope, statements: &[Stmt]) -> bool {
        for statement in statements {
            if !self.statement(scope, statement) {
                return false;
            }
        }
        true
    }

    fn statement(&mut self, scope: &mut Scope, statement: &Stmt) -> bool {
        match statement {
            Stmt::Return(statement) => {
                let ty = match &statement.arg {
                    Some(value) => {
                        self.note_inserts(scope, value);
                        self.ty(scope, value)
                    }
                    None => Some(keyword("undefined")),
                };
                self.returns.push(ty);
                false
            }
            Stmt::Throw(statement) => {
                self.note_inserts(scope, &statement.arg);
                false
            }
            Stmt::Block(block) => self.statements(scope, &block.stmts),
            Stmt::Expr(statement) => {
                self.note_inserts(scope, &statement.expr);
                self.note_push(scope, &statement.expr);
                true
            }
            Stmt::Decl(Decl::Var(var)) => {
                self.variables(scope, var);
                true
            }
            Stmt::If(branch) => {
                self.note_inserts(scope, &branch.test);
                let mut then = scope.clone();
                then.narrow(&branch.test, true);
                let mut otherwise = scope.clone();
                otherwise.narrow(&branch.test, false);
                let then_ends = self.statement(&mut then, &branch.cons);
                let otherwise_ends =
                    branch.alt.as_ref().is_none_or(|alt| self.statement(&mut otherwise, alt));
                // What holds on the only way that leads on.
                match (then_ends, otherwise_ends) {
                    (true, false) => scope.narrow(&branch.test, true),
                    (false, true) => scope.narrow(&branch.test, false),
                    _ => {}
                }
                then_ends || otherwise_ends
            }
            Stmt::Try(attempt) => {
                let tried = self.statements(&mut scope.clone(), &attempt.block.stmts);
                let handled = attempt.handler.as_ref().is_some_and(|handler| {
                    let mut inner = scope.clone();
                    if let Some(pattern) = &handler.param {
                        self.bind(&mut inner, pattern, None);
                    }
                    self.statements(&mut inner, &handler.body.stmts)
                });
                let finished = attempt
                    .finalizer
                    .as_ref()
                    .is_none_or(|f| self.statements(&mut scope.clone(), &f.stmts));
                (tried || handled) && finished
            }
            Stmt::ForOf(each) => {
                self.note_inserts(scope, &each.right);
                let items = self.ty(scope, &each.right);
                let item = items.as_ref().and_then(expr::item);
                let item = if each.is_await { item.map(awaited) } else { item };
                let mut inner = scope.clone();
                if let ForHead::VarDecl(var) = &each.left
                    && let [declarator] = var.decls.as_slice()
                {
                    self.bind(&mut inner, &declarator.name, item);
                }
                self.statement(&mut inner, &each.body);
                true
            }
            Stmt::ForIn(each) => {
                let mut inner = scope.clone();
                if let ForHead::VarDecl(var) = &each.left
                    && let [declarator] = var.decls.as_slice()
                {
                    self.bind(&mut inner, &declarator.name, Some(keyword("string")));
                }
                self.statement(&mut inner, &each.body);
                true
            }
            Stmt::For(each) => {
                let mut inner = scope.clone();
                if let Some(swc_ecma_ast::VarDeclOrExpr::VarDecl(var)) = &each.init {
                    self.variables(&mut inner, var);
                }
                self.statement(&mut inner, &each.body);
                true
            }
            Stmt::While(each) => {
                self.statement(&mut scope.clone(), &each.body);
                true
            }
            Stmt::DoWhile(each) => {
                self.statement(&mut scope.clone(), &each.body);
                true
            }
            Stmt::Labeled(labeled) => {
                self.statement(scope, &labeled.body);
                true
            }
            Stmt::Switch(switch) => {
                let mut inner = scope.clone();
                let mut ends = true;
                for case in &switch.cases {
                    ends = self.statements(&mut inner, &case.cons);
                }
                let has_default = switch.cases.iter().any(|case| case.test.is_none());
                let mut breaks = Breaks(false);
                switch.cases.visit_with(&mut breaks);
                ends || !has_default || breaks.0
            }
            Stmt::Break(_) | Stmt::Continue(_) => false,
            _ => true,
        }
    }

    fn variables(&mut self, scope: &mut Scope, var: &VarDecl) {
        for VarDeclarator { name, init, .. } in &var.decls {
            let Some(init) = init else {
                self.bind(scope, name, None);
                continue;
            };
            self.note_inserts(scope, init);
            if let (Pat::Ident(ident), Expr::Array(array)) = (name, &**init)
                && ident.type_ann.is_none()
                && array.elems.is_empty()
            {
                scope.empty_array(&ident.id.sym);
                self.pushed.insert(ident.id.sym.to_string(), Vec::new());
                continue;
            }
            let ty = self.ty(scope, init);
            self.bind(scope, name, ty);
        }
    }

    /// Gives the names of a pattern their types; an annotation has the last word.
    fn bind(&mut self, scope: &mut Scope, pattern: &Pat, ty: Option<TypeExpr>) {
        match pattern {
            Pat::Ident(ident) => {
                let declared = ident.type_ann.as_ref().map(|a| self.extractor.ty(&a.type_ann));
                scope.bind(&ident.id.sym, declared.or(ty));
            }
            Pat::Object(object) => {
                let ty = object.type_ann.as_ref().map(|a| self.extractor.ty(&a.type_ann)).or(ty);
                for prop in &object.props {
                    match prop {
                        swc_ecma_ast::ObjectPatProp::Assign(prop) => {
                            let member = ty.as_ref().and_then(|ty| expr::member(ty, &prop.key.sym));
                            let member = match &prop.value {
                                Some(default) => {
                                    let default = self.ty(scope, default);
                                    member.zip(default).map(|(m, d)| union([expr::present(m), d]))
                                }
                                None => member,
                            };
                            scope.bind(&prop.key.sym, member);
                        }
                        swc_ecma_ast::ObjectPatProp::KeyValue(pair) => {
                            let member = match (&pair.key, &ty) {
                                (swc_ecma_ast::PropName::Ident(name), Some(ty)) => {
                                    expr::member(ty, &name.sym)
                                }
                                _ => None,
                            };
                            self.bind(scope, &pair.value, member);
                        }
                        swc_ecma_ast::ObjectPatProp::Rest(rest) => {
                            self.bind(scope, &rest.arg, None);
                        }
                    }
                }
            }
            Pat::Array(array) => {
                for (i, element) in array.elems.iter().enumerate() {
                    let Some(element) = element else { continue };
                    let ty = match &ty {
                        Some(TypeExpr::Tuple(elements)) => {
                            elements.get(i).filter(|e| !e.rest && !e.optional).map(|e| e.ty.clone())
                        }
                        _ => None,
                    };
                    self.bind(scope, element, ty);
                }
            }
            Pat::Assign(assign) => {
                let default = self.ty(scope, &assign.right);
                let ty = ty.zip(default).map(|(ty, d)| union([expr::present(ty), d]));
                self.bind(scope, &assign.left, ty);
            }
            Pat::Rest(rest) => self.bind(scope, &rest.arg, None),
            Pat::Invalid(_) | Pat::Expr(_) => {}
        }
    }

    /// `rows.push(row)` tells what an array that starts empty holds.
    fn note_push(&mut self, scope: &Scope, expr: &Expr) {
        let Expr::Call(call) = expr else { return };
        let Some((Expr::Ident(array), "push")) = expr::method(call) else { return };
        if !self.pushed.contains_key(array.sym.as_str()) {
            return;
        }
        let types: Vec<Option<TypeExpr>> = call
            .args
            .iter()
            .map(|argument| match self.ty(scope, &argument.expr) {
                Some(ty) if argument.spread.is_some() => expr::item(&ty),
                ty => ty,
            })
            .collect();
        if let Some(pushed) = self.pushed.get_mut(array.sym.as_str()) {
            pushed.extend(types);
        }
    }

    /// `env.storage.todos.push({ … })` anywhere in an expression.
    fn note_inserts(&mut self, scope: &Scope, expr: &Expr) {
        let mut finder = Inserts { walk: self, scope, found: Vec::new() };
        expr.visit_with(&mut finder);
        let found = finder.found;
        self.inserts.extend(found);
    }

    fn insert(&self, scope: &Scope, call: &CallExpr) -> Option<Insert> {
        let (receiver, method) = expr::method(call)?;
        let index = match method {
            "push" => 0,
            "set" | "update" => 1,
            _ => return None,
        };
        let table = self.table(scope, receiver)?;
        let argument = call.args.get(index).filter(|a| a.spread.is_none())?;
        Some(Insert {
            table,
            ty: self.written(scope, &argument.expr),
            partial: method == "update",
            span: span(argument.expr.span()),
        })
    }

    /// What a closure that is called for each element of an array gives, and what it writes.
    fn closure(
        &self,
        scope: &Scope,
        arrow: &ArrowExpr,
        arguments: Vec<Option<TypeExpr>>,
    ) -> (Option<TypeExpr>, Vec<Insert>) {
        let mut walk = Walk {
            extractor: self.extractor,
            class: self.class,
            returns: Vec::new(),
            inserts: Vec::new(),
            pushed: self.pushed.clone(),
            depth: self.depth + 1,
            fuel: Rc::clone(&self.fuel),
        };
        if walk.depth > MAX_DEPTH {
            return (None, Vec::new());
        }
        let mut scope = scope.clone();
        let mut arguments = arguments.into_iter();
        for pattern in &arrow.params {
            walk.bind(&mut scope, pattern, arguments.next().flatten());
        }
        let body = match &*arrow.body {
            ArrowFunctionBody::FunctionBody(body) => Body::Block(&body.stmts),
            ArrowFunctionBody::Expr(expr) => Body::Expr(expr),
        };
        let result = walk.function(&mut scope, body, &Changed::of(body));
        let result = result.map(|ty| if arrow.is_async { promise(ty) } else { ty });
        (result, walk.inserts)
    }

    /// What is written: an object keeps the fields that can be told.
    fn written(&self, scope: &Scope, expr: &Expr) -> TypeExpr {
        let ty = match expr {
            Expr::Paren(e) => return self.written(scope, &e.expr),
            Expr::TsSatisfies(e) => return self.written(scope, &e.expr),
            Expr::Object(object) => self.object(scope, object, true),
            expr => self.ty(scope, expr),
        };
        ty.unwrap_or_else(|| keyword("unknown"))
    }
}

/// Finds what an expression writes into tables.
struct Inserts<'w, 'a> {
    walk: &'w Walk<'a>,
    scope: &'w Scope,
    found: Vec<Insert>,
}

impl Visit for Inserts<'_, '_> {
    fn visit_call_expr(&mut self, call: &CallExpr) {
        self.found.extend(self.walk.insert(self.scope, call));
        call.callee.visit_with(self);
        for argument in &call.args {
            if let Expr::Arrow(arrow) = &*argument.expr {
                let arguments = self.walk.closure_arguments(self.scope, call);
                self.found.extend(self.walk.closure(self.scope, arrow, arguments).1);
            } else {
                argument.visit_with(self);
            }
        }
    }
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        self.found.extend(self.walk.closure(self.scope, arrow, Vec::new()).1);
    }
    fn visit_function(&mut self, _: &Function) {}
    fn visit_class(&mut self, _: &Class) {}
    fn visit_ts_type(&mut self, _: &TsType) {}
}

struct Breaks(bool);

impl Visit for Breaks {
    fn visit_break_stmt(&mut self, _: &swc_ecma_ast::BreakStmt) {
        self.0 = true;
    }
    fn visit_function(&mut self, _: &Function) {}
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_class(&mut self, _: &Class) {}
}

/// Closures in closures.
const MAX_DEPTH: usize = 8;

/// Expressions of one function, closures included.
const FUEL: u32 = 20_000;
