//! Middlewares with a path to their end on which nothing was decided.
//!
//! Input: `async (ctx, next) => { if (ctx.isAnonymous) await next(); }`
//! Output: K271, since whoever has an account comes to the end, and the call is refused.
//!
//! A path is decided where it mentions `next`, returns or throws. What may be decided elsewhere (in
//! a closure, by a function that `next` is handed to) counts as decided.

use rustc_hash::FxHashSet;
use swc_atoms::Atom;
use swc_common::{BytePos, Span as SwcSpan};
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AwaitExpr, BinaryOp, Decl, Expr, ForHead, Function, FunctionBody,
    Id, Ident, Lit, Module, Pat, Stmt, VarDecl, VarDeclOrExpr,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{Extractor, diagnostics::undecided_path};
use crate::{
    model::{Span, contract::Middleware},
    source::span,
};

impl Extractor<'_> {
    pub fn check_paths(&self, module: &Module, middlewares: &[Middleware]) {
        let wanted = middlewares.iter().filter_map(|middleware| middleware.function).collect();
        module.visit_with(&mut Finder { extractor: self, wanted });
    }

    fn check_function(&self, whole: SwcSpan, params: &[&Pat], body: &FunctionBody) {
        let next = match params {
            [Pat::Rest(_), ..] => return,
            [_, Pat::Ident(next), ..] => Some(next.to_id()),
            [_, Pat::Assign(assign), ..] => match &*assign.left {
                Pat::Ident(next) => Some(next.to_id()),
                _ => return,
            },
            [_, ..] if params.len() > 1 => return,
            _ => None,
        };
        let mut paths = Paths { next, jumps: Vec::new(), thrown: false };
        if paths.statements(&body.stmts) {
            let head = span(SwcSpan::new(whole.lo, body.span.lo.max(whole.lo)));
            let end = span(SwcSpan::new(BytePos(body.span.hi.0 - 1), body.span.hi));
            let text = &self.text[head.start as usize..head.end as usize];
            let length = u32::try_from(text.trim_end().len()).unwrap_or_default();
            let head = Span::new(head.start, head.start + length.max(1));
            self.report(undecided_path(self.file, head, end));
        }
    }
}

/// Finds the functions of middlewares by their places.
struct Finder<'e, 'a> {
    extractor: &'e Extractor<'a>,
    wanted: FxHashSet<Span>,
}

impl Visit for Finder<'_, '_> {
    fn visit_arrow_expr(&mut self, arrow: &ArrowExpr) {
        if self.wanted.contains(&span(arrow.span))
            && let ArrowFunctionBody::FunctionBody(body) = &*arrow.body
        {
            let params: Vec<&Pat> = arrow.params.iter().collect();
            self.extractor.check_function(arrow.span, &params, body);
        }
        arrow.visit_children_with(self);
    }

    fn visit_function(&mut self, function: &Function) {
        if self.wanted.contains(&span(function.span))
            && let Some(body) = &function.body
            && !function.is_generator
        {
            let params: Vec<&Pat> = function.params.iter().map(|param| &param.pat).collect();
            self.extractor.check_function(function.span, &params, body);
        }
        function.visit_children_with(self);
    }
}

/// Follows the paths on which nothing is decided yet. Methods tell whether one of them leads on.
struct Paths {
    next: Option<Id>,
    /// `break` (true) and `continue`, with their labels, on such a path.
    jumps: Vec<(bool, Option<Atom>)>,
    /// Such a path may have thrown inside of the innermost `try`.
    thrown: bool,
}

impl Paths {
    fn statements(&mut self, statements: &[Stmt]) -> bool {
        statements.iter().all(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &Stmt) -> bool {
        match statement {
            Stmt::Return(_) => false,
            Stmt::Throw(_) => {
                self.thrown = true;
                false
            }
            Stmt::Block(block) => self.statements(&block.stmts),
            Stmt::If(branch) => {
                if self.decides(&branch.test) {
                    return false;
                }
                let then = self.statement(&branch.cons);
                let otherwise = branch.alt.as_ref().is_none_or(|alt| self.statement(alt));
                then || otherwise
            }
            Stmt::Labeled(labeled) => {
                let before = self.jumps.len();
                let ends = self.statement(&labeled.body);
                let label = Some(&labeled.label.sym);
                self.landed(before, true, label) | self.landed(before, false, label) | ends
            }
            Stmt::Break(jump) => self.jump(true, jump.label.as_ref()),
            Stmt::Continue(jump) => self.jump(false, jump.label.as_ref()),
            Stmt::While(each) => {
                !self.decides(&each.test) && self.repeated(&each.body, Some(&each.test))
            }
            Stmt::DoWhile(each) => {
                let before = self.jumps.len();
                let ends = self.statement(&each.body);
                let tested = self.landed(before, false, None) | ends;
                let leaves = tested && !self.decides(&each.test) && !is_true(&each.test);
                self.landed(before, true, None) | leaves
            }
            Stmt::For(each) => {
                let begun = match &each.init {
                    Some(VarDeclOrExpr::VarDecl(var)) => !self.declares(var),
                    Some(VarDeclOrExpr::Expr(init)) => !self.decides(init),
                    None => true,
                };
                let test = each.test.as_deref();
                begun
                    && !test.is_some_and(|test| self.decides(test))
                    && self.repeated(&each.body, test)
            }
            Stmt::ForIn(each) => self.each(&each.left, &each.right, &each.body),
            Stmt::ForOf(each) => {
                self.thrown |= each.is_await;
                self.each(&each.left, &each.right, &each.body)
            }
            Stmt::Switch(switch) => {
                if self.decides(&switch.discriminant) {
                    return false;
                }
                let before = self.jumps.len();
                let mut ends = true;
                for case in &switch.cases {
                    ends = self.statements(&case.cons);
                }
                let has_default = switch.cases.iter().any(|case| case.test.is_none());
                self.landed(before, true, None) | ends || !has_default
            }
            Stmt::Try(attempt) => {
                let outer = std::mem::take(&mut self.thrown);
                let tried = self.statements(&attempt.block.stmts);
                let thrown = std::mem::replace(&mut self.thrown, outer);
                let caught = if let Some(handler) = &attempt.handler {
                    thrown && self.statements(&handler.body.stmts)
                } else {
                    self.thrown |= thrown;
                    false
                };
                let finished = attempt.finalizer.as_ref().is_none_or(|f| self.statements(&f.stmts));
                (tried || caught) && finished
            }
            Stmt::Expr(statement) => !self.decides(&statement.expr),
            Stmt::Decl(Decl::Var(var)) => !self.declares(var),
            Stmt::Decl(decl) => !self.mentions(decl),
            Stmt::With(_) | Stmt::Empty(_) | Stmt::Debugger(_) => true,
        }
    }

    fn each(&mut self, left: &ForHead, right: &Expr, body: &Stmt) -> bool {
        !self.mentions(left) && !self.decides(right) && {
            self.repeated(body, None);
            true
        }
    }

    /// A body that is run again while `test` holds; None: that cannot be told, or for ever.
    fn repeated(&mut self, body: &Stmt, test: Option<&Expr>) -> bool {
        let before = self.jumps.len();
        self.statement(body);
        self.landed(before, false, None);
        let endless = test.is_none_or(is_true);
        self.landed(before, true, None) || !endless
    }

    fn jump(&mut self, is_break: bool, label: Option<&Ident>) -> bool {
        self.jumps.push((is_break, label.map(|label| label.sym.clone())));
        false
    }

    /// Jumps since `before` that lead here.
    fn landed(&mut self, before: usize, is_break: bool, label: Option<&Atom>) -> bool {
        let all = self.jumps.len();
        let mut inside = self.jumps.split_off(before);
        inside.retain(|(kind, target)| *kind != is_break || target.as_ref() != label);
        self.jumps.append(&mut inside);
        self.jumps.len() < all
    }

    fn declares(&mut self, var: &VarDecl) -> bool {
        var.decls.iter().any(|declarator| {
            self.mentions(&declarator.name)
                || declarator.init.as_ref().is_some_and(|init| self.decides(init))
        })
    }

    /// Whatever comes of it, `next` has been mentioned.
    fn decides(&mut self, expr: &Expr) -> bool {
        let decides = self.always(expr);
        if !decides {
            let mut waits = Waits(false);
            expr.visit_with(&mut waits);
            self.thrown |= waits.0;
        }
        decides
    }

    fn always(&self, expr: &Expr) -> bool {
        match expr {
            Expr::Paren(inner) => self.always(&inner.expr),
            Expr::Await(inner) => self.always(&inner.arg),
            Expr::Bin(bin)
                if matches!(
                    bin.op,
                    BinaryOp::LogicalAnd | BinaryOp::LogicalOr | BinaryOp::NullishCoalescing
                ) =>
            {
                self.always(&bin.left)
            }
            Expr::Cond(cond) => {
                self.always(&cond.test) || (self.always(&cond.cons) && self.always(&cond.alt))
            }
            expr => self.mentions(expr),
        }
    }

    fn mentions<'n, N: VisitWith<Mentions<'n>>>(&'n self, node: &N) -> bool {
        let mut mentions = Mentions { next: self.next.as_ref(), found: false };
        node.visit_with(&mut mentions);
        mentions.found
    }
}

struct Mentions<'n> {
    next: Option<&'n Id>,
    found: bool,
}

impl Visit for Mentions<'_> {
    fn visit_ident(&mut self, ident: &Ident) {
        self.found |= ident.sym == "arguments" || self.next.is_some_and(|n| *n == ident.to_id());
    }
}

/// `await` outside of inner functions.
struct Waits(bool);

impl Visit for Waits {
    fn visit_await_expr(&mut self, _: &AwaitExpr) {
        self.0 = true;
    }
    fn visit_arrow_expr(&mut self, _: &ArrowExpr) {}
    fn visit_function(&mut self, _: &Function) {}
}

fn is_true(test: &Expr) -> bool {
    matches!(test, Expr::Lit(Lit::Bool(value)) if value.value)
}
