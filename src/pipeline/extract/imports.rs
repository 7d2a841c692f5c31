//! Imports and exports.

use rustc_hash::FxHashSet;
use swc_common::Spanned;
use swc_ecma_ast::{
    Decl, DefaultDecl, ExportSpecifier, Expr, ImportSpecifier, Module, ModuleDecl,
    ModuleExportName, ModuleItem, Pat, Str, TsModuleName, TsModuleRef,
};
use swc_ecma_visit::VisitWith;

use super::{
    Bound, Extractor,
    diagnostics::{not_available, other_package},
    types::expression_path,
    unparenthesized,
};
use crate::{
    model::{
        Span,
        contract::{
            EXPORT_ASSIGNMENT, Export, ExportTarget, Import, ImportKind, ImportedName,
            ModuleContract,
        },
    },
    source::{is_kontract, span},
};

impl Extractor<'_> {
    /// From another package an annotation is the user's own function. From one that is called
    /// almost like ours it is a slip, and without an error the function would be no route.
    fn misspelt_package(&self, specifier: &str, names: &[ImportedName]) {
        let near = |specifier: &str| {
            strsim::damerau_levenshtein(&specifier.to_lowercase(), "kontract") <= 1
        };
        if is_kontract(specifier) || specifier.len() > 9 || !near(specifier) {
            return;
        }
        for imported in names {
            if let ImportKind::Named(name) = &imported.name
                && ["backend", "mwfilter", "defineMiddleware"].contains(&name.as_str())
            {
                self.report(other_package(self.file, imported.span, name, specifier));
            }
        }
    }

    /// `used_as_value` says at first only that the name may be one: `type` is not written.
    pub fn imports(&self, module: &Module, contract: &mut ModuleContract) {
        let mut declared = FxHashSet::default();
        for item in &module.body {
            let ModuleItem::ModuleDecl(decl) = item else { continue };
            match decl {
                ModuleDecl::Import(import) => {
                    let names: Vec<_> = import
                        .specifiers
                        .iter()
                        .map(|specifier| ImportedName {
                            local: specifier.local().sym.to_string(),
                            name: match specifier {
                                ImportSpecifier::Named(named) => match &named.imported {
                                    Some(name) => import_kind(name),
                                    None => kind_of(&named.local.sym),
                                },
                                ImportSpecifier::Default(_) => ImportKind::Default,
                                ImportSpecifier::Namespace(_) => ImportKind::Namespace,
                            },
                            used_as_value: !import.type_only && !specifier.is_type_only(),
                            span: span(specifier.local().span),
                        })
                        .collect();
                    self.misspelt_package(&text(&import.src), &names);
                    contract.imports.push(Import {
                        specifier: text(&import.src),
                        span: span(import.src.span),
                        names,
                        runtime: import.specifiers.is_empty() && !import.type_only,
                    });
                }
                ModuleDecl::ExportDecl(export) => {
                    exported_declaration(&export.decl, &mut contract.exports, &mut declared);
                }
                ModuleDecl::ExportNamed(export) => {
                    if let Some(source) = &export.src {
                        let runtime = !export.type_only
                            && (export.specifiers.is_empty()
                                || export.specifiers.iter().any(
                                    |s| !matches!(s, ExportSpecifier::Named(n) if n.is_type_only),
                                ));
                        contract.imports.push(Import {
                            specifier: text(source),
                            span: span(source.span),
                            names: Vec::new(),
                            runtime,
                        });
                    }
                    let source = export.src.as_ref().map(|s| text(s));
                    for specifier in &export.specifiers {
                        contract.exports.extend(named_export(
                            specifier,
                            source.as_deref(),
                            export.type_only,
                        ));
                    }
                }
                ModuleDecl::ExportDefaultDecl(export) => {
                    let (name, type_only) = match &export.decl {
                        DefaultDecl::Class(class) => (class.ident.as_ref(), false),
                        DefaultDecl::Fn(function) => (function.ident.as_ref(), false),
                        DefaultDecl::TsInterfaceDecl(interface) => (Some(&interface.id), true),
                    };
                    let target = match name {
                        Some(name) => ExportTarget::Local(name.sym.to_string()),
                        // A nameless backend function is known as `default`.
                        None if contract
                            .functions
                            .iter()
                            .any(|f| f.default_export && f.name == "default") =>
                        {
                            ExportTarget::Local("default".to_owned())
                        }
                        None => ExportTarget::Expression,
                    };
                    contract.exports.push(Export {
                        name: "default".to_owned(),
                        target,
                        type_only,
                        span: name.map_or_else(|| span(export.span), |n| span(n.span)),
                    });
                }
                ModuleDecl::ExportDefaultExpr(export) => {
                    let target = match unparenthesized(&export.expr) {
                        Expr::Ident(ident) => ExportTarget::Local(ident.sym.to_string()),
                        _ if contract
                            .functions
                            .iter()
                            .any(|f| f.default_export && f.name == "default") =>
                        {
                            ExportTarget::Local("default".to_owned())
                        }
                        _ => ExportTarget::Expression,
                    };
                    contract.exports.push(Export {
                        name: "default".to_owned(),
                        target,
                        type_only: false,
                        span: span(export.expr.span()),
                    });
                }
                ModuleDecl::ExportAll(export) => {
                    contract.imports.push(Import {
                        specifier: text(&export.src),
                        span: span(export.src.span),
                        names: Vec::new(),
                        runtime: !export.type_only,
                    });
                    contract.exports.push(Export {
                        name: String::new(),
                        target: ExportTarget::Star { specifier: text(&export.src) },
                        type_only: export.type_only,
                        span: span(export.span),
                    });
                }
                ModuleDecl::TsImportEquals(import) => {
                    if let TsModuleRef::TsExternalModuleRef(reference) = &import.module_ref {
                        contract.imports.push(Import {
                            specifier: text(&reference.expr),
                            span: span(reference.expr.span),
                            names: vec![ImportedName {
                                local: import.id.sym.to_string(),
                                name: ImportKind::Namespace,
                                used_as_value: !import.is_type_only,
                                span: span(import.id.span),
                            }],
                            runtime: false,
                        });
                        if !import.is_type_only {
                            let at = span(import.span);
                            self.report(not_available(
                                self.file,
                                at,
                                "`import … = require(…)`",
                                "write `import … from '…'`",
                            ));
                        }
                    }
                }
                ModuleDecl::TsExportAssignment(export) => {
                    let at = span(export.span);
                    if self.is_declaration_file()
                        && let Some(name) = expression_path(&export.expr)
                    {
                        contract.exports.push(Export {
                            name: EXPORT_ASSIGNMENT.to_owned(),
                            target: ExportTarget::Local(name),
                            type_only: false,
                            span: at,
                        });
                    }
                    self.report(not_available(
                        self.file,
                        at,
                        "`export =`",
                        "write `export default`",
                    ));
                }
                ModuleDecl::TsNamespaceExport(_) => {}
            }
        }
    }
}

fn exported_declaration(
    decl: &Decl,
    exports: &mut Vec<Export>,
    declared: &mut FxHashSet<(String, bool)>,
) {
    let mut add = |name: &str, at: Span, type_only: bool| {
        // Overloads export one name.
        if declared.insert((name.to_owned(), type_only)) {
            exports.push(Export {
                name: name.to_owned(),
                target: ExportTarget::Local(name.to_owned()),
                type_only,
                span: at,
            });
        }
    };
    match decl {
        Decl::Class(class) => add(&class.ident.sym, span(class.ident.span), false),
        Decl::Fn(function) => add(&function.ident.sym, span(function.ident.span), false),
        Decl::Var(var) => {
            for declarator in &var.decls {
                match &declarator.name {
                    Pat::Ident(ident) => add(&ident.id.sym, span(ident.id.span), false),
                    pattern => {
                        let mut bound = Bound::default();
                        pattern.visit_with(&mut bound);
                        for value in bound.0 {
                            add(&value.name, value.span, false);
                        }
                    }
                }
            }
        }
        Decl::TsInterface(interface) => add(&interface.id.sym, span(interface.id.span), true),
        Decl::TsTypeAlias(alias) => add(&alias.id.sym, span(alias.id.span), true),
        Decl::TsEnum(decl) => add(&decl.id.sym, span(decl.id.span), false),
        Decl::TsModule(module) => {
            if let TsModuleName::Ident(ident) = &module.id {
                add(&ident.sym, span(ident.span), false);
            }
        }
        Decl::Using(_) => {}
    }
}

fn named_export(
    specifier: &ExportSpecifier,
    source: Option<&str>,
    type_only: bool,
) -> Option<Export> {
    let (name, imported, specifier_type_only) = match specifier {
        ExportSpecifier::Named(named) => {
            let exported = named.exported.as_ref().unwrap_or(&named.orig);
            (exported.atom().to_string(), import_kind(&named.orig), named.is_type_only)
        }
        ExportSpecifier::Namespace(namespace) => {
            (namespace.name.atom().to_string(), ImportKind::Namespace, false)
        }
        // `export v from 'mod'` is no standard syntax.
        ExportSpecifier::Default(_) => return None,
    };
    let target = match (source, imported) {
        (Some(source), imported) => {
            ExportTarget::From { specifier: source.to_owned(), name: imported }
        }
        (None, ImportKind::Named(local)) => ExportTarget::Local(local),
        (None, ImportKind::Default) => ExportTarget::Local("default".to_owned()),
        (None, ImportKind::Namespace) => return None,
    };
    Some(Export {
        name,
        target,
        type_only: type_only || specifier_type_only,
        span: span(specifier.span()),
    })
}

fn import_kind(name: &ModuleExportName) -> ImportKind {
    kind_of(&name.atom())
}

fn kind_of(name: &str) -> ImportKind {
    if name == "default" { ImportKind::Default } else { ImportKind::Named(name.to_owned()) }
}

fn text(s: &Str) -> String {
    s.value.to_string_lossy().into_owned()
}
