//! Two values of one name at the top level of a module: TypeScript refuses that, and so does every
//! engine that is to load the output.

use rustc_hash::FxHashMap;
use swc_ecma_ast::{
    BindingIdent, Decl, DefaultDecl, Expr, Ident, Module, ModuleDecl, ModuleItem, Stmt,
    TsModuleName, VarDeclKind,
};
use swc_ecma_visit::{Visit, VisitWith};

use super::{
    Extractor,
    diagnostics::{declared_twice, exported_twice},
};
use crate::{
    model::{
        Span,
        contract::{Export, ExportTarget, TypeDeclaration},
    },
    source::span,
};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `const`, `let`, `using`.
    Variable,
    Var,
    Function,
    Class,
    Enum,
    Namespace,
}

impl Kind {
    /// TypeScript merges the two into one.
    fn merges_with(self, other: Self) -> bool {
        use Kind::{Class, Enum, Function, Namespace, Var};
        matches!(
            (self, other),
            (Var, Var)
                | (Enum, Enum)
                | (Namespace, Namespace | Class | Function | Enum)
                | (Class | Function | Enum, Namespace)
        )
    }
}

impl Extractor<'_> {
    /// Types may share their name with a value; two values may not.
    pub fn check_exported_twice(&self, exports: &[Export], types: &[TypeDeclaration]) {
        let is_type = |export: &Export| {
            export.type_only
                || matches!(&export.target, ExportTarget::Local(name)
                    if types.iter().any(|t| t.name == *name))
        };
        let mut first: FxHashMap<&str, &Export> = FxHashMap::default();
        for export in exports.iter().filter(|e| !e.name.is_empty() && !is_type(e)) {
            match first.get(export.name.as_str()) {
                Some(before) if before.target != export.target => {
                    let name = &export.name;
                    self.report(exported_twice(self.file, export.span, before.span, name));
                }
                Some(_) => {}
                None => {
                    first.insert(&export.name, export);
                }
            }
        }
    }

    pub fn check_declared_twice(&self, module: &Module) {
        let mut first: FxHashMap<String, (Kind, Span)> = FxHashMap::default();
        for item in &module.body {
            let mut add = |name: &Ident, kind: Kind| {
                let at = span(name.span);
                match first.get(name.sym.as_str()) {
                    Some((other, before)) if !kind.merges_with(*other) => {
                        self.report(declared_twice(self.file, at, *before, &name.sym));
                    }
                    Some(_) => {}
                    None => {
                        first.insert(name.sym.to_string(), (kind, at));
                    }
                }
            };
            let decl = match item {
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => &export.decl,
                ModuleItem::Stmt(Stmt::Decl(decl)) => decl,
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
                    match &export.decl {
                        DefaultDecl::Fn(function) if function.function.body.is_some() => {
                            function.ident.iter().for_each(|name| add(name, Kind::Function));
                        }
                        DefaultDecl::Class(class) => {
                            class.ident.iter().for_each(|name| add(name, Kind::Class));
                        }
                        _ => {}
                    }
                    continue;
                }
                _ => continue,
            };
            match decl {
                Decl::Fn(function) if function.function.body.is_some() => {
                    add(&function.ident, Kind::Function);
                }
                Decl::Class(class) if !class.declare => add(&class.ident, Kind::Class),
                Decl::TsEnum(decl) if !decl.declare => add(&decl.id, Kind::Enum),
                Decl::TsModule(module) if !module.declare => {
                    if let TsModuleName::Ident(name) = &module.id {
                        add(name, Kind::Namespace);
                    }
                }
                Decl::Var(var) if !var.declare => {
                    let kind =
                        if var.kind == VarDeclKind::Var { Kind::Var } else { Kind::Variable };
                    let mut bound = Bound(|name: &Ident| add(name, kind));
                    var.decls.iter().for_each(|d| d.name.visit_with(&mut bound));
                }
                Decl::Using(using) => {
                    let mut bound = Bound(|name: &Ident| add(name, Kind::Variable));
                    using.decls.iter().for_each(|d| d.name.visit_with(&mut bound));
                }
                _ => {}
            }
        }
    }
}

/// The names a pattern binds.
struct Bound<F>(F);

impl<F: FnMut(&Ident)> Visit for Bound<F> {
    fn visit_binding_ident(&mut self, name: &BindingIdent) {
        (self.0)(&name.id);
    }
    fn visit_expr(&mut self, _: &Expr) {}
}
