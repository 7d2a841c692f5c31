//! What the tree says about the lift's guesses.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_common::Spanned;
use swc_ecma_ast::{
    ArrowExpr, ArrowFunctionBody, AutoAccessor, BindingIdent, BlockStmt, CatchClause, Class,
    ClassDecl, ClassExpr, ClassMethod, ClassProp, Decl, Decorator, FnDecl, FnExpr, ForInStmt,
    ForOfStmt, ForStmt, Function, ImportDecl, ImportSpecifier, JSXText, Module, ModuleExportName,
    PrivateMethod, PrivateProp, Regex, Str, SwitchStmt, TsEnumDecl, TsImportEqualsDecl,
    TsModuleBlock, TsModuleDecl, TsModuleName, TsModuleRef, TsTypeElement, VarDecl, VarDeclKind,
};
use swc_ecma_visit::{Visit, VisitWith};

use crate::model::Span;

use super::{
    names::{ImportedName, Names},
    span,
};

/// Collected in one walk.
pub struct Evidence {
    /// Strings, regular expressions and JSX text, in source order.
    pub literals: Vec<Span>,
    /// Members of classes, interfaces and object types, with the end of their decorators, in source
    /// order.
    pub members: Vec<(Span, u32)>,
    /// The user's own decorators, in source order.
    pub decorators: Vec<Span>,
    /// What the file's imports say the names mean.
    pub names: Names,
    /// Declarations of names that could begin an annotation, with the part of the file they hold
    /// in.
    pub declared: FxHashMap<String, Vec<Span>>,
}

/// `roots`: the names that begin the annotations lifted so far.
pub fn collect(module: &Module, roots: &FxHashSet<&str>) -> Evidence {
    let whole = Span::new(0, u32::MAX);
    let mut collector = Collector {
        evidence: Evidence {
            literals: Vec::new(),
            members: Vec::new(),
            decorators: Vec::new(),
            names: Names::plain(),
            declared: FxHashMap::default(),
        },
        roots,
        block: whole,
        function: whole,
        var: false,
    };
    module.visit_with(&mut collector);
    let mut evidence = collector.evidence;
    evidence.literals.sort_unstable();
    evidence.members.sort_unstable();
    evidence.decorators.sort_unstable();
    evidence
}

impl Evidence {
    pub fn is_declared(&self, root: &str, at: u32) -> bool {
        self.declared
            .get(root)
            .is_some_and(|scopes| scopes.iter().any(|scope| scope.start <= at && at < scope.end))
    }
}

struct Collector<'a> {
    evidence: Evidence,
    roots: &'a FxHashSet<&'a str>,
    /// Where `let`, `const`, `class` and function declarations hold.
    block: Span,
    /// Where `var` holds.
    function: Span,
    /// Inside a `var` declaration.
    var: bool,
}

impl Collector<'_> {
    fn declare(&mut self, name: &str, scope: Span) {
        if self.roots.contains(name) {
            self.evidence.declared.entry(name.to_owned()).or_default().push(scope);
        }
    }

    fn within(&mut self, scope: Span, visit: impl FnOnce(&mut Self)) {
        let block = std::mem::replace(&mut self.block, scope);
        visit(self);
        self.block = block;
    }

    fn within_function(&mut self, scope: Span, visit: impl FnOnce(&mut Self)) {
        let function = std::mem::replace(&mut self.function, scope);
        let var = std::mem::replace(&mut self.var, false);
        self.within(scope, visit);
        self.function = function;
        self.var = var;
    }

    fn member(&mut self, member: swc_common::Span, decorators: &[Decorator]) {
        let member = span(member);
        let decorated = decorators.last().map_or(member.start, |last| span(last.span).end);
        self.evidence.members.push((member, decorated));
    }
}

impl Visit for Collector<'_> {
    fn visit_str(&mut self, node: &Str) {
        self.evidence.literals.push(span(node.span));
    }

    fn visit_regex(&mut self, node: &Regex) {
        self.evidence.literals.push(span(node.span));
    }

    fn visit_jsx_text(&mut self, node: &JSXText) {
        self.evidence.literals.push(span(node.span));
    }

    fn visit_decorator(&mut self, node: &Decorator) {
        self.evidence.decorators.push(span(node.span));
        node.visit_children_with(self);
    }

    fn visit_class_method(&mut self, node: &ClassMethod) {
        self.member(node.span, &node.function.decorators);
        node.visit_children_with(self);
    }

    fn visit_private_method(&mut self, node: &PrivateMethod) {
        self.member(node.span, &node.function.decorators);
        node.visit_children_with(self);
    }

    fn visit_class_prop(&mut self, node: &ClassProp) {
        self.member(node.span, &node.decorators);
        node.visit_children_with(self);
    }

    fn visit_private_prop(&mut self, node: &PrivateProp) {
        self.member(node.span, &node.decorators);
        node.visit_children_with(self);
    }

    fn visit_auto_accessor(&mut self, node: &AutoAccessor) {
        self.member(node.span, &node.decorators);
        node.visit_children_with(self);
    }

    fn visit_ts_type_element(&mut self, node: &TsTypeElement) {
        self.member(node.span(), &[]);
        node.visit_children_with(self);
    }

    fn visit_import_decl(&mut self, node: &ImportDecl) {
        node.visit_children_with(self);
        let specifier = node.src.value.to_string_lossy();
        for name in &node.specifiers {
            let (local, imported, namespace) = match name {
                ImportSpecifier::Named(named) => {
                    let imported = match &named.imported {
                        None => named.local.sym.to_string(),
                        Some(ModuleExportName::Ident(ident)) => ident.sym.to_string(),
                        Some(ModuleExportName::Str(text)) => {
                            text.value.to_string_lossy().into_owned()
                        }
                    };
                    (&named.local, Some(imported), false)
                }
                ImportSpecifier::Default(default) => (&default.local, None, false),
                ImportSpecifier::Namespace(namespace) => (&namespace.local, None, true),
            };
            self.evidence.names.import(&ImportedName {
                local: &local.sym,
                imported: imported.as_deref(),
                namespace,
                specifier: &specifier,
            });
        }
    }

    fn visit_ts_import_equals_decl(&mut self, node: &TsImportEqualsDecl) {
        node.visit_children_with(self);
        match &node.module_ref {
            TsModuleRef::TsExternalModuleRef(external) => {
                self.evidence.names.import(&ImportedName {
                    local: &node.id.sym,
                    imported: None,
                    namespace: true,
                    specifier: &external.expr.value.to_string_lossy(),
                });
            }
            TsModuleRef::TsEntityName(_) => self.declare(&node.id.sym, self.block),
        }
    }

    fn visit_decl(&mut self, node: &Decl) {
        node.visit_children_with(self);
    }

    fn visit_fn_decl(&mut self, node: &FnDecl) {
        self.declare(&node.ident.sym, self.block);
        node.function.visit_with(self);
    }

    fn visit_class_decl(&mut self, node: &ClassDecl) {
        self.declare(&node.ident.sym, self.block);
        node.class.visit_with(self);
    }

    fn visit_ts_enum_decl(&mut self, node: &TsEnumDecl) {
        self.declare(&node.id.sym, self.block);
        node.visit_children_with(self);
    }

    fn visit_ts_module_decl(&mut self, node: &TsModuleDecl) {
        if let TsModuleName::Ident(ident) = &node.id {
            self.declare(&ident.sym, self.block);
        }
        node.visit_children_with(self);
    }

    fn visit_fn_expr(&mut self, node: &FnExpr) {
        if let Some(ident) = &node.ident {
            self.declare(&ident.sym, span(node.function.span));
        }
        node.function.visit_with(self);
    }

    fn visit_class_expr(&mut self, node: &ClassExpr) {
        if let Some(ident) = &node.ident {
            self.declare(&ident.sym, span(node.class.span));
        }
        node.class.visit_with(self);
    }

    fn visit_class(&mut self, node: &Class) {
        node.visit_children_with(self);
    }

    fn visit_function(&mut self, node: &Function) {
        node.decorators.visit_with(self);
        let body = node.body.as_ref().map_or(span(node.span), |body| span(body.span));
        self.within_function(body, |this| {
            node.params.visit_with(this);
            node.body.visit_with(this);
        });
        node.type_params.visit_with(self);
        node.return_type.visit_with(self);
    }

    fn visit_arrow_expr(&mut self, node: &ArrowExpr) {
        let body = match &*node.body {
            ArrowFunctionBody::FunctionBody(body) => span(body.span),
            ArrowFunctionBody::Expr(body) => span(body.span()),
        };
        self.within_function(body, |this| node.visit_children_with(this));
    }

    fn visit_ts_module_block(&mut self, node: &TsModuleBlock) {
        self.within_function(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_block_stmt(&mut self, node: &BlockStmt) {
        self.within(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_switch_stmt(&mut self, node: &SwitchStmt) {
        self.within(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_catch_clause(&mut self, node: &CatchClause) {
        self.within(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_for_stmt(&mut self, node: &ForStmt) {
        self.within(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_for_in_stmt(&mut self, node: &ForInStmt) {
        self.within(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_for_of_stmt(&mut self, node: &ForOfStmt) {
        self.within(span(node.span), |this| node.visit_children_with(this));
    }

    fn visit_var_decl(&mut self, node: &VarDecl) {
        let var = std::mem::replace(&mut self.var, node.kind == VarDeclKind::Var);
        node.visit_children_with(self);
        self.var = var;
    }

    fn visit_binding_ident(&mut self, node: &BindingIdent) {
        let scope = if self.var { self.function } else { self.block };
        self.declare(&node.id.sym, scope);
        node.visit_children_with(self);
    }
}
