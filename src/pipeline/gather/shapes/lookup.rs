//! What a type's name stands for: type parameters, namespaces around it, declarations and imports
//! of its file.

use std::rc::Rc;

use super::head::{Scope, Thunk};
use crate::{
    model::{
        SourcePath,
        contract::{EXPORT_ASSIGNMENT, Import, ImportKind, TypeDeclaration, TypeDeclarationKind},
    },
    pipeline::gather::symbols::{Leads, Symbol, Symbols},
    source::is_kontract,
};

pub enum Name<'a> {
    Bound(Thunk<'a>),
    Found(Found<'a>),
    EnumMember(Found<'a>, String),
    /// Of this compiler's own package.
    Ours(String),
    /// Of a package whose declarations cannot be found.
    Package,
    /// Nothing here is called so: a type of JavaScript's, or none.
    Global,
    /// The import leads nowhere, which is reported where names are planned.
    Nowhere,
    /// It is a value, or does not exist where it should.
    NoType,
}

/// Declarations of one name: interfaces and namespaces merge.
pub struct Found<'a> {
    pub file: SourcePath,
    /// `User`, `Models.User`.
    pub path: String,
    pub namespaces: Vec<(String, &'a [TypeDeclaration])>,
    pub declarations: Vec<&'a TypeDeclaration>,
}

pub fn lookup<'a>(symbols: Symbols<'a>, scope: &Rc<Scope<'a>>, name: &str) -> Name<'a> {
    let parts: Vec<&str> = name.split('.').collect();
    if let [name] = parts.as_slice()
        && let Some(thunk) = scope.bound(name)
    {
        return Name::Bound(thunk.clone());
    }
    for depth in (0..scope.namespaces.len()).rev() {
        let inner = scope.namespaces[depth].1;
        if inner.iter().any(|d| d.name == parts[0]) {
            let mut namespaces = scope.namespaces[..=depth].to_vec();
            namespaces.retain(|(_, declarations)| !declarations.is_empty());
            return descend(&scope.file, namespaces, inner.iter().collect(), &parts);
        }
    }
    top_level(symbols, &scope.file, &parts)
}

/// `name` as `module` exports it, and what lies in it.
pub fn exported<'a>(symbols: Symbols<'a>, module: &SourcePath, parts: &[&str]) -> Name<'a> {
    if let Some(symbol) = parts.first().and_then(|name| symbols.export(module, name)) {
        return of_symbol(symbols, symbol, &parts[1..]);
    }
    // `export = Library`, whose namespace holds the types.
    match symbols.export(module, EXPORT_ASSIGNMENT) {
        Some(symbol) => of_symbol(symbols, symbol, parts),
        None => Name::NoType,
    }
}

fn top_level<'a>(symbols: Symbols<'a>, file: &SourcePath, parts: &[&str]) -> Name<'a> {
    if let Some(symbol) = symbols.local(file, parts[0]) {
        return of_symbol(symbols, symbol, &parts[1..]);
    }
    let import = symbols.module(file).and_then(|c| {
        let named = |i: &'a Import| i.names.iter().find(|n| n.local == parts[0]).map(|n| (i, n));
        c.imports.iter().find_map(named)
    });
    let Some((import, imported)) = import else { return Name::Global };
    match (symbols.leads(file, &import.specifier), &imported.name) {
        (Leads::Module(module), ImportKind::Named(name)) => {
            exported(symbols, &module, &[&[name.as_str()], &parts[1..]].concat())
        }
        (Leads::Module(_) | Leads::Package, _) => Name::NoType,
        (Leads::Nowhere, _) => Name::Nowhere,
    }
}

fn of_symbol<'a>(symbols: Symbols<'a>, symbol: Symbol, rest: &[&str]) -> Name<'a> {
    match symbol {
        Symbol::Declared { module, name } => {
            let Some(contract) = symbols.module(&module) else { return Name::NoType };
            let parts: Vec<&str> =
                std::iter::once(name.as_str()).chain(rest.iter().copied()).collect();
            descend(&module, Vec::new(), contract.types.iter().collect(), &parts)
        }
        Symbol::Namespace(module) => exported(symbols, &module, rest),
        Symbol::Package { specifier, name } if is_kontract(&specifier) => match (&name, rest) {
            (ImportKind::Named(name), []) => Name::Ours(name.clone()),
            (ImportKind::Namespace | ImportKind::Default, [name]) => Name::Ours((*name).to_owned()),
            _ => Name::NoType,
        },
        Symbol::Package { .. } => Name::Package,
    }
}

fn descend<'a>(
    file: &SourcePath,
    mut namespaces: Vec<(String, &'a [TypeDeclaration])>,
    within: Vec<&'a TypeDeclaration>,
    parts: &[&str],
) -> Name<'a> {
    let mut within = within;
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let found: Vec<&'a TypeDeclaration> =
            within.iter().copied().filter(|d| d.name == *part).collect();
        let mut path: Vec<&str> = Vec::new();
        for (name, _) in &namespaces {
            if path.last() != Some(&name.as_str()) {
                path.push(name);
            }
        }
        path.push(part);
        let path = path.join(".");
        if last {
            let declarations: Vec<_> = found
                .into_iter()
                .filter(|d| !matches!(d.kind, TypeDeclarationKind::Namespace(_)))
                .collect();
            if declarations.is_empty() {
                return Name::NoType;
            }
            return Name::Found(Found { file: file.clone(), path, namespaces, declarations });
        }
        if index + 2 == parts.len()
            && found.iter().any(|d| matches!(&d.kind, TypeDeclarationKind::Enum { members, .. } if members.iter().any(|m| m.name == parts[index + 1])))
        {
            let declarations = found;
            let found = Found { file: file.clone(), path, namespaces, declarations };
            return Name::EnumMember(found, parts[index + 1].to_owned());
        }
        within = Vec::new();
        for declaration in found {
            if let TypeDeclarationKind::Namespace(inner) = &declaration.kind {
                namespaces.push(((*part).to_owned(), inner.as_slice()));
                within.extend(inner);
            }
        }
    }
    Name::NoType
}
