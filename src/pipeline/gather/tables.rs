//! Tables: names used as `env.storage.<name>` and annotated types, brought together.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    diagnostics::{
        ambiguous_table, empty_row, invalid_table_name, key_not_text, optional_key, reserved_field,
        reserved_table_name, two_primary_keys, unknown_table,
    },
    rows::{RowField, fields_of, is_text},
    symbols::Symbols,
};
use crate::model::{
    SourcePath,
    app::{Field, Modules, Table},
    contract::{Insert, TypeDeclaration, TypeDeclarationKind},
    diagnostic::Diagnostic,
    perms,
    symbolic::empty_array,
    types::{FieldStorage, Key, MemberKind, TypeExpr},
};

/// The type of a table's rows.
#[derive(Clone)]
pub struct Row<'a> {
    pub file: &'a SourcePath,
    pub declaration: &'a TypeDeclaration,
    pub fields: Vec<RowField>,
}

/// For each letter that differs a name must have as many, to be taken for another one.
const LETTERS_FOR_A_SLIP: usize = 4;

/// The key of rows that no type describes.
pub const GENERATED_KEY: &str = "_id";

pub fn tables(
    symbols: Symbols<'_>,
    is_client: &dyn Fn(&SourcePath) -> bool,
    locked_keys: &BTreeMap<String, String>,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Table> {
    let mut used = BTreeSet::new();
    for contract in symbols.modules.values() {
        for table in &contract.tables {
            match check_name(&table.table) {
                Ok(()) => drop(used.insert(table.table.clone())),
                Err(complain) => {
                    diagnostics.push(complain(&contract.file, table.span, &table.table));
                }
            }
        }
    }
    let mut tables = BTreeMap::new();
    for (name, row) in rows(symbols, is_client, diagnostics) {
        if let Some(named) = &row.declaration.storage.table
            && let Err(complain) = check_name(&name)
        {
            diagnostics.push(complain(row.file, named.span, &name));
            continue;
        }
        let locked_key = locked_keys.get(&name).map(String::as_str);
        tables.insert(name, table(symbols, &row, locked_key, diagnostics));
    }
    let undescribed: Vec<String> =
        used.into_iter().filter(|name| !tables.contains_key(name)).collect();
    for name in &undescribed {
        tables.insert(name.clone(), inferred(symbols, name));
    }
    diagnostics.extend(undescribed.iter().filter_map(|name| mistyped(symbols, &tables, name)));
    tables
}

/// A table that neither a type nor a write tells anything of, and that is called almost like one
/// that has fields.
fn mistyped(
    symbols: Symbols<'_>,
    tables: &BTreeMap<String, Table>,
    name: &str,
) -> Option<Diagnostic> {
    if symbols.modules.values().flat_map(|c| &c.inserts).any(|insert| insert.table == name) {
        return None;
    }
    let (distance, meant) = tables
        .iter()
        .filter(|(_, table)| !table.fields.is_empty())
        .map(|(other, _)| (strsim::damerau_levenshtein(name, other), other))
        .min()?;
    if distance * LETTERS_FOR_A_SLIP > name.chars().count() {
        return None;
    }
    let uses = symbols.modules.iter().flat_map(|(file, c)| c.tables.iter().map(move |t| (file, t)));
    let (file, first) = uses.into_iter().find(|(_, table)| table.table == name)?;
    Some(unknown_table(file, first.span, name, meant))
}

/// The types of rows, by table: annotated ones, and those called like a table that is used.
pub fn rows<'a>(
    symbols: Symbols<'a>,
    is_client: &dyn Fn(&SourcePath) -> bool,
    diagnostics: &mut Vec<Diagnostic>,
) -> BTreeMap<String, Row<'a>> {
    let used = used(symbols.modules);
    let mut rows: BTreeMap<String, Row<'a>> = BTreeMap::new();
    for (file, contract) in symbols.modules {
        for declaration in contract.types.iter().filter(|t| t.type_parameters.is_empty()) {
            let named = declaration.storage.table.as_ref().map(|t| t.value.clone());
            let name = named.unwrap_or_else(|| table_name(&declaration.name));
            if !declaration.entity && (!used.contains(name.as_str()) || is_client(file)) {
                continue;
            }
            let Some(fields) = fields_of(symbols, file, declaration) else { continue };
            // A class that only has methods is no row.
            let is_class = matches!(declaration.kind, TypeDeclarationKind::Class { .. });
            if fields.is_empty() && is_class && !declaration.entity {
                continue;
            }
            let row = Row { file, declaration, fields };
            match rows.get(&name) {
                // An annotated type is meant before one that only has the name.
                Some(first) if first.declaration.entity && !declaration.entity => {}
                Some(first) if !first.declaration.entity && declaration.entity => {
                    rows.insert(name, row);
                }
                Some(first) => diagnostics.push(ambiguous_table(
                    &name,
                    (first.file, first.declaration.span),
                    (file, declaration.span),
                )),
                None => {
                    rows.insert(name, row);
                }
            }
        }
    }
    rows
}

fn used(modules: &Modules) -> BTreeSet<&str> {
    modules.values().flat_map(|c| &c.tables).map(|t| t.table.as_str()).collect()
}

/// The key is the field that is marked, or the one that the lock remembers, or the first.
fn table(
    symbols: Symbols<'_>,
    row: &Row<'_>,
    locked_key: Option<&str>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Table {
    let Row { file, declaration, fields } = row;
    let mut table = Table {
        row: Some(((*file).clone(), declaration.name.clone())),
        primary_key: GENERATED_KEY.to_owned(),
        fields: BTreeMap::new(),
        order: Vec::new(),
        owned: declaration.storage.owned.is_some(),
        searched: false,
        shape: None,
    };
    let mut marked = fields.iter().filter(|f| f.storage.primary_key);
    let locked = fields.iter().find(|f| Some(f.name.as_str()) == locked_key);
    let key = marked.next().or(locked).or(fields.first());
    if let (Some(first), Some(second)) = (key, marked.next()) {
        diagnostics.push(two_primary_keys(
            (&first.file, first.span),
            (&second.file, second.span),
            &declaration.name,
        ));
    }
    match key {
        None => diagnostics.push(empty_row(file, declaration.span, &declaration.name)),
        Some(key) => {
            table.primary_key.clone_from(&key.name);
            check_key(symbols, row, key, diagnostics);
        }
    }
    for field in fields {
        if RESERVED_FIELDS.contains(&field.name.as_str()) && field.name != table.primary_key {
            diagnostics.push(reserved_field(&field.file, field.span, &field.name));
        }
        table.order.push(field.name.clone());
        let FieldStorage { perm, index, unique, .. } = field.storage;
        table.fields.insert(
            field.name.clone(),
            Field {
                ty: field.ty.clone(),
                optional: field.optional,
                perm: perm.unwrap_or(perms::FIELD_DEFAULT),
                index,
                unique,
            },
        );
    }
    table
}

fn check_key(
    symbols: Symbols<'_>,
    row: &Row<'_>,
    key: &RowField,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let name = &row.declaration.name;
    // A field of another file says little alone.
    let at = (&key.file, key.span);
    if key.optional {
        diagnostics.push(optional_key(at, name, &key.name, key.storage.primary_key));
    } else if !is_text(symbols, &key.home, &key.ty, 16) {
        diagnostics.push(key_not_text(at, name, &key.name, key.storage.primary_key));
    }
}

/// A table that no type describes: its fields are those of the objects that are written to it.
///
/// Input: `env.storage.todos.push({ text: 'Buy milk', done: false })`
/// Output: `_id: string`, `text: string`, `done: boolean`
pub fn inferred(symbols: Symbols<'_>, name: &str) -> Table {
    let mut table = Table {
        row: None,
        primary_key: GENERATED_KEY.to_owned(),
        fields: BTreeMap::new(),
        order: Vec::new(),
        owned: false,
        searched: false,
        shape: None,
    };
    let inserts: Vec<&Insert> = symbols
        .modules
        .values()
        .flat_map(|c| &c.inserts)
        .filter(|insert| insert.table == name)
        .collect();
    let whole: Vec<&Insert> = inserts.iter().copied().filter(|i| !i.partial).collect();
    // What is written somewhere without being known may have any fields.
    if whole.is_empty() || inserts.iter().any(|i| !matches!(i.ty, TypeExpr::Object(_))) {
        return table;
    }
    let mut add = |name: &str, ty: TypeExpr, optional: bool| {
        table.order.push(name.to_owned());
        let field = Field { ty, optional, perm: perms::FIELD_DEFAULT, index: false, unique: false };
        table.fields.insert(name.to_owned(), field);
    };
    add(GENERATED_KEY, TypeExpr::Keyword("string".to_owned()), false);
    let mut names: Vec<&str> = Vec::new();
    for insert in &inserts {
        for (name, ..) in properties(insert) {
            if name != GENERATED_KEY && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    for name in names {
        let everywhere = whole
            .iter()
            .all(|i| properties(i).any(|(given, _, optional)| given == name && !optional));
        let given = inserts.iter().flat_map(|i| properties(i)).filter(|(given, ..)| *given == name);
        // What is undefined is not stored.
        let undefined = TypeExpr::Keyword("undefined".to_owned());
        let mut types = match union_of(given.map(|(_, ty, _)| ty.clone())) {
            TypeExpr::Union(types) => types,
            ty => vec![ty],
        };
        let all = types.len();
        types.retain(|ty| *ty != undefined);
        let optional = !everywhere || types.len() < all;
        let ty = match types.as_slice() {
            [] => undefined,
            // It was empty wherever it was written.
            [only] if *only == empty_array() => {
                TypeExpr::Array(Box::new(TypeExpr::Keyword("unknown".to_owned())))
            }
            _ => union_of(types),
        };
        add(name, ty, optional);
    }
    table
}

fn properties(insert: &Insert) -> impl Iterator<Item = (&str, &TypeExpr, bool)> {
    let members = match &insert.ty {
        TypeExpr::Object(members) => members.as_slice(),
        _ => &[],
    };
    members.iter().filter_map(|member| match &member.kind {
        MemberKind::Property { key: Key::Name(name) | Key::Number(name), ty, optional, .. } => {
            Some((name.as_str(), ty, *optional))
        }
        _ => None,
    })
}

/// Each type once; what is unknown swallows the rest.
pub fn union_of(types: impl IntoIterator<Item = TypeExpr>) -> TypeExpr {
    let mut distinct = crate::model::symbolic::distinct(types);
    let unknown = distinct
        .iter()
        .find(|t| matches!(t, TypeExpr::Keyword(k) if matches!(k.as_str(), "unknown" | "any")));
    match (unknown, distinct.len()) {
        (Some(unknown), _) => unknown.clone(),
        (None, 1) => distinct.remove(0),
        (None, _) => TypeExpr::Union(distinct),
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

type Complaint = fn(&SourcePath, crate::model::Span, &str) -> Diagnostic;

fn check_name(name: &str) -> Result<(), Complaint> {
    let valid = !name.is_empty()
        && name.len() <= 40
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !valid {
        return Err(invalid_table_name);
    }
    if RESERVED_TABLES.contains(&name) || name.starts_with("__kontract") {
        return Err(reserved_table_name);
    }
    Ok(())
}

/// Members of `env.storage` itself, and what every object has.
const RESERVED_TABLES: &[&str] =
    &["get", "transaction", "then", "__proto__", "constructor", "prototype", "toString", "valueOf"];

/// What storage keeps beside the fields.
const RESERVED_FIELDS: &[&str] = &["_id", "_order", "__proto__"];
