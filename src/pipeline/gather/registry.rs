//! What `.kontract/types.d.ts` says of each table, and where its types come from.
//!
//! A row type is imported from the source that declares it. A source with annotations is no
//! TypeScript to `tsc`, and a type that is not exported cannot be imported: their declarations are
//! printed again, with every type that they name. Enums are the exception: a second declaration
//! would be another type, so they are imported wherever they are exported.

use std::collections::BTreeMap;

use super::{
    client::exported_name,
    resolve::Resolution,
    symbols::{Symbol, Symbols},
};
use crate::model::{
    SourcePath, Span,
    app::{Field, ImportName, Registry, RegistryRow, RegistryTable, Table, TypesFrom, TypesModule},
    contract::{TypeDeclaration, TypeDeclarationKind},
    perms,
    types::{FieldStorage, Key, Member, MemberKind, TypeExpr},
};

pub fn registry(symbols: Symbols<'_>, tables: &BTreeMap<String, Table>) -> Registry {
    let mut plan = Plan { symbols, modules: BTreeMap::new() };
    let tables = tables.iter().map(|(name, table)| (name.clone(), plan.table(table))).collect();
    Registry { tables, modules: plan.modules }
}

/// The fields of a row that no type describes.
pub fn generated(table: &Table) -> Vec<Member> {
    let field = |(name, field): (&String, &Field)| Member {
        kind: MemberKind::Property {
            key: Key::Name(name.clone()),
            optional: field.optional,
            readonly: false,
            ty: field.ty.clone(),
            storage: FieldStorage::default(),
        },
        docs: None,
        span: Span::default(),
    };
    table.order.iter().filter_map(|name| table.fields.get_key_value(name)).map(field).collect()
}

struct Plan<'a> {
    symbols: Symbols<'a>,
    modules: BTreeMap<SourcePath, TypesModule>,
}

impl Plan<'_> {
    fn table(&mut self, table: &Table) -> RegistryTable {
        let fixed = table.order.iter().filter(|name| {
            let writable = |f: &Field| f.perm & perms::WRITE != 0;
            **name != table.primary_key && table.fields.get(*name).is_some_and(|f| !writable(f))
        });
        let row = match &table.row {
            Some((file, name)) => {
                let (from, name) = self.from(file, name);
                RegistryRow::Named { from, name }
            }
            None => RegistryRow::Generated(generated(table)),
        };
        RegistryTable {
            row,
            primary_key: table.primary_key.clone(),
            fixed: fixed.cloned().collect(),
        }
    }

    /// Where a type that `file` declares is taken from, and by which name.
    fn from(&mut self, file: &SourcePath, name: &str) -> (TypesFrom, String) {
        let contract = self.symbols.module(file);
        let declaration = contract.and_then(|c| c.type_named(name));
        let is_enum =
            declaration.is_some_and(|d| matches!(d.kind, TypeDeclarationKind::Enum { .. }));
        match contract.and_then(|c| exported_name(c, name)) {
            Some(exported) if is_enum || contract.is_some_and(|c| !c.annotated) => {
                (TypesFrom::Source(file.clone()), exported)
            }
            _ => {
                self.print(file, name, declaration);
                (TypesFrom::Printed(file.clone()), name.to_owned())
            }
        }
    }

    fn print(&mut self, file: &SourcePath, name: &str, declaration: Option<&TypeDeclaration>) {
        let Some(declaration) = declaration else { return };
        let module = self.modules.entry(file.clone()).or_default();
        if module.types.insert(name.to_owned()) {
            self.declaration(file, declaration, &mut Vec::new());
        }
    }

    fn declaration(
        &mut self,
        file: &SourcePath,
        declaration: &TypeDeclaration,
        scope: &mut Vec<String>,
    ) {
        let depth = scope.len();
        scope.extend(declaration.type_parameters.iter().map(|p| p.name.clone()));
        if let TypeDeclarationKind::Namespace(inner) = &declaration.kind {
            scope.extend(inner.iter().map(|d| d.name.clone()));
        }
        declaration.walk_types(&mut |ty| self.ty(file, ty, scope));
        scope.truncate(depth);
    }

    fn ty(&mut self, file: &SourcePath, ty: &TypeExpr, scope: &[String]) {
        // Names that a type itself binds hide others; such a name is looked up only in vain.
        let mut bound: Vec<String> = scope.to_vec();
        ty.walk(&mut |part| match part {
            TypeExpr::Infer { name, .. } => bound.push(name.clone()),
            TypeExpr::Mapped(mapped) => bound.push(mapped.parameter.clone()),
            TypeExpr::Function(f) => bound.extend(f.type_parameters.iter().map(|p| p.name.clone())),
            TypeExpr::Object(members) => {
                for member in members {
                    if let MemberKind::Method { signature: f, .. }
                    | MemberKind::Call(f)
                    | MemberKind::Construct(f) = &member.kind
                    {
                        bound.extend(f.type_parameters.iter().map(|p| p.name.clone()));
                    }
                }
            }
            _ => {}
        });
        ty.walk(&mut |part| match part {
            TypeExpr::Reference { name, .. } => self.name(file, name, &bound, false),
            TypeExpr::Query { name, .. } => self.name(file, name, &bound, true),
            TypeExpr::Import { specifier, qualifier, .. } => {
                self.import(file, specifier, qualifier.as_deref());
            }
            _ => {}
        });
    }

    fn name(&mut self, file: &SourcePath, name: &str, scope: &[String], query: bool) {
        let first = name.split('.').next().unwrap_or(name);
        if !query && scope.iter().any(|bound| bound == first) {
            return;
        }
        let (from, imported) = match self.symbols.local(file, first) {
            Some(Symbol::Declared { module, name }) => {
                if query && self.is_value(&module, &name) {
                    let Some(found) = self.value(file, &module, &name) else { return };
                    found
                } else {
                    let (from, exported) = if module == *file && !self.is_enum(&module, &name) {
                        let declaration =
                            self.symbols.module(&module).and_then(|c| c.type_named(&name));
                        self.print(&module, &name, declaration);
                        (TypesFrom::Printed(module), name)
                    } else {
                        self.from(&module, &name)
                    };
                    (from, import_name(exported))
                }
            }
            Some(Symbol::Namespace(module)) => (TypesFrom::Source(module), ImportName::Namespace),
            Some(Symbol::Package { specifier, name }) => {
                (TypesFrom::Package(specifier), ImportName::from(&name))
            }
            None => {
                // Kontract's own types need no import in a source.
                if !matches!(first, "HttpResp" | "Secret" | "Int8" | "Int16" | "Int32" | "Int64")
                    && !matches!(first, "Uint8" | "Uint16" | "Uint32" | "Uint64")
                    && !matches!(first, "Float32" | "Float64")
                {
                    return;
                }
                let name = ImportName::Named(first.to_owned());
                (TypesFrom::Package("kontract".to_owned()), name)
            }
        };
        if from != TypesFrom::Printed(file.clone()) {
            let module = self.modules.entry(file.clone()).or_default();
            module.imports.entry(from).or_default().insert((imported, first.to_owned()));
        }
    }

    fn is_enum(&self, file: &SourcePath, name: &str) -> bool {
        self.symbols.module(file).is_some_and(|c| {
            exported_name(c, name).is_some()
                && c.type_named(name)
                    .is_some_and(|d| matches!(d.kind, TypeDeclarationKind::Enum { .. }))
        })
    }

    fn is_value(&self, file: &SourcePath, name: &str) -> bool {
        self.symbols
            .module(file)
            .is_some_and(|c| c.constant(name).is_some() || c.values.iter().any(|v| v.name == name))
    }

    /// A value that `typeof` names: imported where it is exported; a constant may be printed.
    fn value(
        &mut self,
        file: &SourcePath,
        module: &SourcePath,
        name: &str,
    ) -> Option<(TypesFrom, ImportName)> {
        let contract = self.symbols.module(module)?;
        if let Some(exported) = exported_name(contract, name) {
            return Some((TypesFrom::Source(module.clone()), import_name(exported)));
        }
        contract.constant(name)?;
        let printed = self.modules.entry(file.clone()).or_default();
        printed.constants.insert(name.to_owned());
        Some((TypesFrom::Printed(file.clone()), ImportName::Default))
    }

    fn import(&mut self, file: &SourcePath, specifier: &str, qualifier: Option<&str>) {
        let Resolution::Module(target) = self.symbols.resolutions.get(file, specifier) else {
            return;
        };
        let symbol = qualifier
            .and_then(|path| path.split('.').next())
            .and_then(|name| self.symbols.export(target, name));
        let from = match symbol {
            Some(Symbol::Declared { module, name })
                if module == *target
                    && self.symbols.module(&module).is_some_and(|c| c.annotated) =>
            {
                self.from(&module, &name).0
            }
            _ => TypesFrom::Source(target.clone()),
        };
        let module = self.modules.entry(file.clone()).or_default();
        module.import_types.insert(specifier.to_owned(), from);
    }
}

fn import_name(exported: String) -> ImportName {
    if exported == "default" { ImportName::Default } else { ImportName::Named(exported) }
}
