//! One source file → what it says (`ModuleContract`). Pure and per file: no other file is looked
//! at, and no syntax tree leaves.

mod arguments;
mod attach;
mod classes;
mod constant;
mod diagnostics;
mod declarations;
mod docs;
mod enums;
mod functions;
mod imports;
mod infer;
mod members;
mod middleware;
mod names;
mod paths;
mod reach;
mod results;
mod twice;
mod types;
mod uses;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
};

use rustc_hash::FxHashSet;
use swc_atoms::Atom;
use swc_common::{
    BytePos, GLOBALS, Globals, Mark, Spanned, SyntaxContext, comments::SingleThreadedComments,
};
use swc_ecma_ast::{
    Decl, DefaultDecl, ExportDecl, Expr, FnDecl, Module, ModuleDecl, ModuleItem, Pass, Pat,
    Program, Stmt, VarDecl, VarDeclKind,
};
use swc_ecma_transforms_base::resolver;
use swc_ecma_visit::VisitWith;

pub use self::diagnostics::{exec_not_on_one_table, not_constant, not_endpoints, wrong_value};
use self::{
    attach::Attachments,
    constant::Constants,
    names::Names,
    uses::{Uses, Visitor},
};
use crate::{
    model::{
        SourcePath,
        contract::{BackendFunction, Constant, ModuleContract, TypeDeclaration, Value},
        diagnostic::Diagnostic,
        reach::Reach,
        statement::SqlCall,
        types::{Docs, FunctionType, TypeExpr},
    },
    source::{self, AnnotationName, span},
};

/// What the project's settings say of a file before it is read.
#[derive(Clone, Copy, Default, Hash)]
pub struct Hints {
    /// It is the middleware file, whose default export lists the middlewares.
    pub middleware: bool,
    /// It is server code whatever stands in it.
    pub server: bool,
}

/// `text` has no byte order mark.
pub fn extract(file: &SourcePath, text: &str, hints: Hints) -> (ModuleContract, Vec<Diagnostic>) {
    let (parsed, diagnostics) = source::parse(file, text);
    let Some(parsed) = parsed else { return (empty(file), diagnostics) };
    let source::Parsed { module, comments, annotations, plain, .. } = parsed;
    let annotated = !plain;
    GLOBALS.set(&Globals::new(), || {
        let (unresolved, top_level) = (Mark::new(), Mark::new());
        let mut program = Program::Module(module);
        resolver(unresolved, top_level, true).process(&mut program);
        let Program::Module(module) = program else { return (empty(file), diagnostics) };
        let names = Names::of(&module);
        let extractor = Extractor {
            file,
            text,
            mentions_storage: text.contains("storage"),
            comments: &comments,
            constants: Constants::of(&module, &names),
            names: &names,
            annotations: Attachments::new(annotations),
            functions: RefCell::default(),
            consumed: RefCell::default(),
            inner: Cell::new(false),
            diagnostics: RefCell::new(diagnostics),
        };
        let mut contract = extractor.module(&module, unresolved, top_level, hints);
        contract.annotated = annotated;
        let mut diagnostics = extractor.diagnostics.into_inner();
        contract.broken = diagnostics.iter().any(Diagnostic::is_error);
        // A type that stands in a signature and among the values is read twice.
        let mut seen = FxHashSet::default();
        diagnostics.retain(|d| seen.insert((d.code.clone(), d.span, d.message.clone())));
        (contract, diagnostics)
    })
}

pub struct Extractor<'a> {
    file: &'a SourcePath,
    text: &'a str,
    /// Otherwise no function of the file writes rows.
    mentions_storage: bool,
    comments: &'a SingleThreadedComments,
    names: &'a Names,
    constants: Constants<'a>,
    annotations: Attachments,
    functions: RefCell<Vec<BackendFunction>>,
    /// Where calls of `backend` and `mwfilter` start that have been read.
    consumed: RefCell<FxHashSet<BytePos>>,
    /// What is being read lies inside another type.
    inner: Cell<bool>,
    diagnostics: RefCell<Vec<Diagnostic>>,
}

impl<'a> Extractor<'a> {
    fn report(&self, diagnostic: Diagnostic) {
        self.diagnostics.borrow_mut().push(diagnostic);
    }

    /// `.d.ts`, such as packages have.
    fn is_declaration_file(&self) -> bool {
        [".d.ts", ".d.mts", ".d.cts"].iter().any(|end| self.file.as_str().ends_with(end))
    }

    fn docs(&self, position: BytePos) -> Option<Docs> {
        docs::docs(self.comments, position)
            .or_else(|| docs::docs_in_line(self.comments, self.text, position))
    }

    fn module(
        &self,
        module: &'a Module,
        unresolved: Mark,
        top_level: Mark,
        hints: Hints,
    ) -> ModuleContract {
        let mut contract = empty(self.file);
        if hints.middleware {
            contract.middleware = self.middleware(module);
            self.check_paths(module, contract.middleware.as_deref().unwrap_or_default());
        }
        let mut overloads: Vec<(&FnDecl, swc_common::Span)> = Vec::new();
        for item in &module.body {
            let (decl, outer) = match item {
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(ExportDecl { decl, span })) => {
                    (decl, *span)
                }
                ModuleItem::Stmt(Stmt::Decl(decl)) => (decl, decl.span()),
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
                    self.default_declaration(export, &mut contract);
                    continue;
                }
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultExpr(export)) => {
                    if let Expr::Call(call) = unparenthesized(&export.expr)
                        && self.names.is_call(call, "backend")
                    {
                        self.consume(call);
                        self.wrapped_function(None, call, export.span);
                    }
                    continue;
                }
                _ => continue,
            };
            if let Decl::Fn(function) = decl {
                let same = overloads
                    .first()
                    .is_none_or(|(first, _)| first.ident.sym == function.ident.sym);
                if !same {
                    overloads.clear();
                }
                if function.function.body.is_none() && !function.declare {
                    overloads.push((function, outer));
                } else {
                    self.function_declaration(&overloads, (function, outer), false);
                    overloads.clear();
                    self.value(&function.ident, Some(&function.function), &mut contract.values);
                }
                continue;
            }
            overloads.clear();
            self.declaration(decl, outer, &mut contract);
        }
        contract.functions = self.functions.take();
        self.imports(module, &mut contract);
        let (uses, values, (reach, statements)) = self.uses(module, unresolved, top_level);
        contract.reach = reach;
        contract.statements = statements;
        self.leftover_annotations(module);
        self.check_declared_twice(module);
        self.check_exported_twice(&contract.exports, &contract.types);
        for import in &mut contract.imports {
            for name in &mut import.names {
                name.used_as_value &= values.contains(&Atom::from(name.local.as_str()));
                import.runtime |= name.used_as_value;
            }
        }
        contract.imports.extend(uses.dynamic_imports);
        contract.context = uses.context;
        contract.tables = uses.tables;
        let results = self.results(module);
        contract.results = results.functions;
        contract.inserts = results.inserts;
        let is_server = hints.server
            || hints.middleware
            || !contract.functions.is_empty()
            || !contract.context.is_empty()
            || contract.imports.iter().any(|i| is_server_import(&i.specifier));
        if is_server {
            let strings = uses.strings.iter().filter_map(|text| text.as_str());
            contract.strings = strings.map(str::to_owned).collect();
            contract.strings.sort_unstable();
        }
        contract
    }

    fn default_declaration(
        &self,
        export: &swc_ecma_ast::ExportDefaultDecl,
        contract: &mut ModuleContract,
    ) {
        match &export.decl {
            DefaultDecl::Fn(function) => {
                if function.function.body.is_some() {
                    self.default_function(function.ident.as_ref(), &function.function, export.span);
                }
                if let Some(ident) = &function.ident {
                    self.value(ident, Some(&function.function), &mut contract.values);
                }
            }
            DefaultDecl::Class(class) => {
                self.methods(&class.class, class.ident.as_ref());
                if let Some(ident) = &class.ident {
                    contract.types.push(self.class(&class.class, ident, export.span));
                    contract.values.push(self.class_as_value(&class.class, ident));
                }
            }
            DefaultDecl::TsInterfaceDecl(interface) => {
                contract.types.push(self.interface(interface, export.span));
            }
        }
    }

    fn declaration(&self, decl: &Decl, outer: swc_common::Span, contract: &mut ModuleContract) {
        match decl {
            Decl::Var(var) => self.variables(var, outer, contract),
            Decl::Class(class) => {
                self.methods(&class.class, Some(&class.ident));
                contract.types.push(self.class(&class.class, &class.ident, outer));
                contract.values.push(self.class_as_value(&class.class, &class.ident));
            }
            Decl::TsModule(module) => {
                if let Some(namespace) = self.namespace(module, outer) {
                    if !module.declare && has_values(module) {
                        contract.values.push(Value {
                            name: namespace.name.clone(),
                            span: namespace.span,
                            ty: None,
                        });
                    }
                    contract.types.push(namespace);
                }
            }
            decl => {
                let ty: Option<TypeDeclaration> = self.type_declaration(decl, outer);
                contract.types.extend(ty);
            }
        }
    }

    fn variables(&self, var: &VarDecl, outer: swc_common::Span, contract: &mut ModuleContract) {
        for declarator in &var.decls {
            let Pat::Ident(ident) = &declarator.name else {
                let mut bound = Bound::default();
                declarator.name.visit_with(&mut bound);
                contract.values.extend(bound.0);
                continue;
            };
            let value = || Value {
                name: ident.id.sym.to_string(),
                span: span(ident.id.span),
                ty: match &ident.type_ann {
                    Some(declared) => Some(self.ty(&declared.type_ann)),
                    None => declarator.init.as_deref().and_then(|init| self.declared_type(init)),
                },
            };
            let Some(init) = &declarator.init else {
                if !var.declare {
                    contract.values.push(value());
                }
                continue;
            };
            if let Expr::Call(call) = unparenthesized(init)
                && self.names.is_call(call, "backend")
                && (self.names.is_imported_reference(callee(call), "backend")
                    || takes_function(call))
            {
                self.consume(call);
                if var.kind == VarDeclKind::Const {
                    self.wrapped_function(Some(&ident.id), call, outer);
                } else {
                    let at = span(call.callee.span());
                    self.report(diagnostics::misplaced_call(self.file, at, "backend"));
                }
                continue;
            }
            let constant = (var.kind == VarDeclKind::Const)
                .then(|| self.constants.evaluate(init).ok())
                .flatten();
            match constant {
                Some(constant) => contract.constants.push(Constant {
                    name: ident.id.sym.to_string(),
                    value: constant,
                    ty: ident.type_ann.as_ref().map(|t| self.ty(&t.type_ann)),
                    given: self
                        .constants
                        .given_types(init)
                        .into_iter()
                        .map(|t| self.ty(t))
                        .collect(),
                    as_const: matches!(unparenthesized(init), Expr::TsConstAssertion(_)),
                    docs: self.docs(outer.lo),
                    span: span(ident.id.span),
                }),
                None => contract.values.push(value()),
            }
        }
    }

    fn consume(&self, call: &swc_ecma_ast::CallExpr) {
        self.consumed.borrow_mut().insert(call.span.lo);
    }

    fn value(
        &self,
        ident: &swc_ecma_ast::Ident,
        function: Option<&swc_ecma_ast::Function>,
        values: &mut Vec<Value>,
    ) {
        let ty = function.and_then(|f| complete(self.function_type(f)));
        values.push(Value { name: ident.sym.to_string(), span: span(ident.span), ty });
    }

    /// The type of a function that declares its parameters and its result.
    fn declared_type(&self, init: &Expr) -> Option<TypeExpr> {
        match unparenthesized(init) {
            Expr::Arrow(arrow) => complete(self.arrow_type(arrow)),
            Expr::Fn(function) => complete(self.function_type(&function.function)),
            _ => None,
        }
    }

    fn class_as_value(&self, class: &swc_ecma_ast::Class, ident: &swc_ecma_ast::Ident) -> Value {
        let ty = self.class_value(class, ident);
        Value { name: ident.sym.to_string(), span: span(ident.span), ty }
    }

    fn uses(
        &self,
        module: &Module,
        unresolved: Mark,
        top_level: Mark,
    ) -> (Uses, FxHashSet<Atom>, (Vec<Reach>, Vec<SqlCall>)) {
        let mut ambient = FxHashSet::default();
        for item in &module.body {
            if let ModuleItem::Stmt(Stmt::Decl(Decl::Var(var))) = item
                && var.declare
            {
                for declarator in &var.decls {
                    if let Pat::Ident(ident) = &declarator.name {
                        ambient.insert(ident.id.sym.to_string());
                    }
                }
            }
        }
        let mut visitor = Visitor {
            extractor: self,
            unresolved: SyntaxContext::empty().apply_mark(unresolved),
            top_level: SyntaxContext::empty().apply_mark(top_level),
            ambient,
            uses: Uses::default(),
            awaits: true,
        };
        module.visit_with(&mut visitor);
        let mut uses = std::mem::take(&mut visitor.uses);
        let values = std::mem::take(&mut uses.values);
        let reach = reach::reach(module, &visitor);
        (uses, values, reach)
    }

    /// Annotations that belong to no node that takes any.
    fn leftover_annotations(&self, module: &Module) {
        if self.annotations.is_empty() {
            return;
        }
        for annotation in self.annotations.left() {
            let name = annotation.name.as_str();
            let belongs = belongs(annotation.name);
            match attach::kind_at(module, annotation.anchor) {
                Some(what) => {
                    let help = format!("`@{name}` stands before {belongs}");
                    self.report(diagnostics::wrong_kind(
                        self.file,
                        annotation.span,
                        name,
                        what,
                        &help,
                    ));
                }
                None => self.report(diagnostics::attached_to_nothing(
                    self.file,
                    annotation.span,
                    name,
                    belongs,
                )),
            }
        }
    }
}

/// What an annotation stands before.
fn belongs(name: AnnotationName) -> &'static str {
    match name {
        AnnotationName::Backend => {
            "a top-level function or a method of a top-level class; for a `const`, write `backend({ … }, async () => { … })`"
        }
        AnnotationName::MwFilter => {
            "a function inside `defineMiddleware([...])` of the middleware file"
        }
        AnnotationName::Primkey
        | AnnotationName::Perm
        | AnnotationName::Index
        | AnnotationName::Unique => "a field of a top-level interface, class or object type",
        AnnotationName::Owned | AnnotationName::Table => "a top-level interface or class",
        AnnotationName::Scalar(_) => "a parameter of a backend function, or a field",
    }
}

fn is_server_import(specifier: &str) -> bool {
    specifier.starts_with("node:") || specifier == "kontract/runtime"
}

/// What a file says that cannot be read.
pub fn empty(file: &SourcePath) -> ModuleContract {
    ModuleContract {
        file: file.clone(),
        broken: true,
        annotated: false,
        imports: Vec::new(),
        exports: Vec::new(),
        functions: Vec::new(),
        types: Vec::new(),
        constants: Vec::new(),
        values: Vec::new(),
        context: Vec::new(),
        tables: Vec::new(),
        inserts: Vec::new(),
        reach: Vec::new(),
        statements: Vec::new(),
        results: BTreeMap::new(),
        middleware: None,
        strings: Vec::new(),
    }
}

fn unparenthesized(expr: &Expr) -> &Expr {
    let mut expr = expr;
    while let Expr::Paren(paren) = expr {
        expr = &paren.expr;
    }
    expr
}

fn callee(call: &swc_ecma_ast::CallExpr) -> &Expr {
    match &call.callee {
        swc_ecma_ast::Callee::Expr(callee) => callee,
        _ => &Expr::Invalid(swc_ecma_ast::Invalid { span: swc_common::DUMMY_SP }),
    }
}

/// An unimported `backend(…)` is ours only where it wraps a function.
fn takes_function(call: &swc_ecma_ast::CallExpr) -> bool {
    call.args
        .last()
        .is_some_and(|a| matches!(unparenthesized(&a.expr), Expr::Arrow(_) | Expr::Fn(_)))
}

fn has_values(module: &swc_ecma_ast::TsModuleDecl) -> bool {
    let Some(swc_ecma_ast::TsNamespaceBody::TsModuleBlock(block)) = &module.body else {
        return true;
    };
    block.body.iter().any(|item| match item {
        ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
            !matches!(export.decl, Decl::TsInterface(_) | Decl::TsTypeAlias(_))
        }
        ModuleItem::Stmt(Stmt::Decl(decl)) => {
            !matches!(decl, Decl::TsInterface(_) | Decl::TsTypeAlias(_))
        }
        _ => true,
    })
}

fn complete(ty: FunctionType) -> Option<TypeExpr> {
    let complete = ty.result.is_some() && ty.parameters.iter().all(|p| p.ty.is_some());
    complete.then(|| TypeExpr::Function(Box::new(ty)))
}

/// The names a pattern binds.
#[derive(Default)]
struct Bound(Vec<Value>);

impl swc_ecma_visit::Visit for Bound {
    fn visit_binding_ident(&mut self, ident: &swc_ecma_ast::BindingIdent) {
        self.0.push(Value { name: ident.id.sym.to_string(), span: span(ident.id.span), ty: None });
    }
    fn visit_expr(&mut self, _: &Expr) {}
}
