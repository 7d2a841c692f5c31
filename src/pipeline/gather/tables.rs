//! Tables: names used as `env.storage.<name>` and annotated types, brought together.

use std::collections::{BTreeMap, BTreeSet};

use super::diagnostics::{ambiguous_table, invalid_table_name, two_primary_keys};
use crate::model::{
    SourcePath,
    app::{Field, Modules, Table},
    contract::{TypeDeclaration, TypeDeclarationKind},
    diagnostic::Diagnostic,
    perms,
    types::{Key, Member, MemberKind, TypeExpr},
};

pub fn tables(
    modules: &Modules,
    server: &BTreeSet<SourcePath>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Table> {
    let mut used = BTreeSet::new();
    for contract in server.iter().filter_map(|file| modules.get(file)) {
        for table in &contract.tables {
            if is_table_name(&table.table) {
                used.insert(table.table.clone());
            } else {
                diagnostics.push(invalid_table_name(&contract.file, table.span, &table.table));
            }
        }
    }
    let mut rows: BTreeMap<String, (&SourcePath, &TypeDeclaration)> = BTreeMap::new();
    for (file, contract) in modules {
        for declaration in
            contract.types.iter().filter(|t| members(t).is_some() && t.type_parameters.is_empty())
        {
            let name = table_name(&declaration.name);
            if !declaration.entity && !used.contains(&name) {
                continue;
            }
            match rows.get(&name) {
                // An annotated type is meant before one that only has the name.
                Some((_, first)) if first.entity && !declaration.entity => {}
                Some((_, first)) if !first.entity && declaration.entity => {
                    rows.insert(name, (file, declaration));
                }
                Some((first_file, first)) => diagnostics.push(ambiguous_table(
                    &name,
                    (first_file, first.span),
                    (file, declaration.span),
                )),
                None => {
                    rows.insert(name, (file, declaration));
                }
            }
        }
    }
    let mut tables = BTreeMap::new();
    for (name, (file, declaration)) in &rows {
        tables.insert(name.clone(), table(file, declaration, diagnostics));
    }
    for name in used {
        tables.entry(name).or_insert_with(|| Table {
            row: None,
            primary_key: "_id".to_owned(),
            fields: BTreeMap::new(),
            order: Vec::new(),
        });
    }
    tables
}

fn table(
    file: &SourcePath,
    declaration: &TypeDeclaration,
    diagnostics: &mut Vec<Diagnostic>,
) -> Table {
    let mut table = Table {
        row: Some((file.clone(), declaration.name.clone())),
        primary_key: "_id".to_owned(),
        fields: BTreeMap::new(),
        order: Vec::new(),
    };
    let mut marked = None;
    for member in members(declaration).unwrap_or_default() {
        let MemberKind::Property { key, optional, ty, storage, .. } = &member.kind else {
            continue;
        };
        let name = match key {
            Key::Name(name) | Key::Number(name) => name.clone(),
            Key::Computed(_) => continue,
        };
        if storage.primary_key {
            match marked {
                None => {
                    marked = Some(member.span);
                    table.primary_key.clone_from(&name);
                }
                Some(first) => {
                    diagnostics.push(two_primary_keys(file, first, member.span, &declaration.name));
                }
            }
        }
        if table.order.is_empty() && marked.is_none() {
            table.primary_key.clone_from(&name);
        }
        let perm = storage.perm.unwrap_or(perms::FIELD_DEFAULT);
        table.order.push(name.clone());
        table.fields.insert(name, Field { ty: ty.clone(), optional: *optional, perm });
    }
    table
}

fn members(declaration: &TypeDeclaration) -> Option<&[Member]> {
    match &declaration.kind {
        TypeDeclarationKind::Interface { members, .. }
        | TypeDeclarationKind::Class { members, .. } => Some(members),
        TypeDeclarationKind::Alias(TypeExpr::Object(members)) => Some(members),
        _ => None,
    }
}

/// Lower camel case, plural: y → ies, s/x/z/ch/sh → es, else s.
pub fn table_name(ty: &str) -> String {
    let mut chars = ty.chars();
    let lower: String =
        chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
    if let Some(stem) = lower.strip_suffix('y')
        && !stem.ends_with(['a', 'e', 'i', 'o', 'u'])
    {
        return format!("{stem}ies");
    }
    if ["s", "x", "z", "ch", "sh"].iter().any(|e| lower.ends_with(e)) {
        return format!("{lower}es");
    }
    format!("{lower}s")
}

fn is_table_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
