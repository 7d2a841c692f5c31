//! Which middlewares can be inlined: those that mean the same when what `next()` runs stands in
//! its place.
//!
//! `next` is mentioned once and called there, in one of these forms, outside of loops and nested
//! functions:
//! ```js
//! await next();
//! x = await next();
//! const x = await next();
//! return await next();
//! return next();          // not within `try`, which would catch what it lets through
//! ```
//! `this`, `arguments`, `new.target`, `super` and a direct `eval` belong to the function itself.

use rustc_hash::FxHashSet;
use swc_atoms::Atom;
use swc_common::{Span, Spanned};
use swc_ecma_ast::{
    AssignOp, AssignTarget, CatchClause, Class, Decl, DoWhileStmt, Expr, ForInStmt, ForOfStmt,
    ForStmt, Function, Id, Ident, MetaPropExpr, MetaPropKind, Pat, ReturnStmt, SimpleAssignTarget,
    Stmt, Super, ThisExpr, TryStmt, VarDecl, VarDeclKind, WhileStmt,
};
use swc_ecma_transforms_base::rename::contains_eval;
use swc_ecma_utils::{collect_decls, find_pat_ids};
use swc_ecma_visit::{Visit, VisitWith};

use crate::pipeline::lower::scope::Mentioned;

/// A middleware's function as it stands in the file.
pub struct Text {
    pub parameters: Vec<Pat>,
    pub body: Vec<Stmt>,
    pub generator: bool,
    /// The name of a function expression, within itself.
    pub own_name: Option<Id>,
    /// The name of a declaration.
    pub declared: Option<Id>,
}

/// A middleware that can be inlined.
pub struct Form {
    /// What it takes the context as.
    pub context: Pat,
    pub next: Id,
    pub body: Vec<Stmt>,
    /// All that it declares, and in nested functions, but for `next`.
    pub declared: FxHashSet<Id>,
    /// What it declares by `var`, which is no name of a block.
    pub vars: Vec<Id>,
    /// Where `next()` stands.
    pub site: Span,
    /// It may return a value of its own.
    pub answers: bool,
    /// A `finally` may overtake a `return` with a value.
    pub overtaken: bool,
}

/// A statement that waits for `next()`, or returns it.
pub enum Site {
    Statement,
    Assignment,
    Declaration,
    Return { awaited: bool },
}

impl Text {
    pub fn form(&self) -> Option<Form> {
        let [context @ (Pat::Ident(_) | Pat::Object(_) | Pat::Array(_)), Pat::Ident(next)] =
            &*self.parameters
        else {
            return None;
        };
        let (next, body) = (next.to_id(), &self.body);
        let mut own = Own {
            name: self.own_name.as_ref(),
            next: &next,
            found: false,
            mentions: 0,
            functions: 0,
        };
        context.visit_with(&mut own);
        body.visit_with(&mut own);
        let mut walk = Walk::of(&next);
        body.visit_with(&mut walk);
        let names = Declared::by(context, &next, body);
        let fits = !self.generator
            && !own.found
            && own.mentions == 1
            && !contains_eval(body, true)
            && !names.collide();
        let Walk { site, answers, overtaken, .. } = walk;
        let site = site.filter(|_| fits)?;
        let mut declared: FxHashSet<Id> = collect_decls(body);
        declared.extend(names.caught);
        declared.extend(find_pat_ids::<_, Id>(context));
        let (context, body, vars) = (context.clone(), body.clone(), names.vars);
        Some(Form { context, next, body, declared, vars, site, answers, overtaken })
    }
}

impl Form {
    /// Names that it takes from the module or from outside.
    pub fn free(&self) -> FxHashSet<Atom> {
        let mut names = Mentioned::default();
        self.context.visit_with(&mut names);
        self.body.visit_with(&mut names);
        let own = |id: &Id| *id == self.next || self.declared.contains(id);
        names.0.into_iter().filter(|id| !own(id)).map(|(name, _)| name).collect()
    }
}

impl Site {
    pub fn of(statement: &Stmt, next: &Id) -> Option<Self> {
        let awaits = |expr: &Expr| match bare(expr) {
            Expr::Await(expr) => call(&expr.arg, next).is_some(),
            _ => false,
        };
        match statement {
            Stmt::Expr(statement) => match bare(&statement.expr) {
                expr if awaits(expr) => Some(Self::Statement),
                Expr::Assign(assign)
                    if assign.op == AssignOp::Assign
                        && matches!(
                            assign.left,
                            AssignTarget::Simple(SimpleAssignTarget::Ident(_))
                        )
                        && awaits(&assign.right) =>
                {
                    Some(Self::Assignment)
                }
                _ => None,
            },
            Stmt::Decl(Decl::Var(var)) => match &*var.decls {
                [one] if one.init.as_deref().is_some_and(awaits) => Some(Self::Declaration),
                _ => None,
            },
            Stmt::Return(ReturnStmt { arg: Some(value), .. }) => {
                let awaited = awaits(value);
                (awaited || call(value, next).is_some()).then_some(Self::Return { awaited })
            }
            _ => None,
        }
    }
}

/// The place of `next()`.
fn call(expr: &Expr, next: &Id) -> Option<Span> {
    let Expr::Call(call) = bare(expr) else { return None };
    let callee = call.callee.as_expr().map(|callee| bare(callee))?.as_ident()?;
    (callee.to_id() == *next && call.args.is_empty()).then_some(call.span)
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        expr => expr,
    }
}

/// Walks the function's own statements.
struct Walk<'a> {
    next: &'a Id,
    /// Set where the form and the place are right.
    site: Option<Span>,
    answers: bool,
    overtaken: bool,
    depth: usize,
    loops: usize,
    tries: usize,
    finals: usize,
}

impl<'a> Walk<'a> {
    fn of(next: &'a Id) -> Self {
        Self {
            next,
            site: None,
            answers: false,
            overtaken: false,
            depth: 0,
            loops: 0,
            tries: 0,
            finals: 0,
        }
    }

    fn repeat<N: VisitWith<Self>>(&mut self, node: &N) {
        self.loops += 1;
        node.visit_children_with(self);
        self.loops -= 1;
    }
}

impl Visit for Walk<'_> {
    fn visit_stmt(&mut self, statement: &Stmt) {
        let Some(site) = Site::of(statement, self.next) else {
            if let Stmt::Return(ReturnStmt { arg: Some(_), .. }) = statement {
                self.answers = true;
                self.overtaken |= self.finals > 0;
            }
            self.depth += 1;
            statement.visit_children_with(self);
            self.depth -= 1;
            return;
        };
        let caught = matches!(site, Site::Return { awaited: false }) && self.tries > 0;
        if self.loops == 0 && self.depth <= MAX_DEPTH && !caught {
            self.site = Some(statement.span());
        }
    }

    fn visit_try_stmt(&mut self, statement: &TryStmt) {
        self.tries += 1;
        self.finals += usize::from(statement.finalizer.is_some());
        statement.visit_children_with(self);
        self.finals -= usize::from(statement.finalizer.is_some());
        self.tries -= 1;
    }

    fn visit_for_stmt(&mut self, statement: &ForStmt) {
        self.repeat(statement);
    }

    fn visit_for_in_stmt(&mut self, statement: &ForInStmt) {
        self.repeat(statement);
    }

    fn visit_for_of_stmt(&mut self, statement: &ForOfStmt) {
        self.repeat(statement);
    }

    fn visit_while_stmt(&mut self, statement: &WhileStmt) {
        self.repeat(statement);
    }

    fn visit_do_while_stmt(&mut self, statement: &DoWhileStmt) {
        self.repeat(statement);
    }

    fn visit_expr(&mut self, _: &Expr) {}
    fn visit_function(&mut self, _: &Function) {}
    fn visit_class(&mut self, _: &Class) {}
}

/// Finds what belongs to the function itself, and counts the mentions of `next`.
struct Own<'a> {
    name: Option<&'a Id>,
    next: &'a Id,
    found: bool,
    mentions: usize,
    /// Functions around, which have a `this` and `arguments` of their own.
    functions: usize,
}

impl Visit for Own<'_> {
    fn visit_ident(&mut self, ident: &Ident) {
        self.mentions += usize::from(ident.to_id() == *self.next);
        self.found |=
            self.name == Some(&ident.to_id()) || (ident.sym == "arguments" && self.functions == 0);
    }

    fn visit_function(&mut self, function: &Function) {
        self.functions += 1;
        function.visit_children_with(self);
        self.functions -= 1;
    }

    fn visit_this_expr(&mut self, _: &ThisExpr) {
        self.found |= self.functions == 0;
    }

    fn visit_super(&mut self, _: &Super) {
        self.found = true;
    }

    fn visit_meta_prop_expr(&mut self, meta: &MetaPropExpr) {
        self.found |= meta.kind == MetaPropKind::NewTarget;
    }
}

/// What a function declares in the scope of its body, where it becomes a block.
struct Declared {
    vars: Vec<Id>,
    /// Functions and parameters: a function may declare one twice, a block may not.
    others: Vec<Id>,
    /// Parameters of `catch`, which a `var` within may share a name with.
    caught: Vec<Id>,
}

impl Declared {
    fn by(context: &Pat, next: &Id, body: &[Stmt]) -> Self {
        let mut others: Vec<Id> = find_pat_ids(context);
        others.push(next.clone());
        others.extend(body.iter().filter_map(|statement| match statement {
            Stmt::Decl(Decl::Fn(function)) => Some(function.ident.to_id()),
            _ => None,
        }));
        let mut declared = Self { vars: Vec::new(), others, caught: Vec::new() };
        body.visit_with(&mut declared);
        declared
    }

    fn collide(&self) -> bool {
        let mut seen = FxHashSet::default();
        let twice = !self.others.iter().all(|(name, _)| seen.insert(name));
        seen.extend(self.caught.iter().map(|(name, _)| name));
        twice || self.vars.iter().any(|(name, _)| seen.contains(name))
    }
}

impl Visit for Declared {
    fn visit_var_decl(&mut self, var: &VarDecl) {
        if var.kind == VarDeclKind::Var {
            self.vars.extend(var.decls.iter().flat_map(|one| find_pat_ids::<_, Id>(&one.name)));
        }
    }

    fn visit_catch_clause(&mut self, clause: &CatchClause) {
        self.caught.extend(clause.param.iter().flat_map(find_pat_ids::<_, Id>));
        clause.body.visit_with(self);
    }

    fn visit_expr(&mut self, _: &Expr) {}
    fn visit_function(&mut self, _: &Function) {}
    fn visit_class(&mut self, _: &Class) {}
}

/// Chains nest as deeply as the places of their `next()` together, and trees are walked
/// recursively.
const MAX_DEPTH: usize = 32;
