//! Functions that stay where they are: those of more than [`MAX_NODES`] nodes, which would be long
//! copies without a name in stacks, and those whose value goes somewhere, which has a name and an
//! identity.
//!
//! The minifier puts a constant that is used once in the place of its use. So a second use is
//! planted, and taken out again.
//!
//! ```js
//! // planted                                       // harvested
//! const report = (items) => { … };                 const report = (items) => { … };
//! __kontract_keep(report);
//! ```

use rustc_hash::FxHashMap;
use swc_common::{DUMMY_SP, SyntaxContext, util::take::Take};
use swc_ecma_ast::{
    CallExpr, Callee, Decl, Expr, ExprStmt, Id, Ident, ModuleItem, Pat, Program, Stmt,
};
use swc_ecma_visit::{Visit, VisitMut, VisitMutWith, VisitWith};

/// Names must have been resolved.
pub fn plant(program: &mut Program) {
    let mut uses = Uses::default();
    program.visit_with(&mut uses);
    program.visit_mut_with(&mut Plant(uses.0));
}

pub fn harvest(program: &mut Program) {
    program.visit_mut_with(&mut Harvest);
}

/// How often each name is mentioned, where it is declared included, and how often it is called.
#[derive(Default)]
struct Uses(FxHashMap<Id, (usize, usize)>);

impl Visit for Uses {
    fn visit_ident(&mut self, ident: &Ident) {
        self.0.entry(ident.to_id()).or_default().0 += 1;
    }

    fn visit_call_expr(&mut self, call: &CallExpr) {
        if let Callee::Expr(callee) = &call.callee
            && let Expr::Ident(name) = &**callee
        {
            self.0.entry(name.to_id()).or_default().1 += 1;
        }
        call.visit_children_with(self);
    }
}

struct Plant(FxHashMap<Id, (usize, usize)>);

impl Plant {
    fn stays(&self, name: &Id, value: &Expr) -> bool {
        let (mentions, calls) = self.0.get(name).copied().unwrap_or_default();
        let used = mentions > 1;
        match value {
            Expr::Paren(paren) => self.stays(name, &paren.expr),
            Expr::Arrow(_) | Expr::Fn(_) => {
                used && (mentions > calls + 1 || nodes(value) > MAX_NODES)
            }
            Expr::Class(_) => used,
            _ => false,
        }
    }

    fn planted(&self, statement: &Stmt) -> Vec<Stmt> {
        let Stmt::Decl(Decl::Var(var)) = statement else { return Vec::new() };
        let names = var.decls.iter().filter_map(|one| match (&one.name, &one.init) {
            (Pat::Ident(name), Some(value)) if self.stays(&name.to_id(), value) => Some(&name.id),
            _ => None,
        });
        names.map(keep).collect()
    }
}

impl VisitMut for Plant {
    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.visit_mut_children_with(self);
        let old = std::mem::take(statements);
        for statement in old {
            let planted = self.planted(&statement);
            statements.push(statement);
            statements.extend(planted);
        }
    }

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.visit_mut_children_with(self);
        let old = std::mem::take(items);
        for item in old {
            let planted = item.as_stmt().map(|statement| self.planted(statement));
            items.push(item);
            items.extend(planted.into_iter().flatten().map(ModuleItem::Stmt));
        }
    }
}

fn keep(name: &Ident) -> Stmt {
    let callee = Ident::new(CALLEE.into(), DUMMY_SP, SyntaxContext::empty());
    let expr = Box::new(Expr::Call(CallExpr {
        callee: Callee::Expr(Box::new(Expr::Ident(callee))),
        args: vec![Expr::Ident(name.clone()).into()],
        ..CallExpr::default()
    }));
    Stmt::Expr(ExprStmt { span: DUMMY_SP, expr })
}

struct Harvest;

impl VisitMut for Harvest {
    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.retain(|statement| !is_planted(statement));
        statements.visit_mut_children_with(self);
    }

    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.retain(|item| !item.as_stmt().is_some_and(is_planted));
        items.visit_mut_children_with(self);
    }

    /// One that stands alone since a block around it was taken away.
    fn visit_mut_stmt(&mut self, statement: &mut Stmt) {
        if is_planted(statement) {
            statement.take();
        }
        statement.visit_mut_children_with(self);
    }
}

fn is_planted(statement: &Stmt) -> bool {
    let Stmt::Expr(ExprStmt { expr, .. }) = statement else { return false };
    let Expr::Call(CallExpr { callee: Callee::Expr(callee), .. }) = &**expr else { return false };
    callee.is_ident_ref_to(CALLEE)
}

fn nodes(expr: &Expr) -> usize {
    let mut nodes = Nodes(0);
    expr.visit_with(&mut nodes);
    nodes.0
}

/// Counts expressions, statements and patterns, as far as [`MAX_NODES`].
struct Nodes(usize);

impl Nodes {
    fn count<N: VisitWith<Self>>(&mut self, node: &N) {
        self.0 += 1;
        if self.0 <= MAX_NODES {
            node.visit_children_with(self);
        }
    }
}

impl Visit for Nodes {
    fn visit_expr(&mut self, expr: &Expr) {
        self.count(expr);
    }

    fn visit_stmt(&mut self, statement: &Stmt) {
        self.count(statement);
    }

    fn visit_pat(&mut self, pattern: &Pat) {
        self.count(pattern);
    }
}

/// The specification, 6.3.4: "Function inlining (threshold: 50 AST nodes)".
const MAX_NODES: usize = 50;
const CALLEE: &str = "__kontract_keep";
