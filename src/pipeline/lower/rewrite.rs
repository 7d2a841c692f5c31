//! The changes to a module's own code: specifiers, `backend(…)` unwrapped, `ctx.perm` as a
//! constant, ids in the place of SQL, a name for the default export.

use swc_common::{DUMMY_SP, Span as SwcSpan, Spanned, SyntaxContext};
use swc_ecma_ast::{
    CallExpr, Callee, Decl, DefaultDecl, ExportDefaultExpr, ExportSpecifier, Expr, Ident,
    ImportDecl, ImportNamedSpecifier, ImportSpecifier, Lit, MemberProp, Module, ModuleDecl,
    ModuleItem, Number, OptChainBase, Pat, Stmt, Str, UpdateExpr, VarDecl, VarDeclKind,
    VarDeclarator,
};
use swc_ecma_visit::{VisitMut, VisitMutWith};

use crate::source::span;

use super::server::{Plan, text_literal};

/// The changes to a module's own code, made before types are removed.
pub struct Rewrite<'a> {
    pub plan: &'a Plan,
    pub unresolved: SyntaxContext,
    pub top_level: SyntaxContext,
    /// Names of `declare const ctx`, which is only there for the type checker.
    pub ambient: Vec<String>,
    /// Local names under which `ctx` is imported.
    pub contexts: Vec<String>,
    /// Names that a package supplies.
    pub free: Vec<String>,
}

/// Names that need no import in a server module → what they are imported from.
const SUPPLIED: &[(&str, &str)] = &[
    ("ctx", "kontract/runtime"),
    ("env", "kontract/runtime"),
    ("perms", "kontract/runtime"),
    ("defineMiddleware", "kontract"),
    ("mwfilter", "kontract"),
];

pub fn supplier(name: &str) -> Option<&'static str> {
    SUPPLIED.iter().find(|(supplied, _)| *supplied == name).map(|(_, package)| *package)
}

impl Rewrite<'_> {
    fn specifier(&self, literal: &mut Str) -> bool {
        let Some(printed) = literal.value.as_str().and_then(|s| self.plan.specifiers.get(s)) else {
            return false;
        };
        *literal = Str { span: literal.span, ..text_literal(printed) };
        true
    }

    fn is_supplied(&self, ident: &Ident) -> bool {
        supplier(&ident.sym).is_some()
            && (ident.ctxt == self.unresolved
                || (ident.ctxt == self.top_level && self.ambient.iter().any(|n| *n == *ident.sym)))
    }

    fn is_context(&self, expr: &Expr) -> bool {
        let Expr::Ident(ident) = bare(expr) else { return false };
        (ident.sym == "ctx" && self.is_supplied(ident))
            || (ident.ctxt == self.top_level && self.contexts.iter().any(|n| *n == *ident.sym))
    }

    /// `ctx.perm` in any spelling.
    fn is_own_mask(&self, expr: &Expr) -> bool {
        let (object, property) = match expr {
            Expr::Member(member) => (&member.obj, &member.prop),
            Expr::OptChain(chain) => match &*chain.base {
                OptChainBase::Member(member) => (&member.obj, &member.prop),
                OptChainBase::Call(_) => return false,
            },
            _ => return false,
        };
        let perm = match property {
            MemberProp::Ident(name) => name.sym == "perm",
            MemberProp::Computed(computed) => {
                matches!(&*computed.expr, Expr::Lit(Lit::Str(name)) if name.value == *"perm")
            }
            MemberProp::PrivateName(_) => false,
        };
        perm && self.is_context(object)
    }

    fn unwrapped(&self, call: &mut CallExpr) -> Option<Box<Expr>> {
        if !self.plan.unwrap.contains(&span(call.span)) {
            return None;
        }
        call.args.pop().map(|last| last.expr)
    }
}

impl VisitMut for Rewrite<'_> {
    fn visit_mut_module(&mut self, module: &mut Module) {
        for item in &module.body {
            if let ModuleItem::ModuleDecl(ModuleDecl::Import(import)) = item
                && import.src.value.as_str() == Some("kontract/runtime")
            {
                for specifier in &import.specifiers {
                    if let ImportSpecifier::Named(named) = specifier
                        && named
                            .imported
                            .as_ref()
                            .map_or(named.local.sym == "ctx", |n| *n.atom() == "ctx")
                    {
                        self.contexts.push(named.local.sym.to_string());
                    }
                }
            }
            if let ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) = item
                && var.declare
            {
                for declarator in &var.decls {
                    if let Pat::Ident(ident) = &declarator.name {
                        self.ambient.push(ident.id.sym.to_string());
                    }
                }
            }
        }
        module.body.retain(|item| match item {
            ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) => !var.declare,
            ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
                !matches!(&*export.expr, Expr::Ident(ident) if self.plan.is_type(ident))
            }
            _ => true,
        });
        module.visit_mut_children_with(self);
        if let Some(name) = &self.plan.name_default {
            name_default(module, name);
        }
    }

    fn visit_mut_import_decl(&mut self, import: &mut ImportDecl) {
        let is_json = import.src.value.as_str().is_some_and(|s| s.ends_with(".json"));
        if self.specifier(&mut import.src) && is_json {
            // The output is a module.
            import.with = None;
        }
        for specifier in &mut import.specifiers {
            if !self.plan.is_type(specifier.local()) {
                continue;
            }
            *specifier = ImportSpecifier::Named(ImportNamedSpecifier {
                span: specifier.span(),
                local: specifier.local().clone(),
                imported: None,
                is_type_only: true,
            });
        }
    }

    fn visit_mut_named_export(&mut self, export: &mut swc_ecma_ast::NamedExport) {
        for specifier in &mut export.specifiers {
            if let ExportSpecifier::Named(named) = specifier {
                let name = named.orig.atom();
                named.is_type_only |= match &export.src {
                    Some(source) => source
                        .value
                        .as_str()
                        .is_some_and(|source| self.plan.reexports_type(source, &name)),
                    None => self
                        .plan
                        .types
                        .as_ref()
                        .is_some_and(|types| types.locals.contains(name.as_str())),
                };
            }
        }
        match &mut export.src {
            Some(source) => {
                self.specifier(source);
            }
            None => export.visit_mut_children_with(self),
        }
    }

    fn visit_mut_export_all(&mut self, export: &mut swc_ecma_ast::ExportAll) {
        self.specifier(&mut export.src);
    }

    fn visit_mut_call_expr(&mut self, call: &mut CallExpr) {
        if let Callee::Import(_) = call.callee
            && let Some(argument) = call.args.first_mut()
            && let Expr::Lit(Lit::Str(literal)) = &mut *argument.expr
        {
            let is_json = literal.value.as_str().is_some_and(|s| s.ends_with(".json"));
            if self.specifier(literal) && is_json {
                call.args.truncate(1);
            }
        }
        call.visit_mut_children_with(self);
    }

    fn visit_mut_expr(&mut self, expr: &mut Expr) {
        if let Some(id) = self.plan.statements.get(&span(expr.span())) {
            *expr = Expr::Lit(Lit::Str(Str { span: expr.span(), ..text_literal(id) }));
            return;
        }
        if let Expr::Call(call) = expr
            && let Some(function) = self.unwrapped(call)
        {
            *expr = *function;
        }
        if self.is_own_mask(expr)
            && let Some((_, mask)) =
                self.plan.masks.iter().find(|(body, _)| body.contains(span(expr.span())))
        {
            let span = expr.span();
            *expr = Expr::Lit(Lit::Num(Number { span, value: f64::from(*mask), raw: None }));
            return;
        }
        expr.visit_mut_children_with(self);
    }

    /// The standard transform leaves `const Users = @entity class {}` without its name.
    fn visit_mut_var_declarator(&mut self, declarator: &mut VarDeclarator) {
        if let (Pat::Ident(name), Some(Expr::Class(class))) =
            (&declarator.name, declarator.init.as_deref_mut())
            && class.ident.is_none()
            && !class.class.decorators.is_empty()
        {
            class.ident = Some(name.id.clone());
        }
        declarator.visit_mut_children_with(self);
    }

    // What is assigned to must stay what it is.
    fn visit_mut_update_expr(&mut self, update: &mut UpdateExpr) {
        update.arg.visit_mut_children_with(self);
    }

    fn visit_mut_pat(&mut self, pat: &mut Pat) {
        match pat {
            Pat::Expr(target) => target.visit_mut_children_with(self),
            pat => pat.visit_mut_children_with(self),
        }
    }

    fn visit_mut_ident(&mut self, ident: &mut Ident) {
        if self.is_supplied(ident) {
            ident.ctxt = self.unresolved;
            if !self.free.iter().any(|n| *n == *ident.sym) {
                self.free.push(ident.sym.to_string());
            }
        }
    }

    // Types are about to go; `typeof ctx` in one is no use of it.
    fn visit_mut_ts_type(&mut self, _: &mut swc_ecma_ast::TsType) {}
}

/// The expression without parentheses and types around it.
fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(paren) => bare(&paren.expr),
        Expr::TsAs(cast) => bare(&cast.expr),
        Expr::TsTypeAssertion(cast) => bare(&cast.expr),
        Expr::TsNonNull(cast) => bare(&cast.expr),
        Expr::TsSatisfies(cast) => bare(&cast.expr),
        expr => expr,
    }
}

/// `export default <expression>` → `const name = <expression>; export default name`.
fn name_default(module: &mut Module, name: &str) {
    let Some(index) = module.body.iter().position(|item| {
        matches!(
            item,
            ModuleItem::ModuleDecl(
                ModuleDecl::ExportDefaultExpr(_) | ModuleDecl::ExportDefaultDecl(_)
            )
        )
    }) else {
        return;
    };
    let ident = |span: SwcSpan| Ident::new(name.into(), span, SyntaxContext::empty());
    match &mut module.body[index] {
        ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
            if let DefaultDecl::Fn(function) = &mut export.decl
                && function.ident.is_none()
            {
                function.ident = Some(ident(DUMMY_SP));
            }
        }
        ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
            let at = export.span;
            let value = std::mem::replace(&mut export.expr, Box::new(Expr::Ident(ident(DUMMY_SP))));
            let declaration = VarDecl {
                span: value.span(),
                ctxt: SyntaxContext::empty(),
                kind: VarDeclKind::Const,
                declare: false,
                decls: vec![VarDeclarator {
                    span: value.span(),
                    name: Pat::Ident(ident(DUMMY_SP).into()),
                    init: Some(value),
                    definite: false,
                }],
            };
            let expr = Box::new(Expr::Ident(ident(DUMMY_SP)));
            let export = ExportDefaultExpr { span: at, expr };
            module.body.splice(
                index..=index,
                [
                    ModuleItem::Stmt(Stmt::Decl(Decl::Var(Box::new(declaration)))),
                    ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)),
                ],
            );
        }
        _ => {}
    }
}
