//! What `backend`, `perms`, `Primkey` … mean in one file: by import from `kontract` where they
//! are imported, by name where the file does not declare or import the name itself.

use rustc_hash::{FxHashMap, FxHashSet};
use swc_ecma_ast::{
    CallExpr, Callee, Decl, DefaultDecl, Expr, ImportSpecifier, MemberProp, Module, ModuleDecl,
    ModuleItem, Pat, Stmt, TsModuleName,
};

#[derive(Default)]
pub struct Names {
    /// Local name → name exported by `kontract` (or `kontract/runtime`).
    imported: FxHashMap<String, String>,
    /// `import * as k from 'kontract'`.
    namespaces: FxHashSet<String>,
    /// Top-level names with another meaning.
    taken: FxHashSet<String>,
}

impl Names {
    pub fn of(module: &Module) -> Self {
        let mut names = Self::default();
        for item in &module.body {
            match item {
                ModuleItem::ModuleDecl(ModuleDecl::Import(import)) => {
                    let ours = import
                        .src
                        .value
                        .as_str()
                        .is_some_and(|s| s == "kontract" || s == "kontract/runtime");
                    for specifier in &import.specifiers {
                        let local = specifier.local().sym.to_string();
                        match specifier {
                            ImportSpecifier::Named(named) if ours => {
                                let name = named
                                    .imported
                                    .as_ref()
                                    .map_or_else(|| local.clone(), |n| n.atom().to_string());
                                names.imported.insert(local, name);
                            }
                            ImportSpecifier::Namespace(_) if ours => {
                                names.namespaces.insert(local);
                            }
                            _ => {
                                names.taken.insert(local);
                            }
                        }
                    }
                }
                ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                    names.declare(&export.decl);
                }
                ModuleItem::ModuleDecl(ModuleDecl::ExportDefaultDecl(export)) => {
                    let ident = match &export.decl {
                        DefaultDecl::Class(class) => class.ident.as_ref(),
                        DefaultDecl::Fn(function) => function.ident.as_ref(),
                        DefaultDecl::TsInterfaceDecl(interface) => Some(&interface.id),
                    };
                    names.taken.extend(ident.map(|i| i.sym.to_string()));
                }
                ModuleItem::Stmt(Stmt::Decl(decl)) => names.declare(decl),
                _ => {}
            }
        }
        names
    }

    fn declare(&mut self, decl: &Decl) {
        match decl {
            Decl::Class(class) => self.take(&class.ident.sym),
            Decl::Fn(function) => self.take(&function.ident.sym),
            // `declare const ctx: Context` says only what the name means already.
            Decl::Var(var) if !var.declare => {
                for declarator in &var.decls {
                    if let Pat::Ident(ident) = &declarator.name {
                        self.take(&ident.id.sym);
                    }
                }
            }
            Decl::TsInterface(interface) => self.take(&interface.id.sym),
            Decl::TsTypeAlias(alias) => self.take(&alias.id.sym),
            Decl::TsEnum(decl) => self.take(&decl.id.sym),
            Decl::TsModule(module) => {
                if let TsModuleName::Ident(ident) = &module.id {
                    self.take(&ident.sym);
                }
            }
            Decl::Var(_) | Decl::Using(_) => {}
        }
    }

    fn take(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// The name by which `kontract` knows this local name, if it is one of its names at all.
    pub fn meaning<'a>(&'a self, local: &'a str) -> Option<&'a str> {
        if let Some(name) = self.imported.get(local) {
            return Some(name);
        }
        (!self.taken.contains(local)).then_some(local)
    }

    pub fn is(&self, local: &str, name: &str) -> bool {
        self.meaning(local) == Some(name)
    }

    pub fn is_imported(&self, local: &str) -> bool {
        self.imported.contains_key(local)
    }

    /// What an imported local name is called by `kontract`.
    pub fn imported_as(&self, local: &str) -> Option<&str> {
        self.imported.get(local).map(String::as_str)
    }

    /// Of a dotted name such as `k.Primkey` or `Primkey`.
    pub fn meaning_of_path<'a>(&'a self, path: &'a str) -> Option<&'a str> {
        match path.split_once('.') {
            None => self.meaning(path),
            Some((namespace, name))
                if self.namespaces.contains(namespace) && !name.contains('.') =>
            {
                Some(name)
            }
            Some(_) => None,
        }
    }

    /// `import * as namespace from 'kontract'`.
    pub fn is_namespace(&self, namespace: &str) -> bool {
        self.namespaces.contains(namespace)
    }

    /// `backend` or `k.backend`, called.
    pub fn is_call(&self, call: &CallExpr, name: &str) -> bool {
        matches!(&call.callee, Callee::Expr(callee) if self.is_reference(callee, name))
    }

    /// Like `is_reference`, but only of a name that is imported: others may be anybody's.
    pub fn is_imported_reference(&self, expr: &Expr, name: &str) -> bool {
        self.is_reference(expr, name)
            && !matches!(expr, Expr::Ident(ident) if !self.is_imported(&ident.sym))
    }

    /// `perms` or `k.perms`.
    pub fn is_reference(&self, expr: &Expr, name: &str) -> bool {
        match expr {
            Expr::Ident(ident) => self.is(&ident.sym, name),
            Expr::Member(member) => match (&*member.obj, &member.prop) {
                (Expr::Ident(namespace), MemberProp::Ident(prop)) => {
                    self.namespaces.contains(namespace.sym.as_str()) && prop.sym == name
                }
                _ => false,
            },
            _ => false,
        }
    }
}
