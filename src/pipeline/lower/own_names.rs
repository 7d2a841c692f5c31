//! What generated code calls the module's own functions and classes.
//!
//! Transforms rename: a decorated class lives on as `_Users`, a function `_jsx` makes way for
//! JSX's own import. Generated text behind the module must follow. So a statement that mentions
//! the names is planted before the transforms, renamed with everything else, and taken out again.
//!
//! ```js
//! // planted                        // harvested
//! __kontract_names(Users, _jsx);    __kontract_names(_Users, _jsx1);
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use swc_common::{DUMMY_SP, SyntaxContext};
use swc_ecma_ast::{CallExpr, Callee, Expr, ExprStmt, Ident, ModuleItem, Program, Stmt};
use swc_ecma_visit::{VisitMut, VisitMutWith};

/// Names as written → as printed.
#[derive(Clone, Debug, Default, Hash, Serialize, Deserialize)]
pub struct Names(BTreeMap<String, String>);

impl Names {
    /// A stand-in for `name` in generated text, see [`Names::put_into`].
    pub fn mention(&mut self, name: &str) -> String {
        self.0.entry(name.to_owned()).or_insert_with(|| name.to_owned());
        format!("{MARK}{name}{MARK}")
    }

    /// `own` is the context of the module's top-level names.
    pub fn plant(&self, program: &mut Program, own: SyntaxContext) {
        let Program::Module(module) = program else { return };
        // Generated names are not renamed, and have no context.
        let names = self.0.keys().filter(|name| !name.starts_with("__kontract"));
        let arguments: Vec<_> = names
            .map(|name| Expr::Ident(Ident::new(name.as_str().into(), DUMMY_SP, own)).into())
            .collect();
        if arguments.is_empty() {
            return;
        }
        let callee = Ident::new(CALLEE.into(), DUMMY_SP, SyntaxContext::empty());
        let call = Expr::Call(CallExpr {
            callee: Callee::Expr(Box::new(Expr::Ident(callee))),
            args: arguments,
            ..CallExpr::default()
        });
        let statement = ExprStmt { span: DUMMY_SP, expr: Box::new(call) };
        module.body.push(ModuleItem::Stmt(Stmt::Expr(statement)));
    }

    pub fn harvest(&mut self, program: &mut Program) {
        let mut names = self.0.iter_mut().filter(|(name, _)| !name.starts_with("__kontract"));
        let mut harvest = Harvest(None);
        program.visit_mut_with(&mut harvest);
        for printed in harvest.0.unwrap_or_default() {
            if let Some((_, name)) = names.next() {
                *name = printed;
            }
        }
    }

    pub fn printed(&self) -> impl Iterator<Item = &str> {
        self.0.values().map(String::as_str)
    }

    pub fn put_into(&self, text: &str) -> String {
        let parts = text.split(MARK).enumerate();
        parts
            .map(|(i, part)| match self.0.get(part) {
                Some(printed) if i % 2 == 1 => printed,
                _ => part,
            })
            .collect()
    }
}

struct Harvest(Option<Vec<String>>);

impl Harvest {
    /// Whether the statement stays.
    fn keep(&mut self, statement: &Stmt) -> bool {
        let Stmt::Expr(statement) = statement else { return true };
        let Expr::Call(CallExpr { callee: Callee::Expr(callee), args, .. }) = &*statement.expr
        else {
            return true;
        };
        if !callee.is_ident_ref_to(CALLEE) {
            return true;
        }
        let name = |expr: &Expr| expr.as_ident().map(|ident| ident.sym.to_string());
        self.0 = args.iter().map(|argument| name(&argument.expr)).collect();
        false
    }
}

impl VisitMut for Harvest {
    fn visit_mut_module_items(&mut self, items: &mut Vec<ModuleItem>) {
        items.retain(|item| !matches!(item, ModuleItem::Stmt(s) if !self.keep(s)));
        // `using` at the top level puts everything behind it into a block.
        if self.0.is_none() {
            items.visit_mut_children_with(self);
        }
    }

    fn visit_mut_stmts(&mut self, statements: &mut Vec<Stmt>) {
        statements.retain(|statement| self.keep(statement));
        if self.0.is_none() {
            statements.visit_mut_children_with(self);
        }
    }
}

/// Stands in no name and no string of generated text, which escapes it.
const MARK: char = '\u{1}';
const CALLEE: &str = "__kontract_names";
