//! The rows of tables as shapes: by these a host reads and writes what it keeps.

use std::{collections::BTreeMap, rc::Rc};

use super::{
    Ask, Told,
    diagnostics::{Origin, Part},
    evaluate::Evaluator,
    fallback::Fallback,
    head::{Scope, place},
    name,
    wire::{Wire, empty},
};
use crate::{
    model::{
        SourcePath, Span,
        app::Table,
        diagnostic::Diagnostic,
        shape::{FieldIds, ObjectKind, ObjectShape, Place, Rest, Shape, ShapeKey, Shapes, Slot},
        types::TypeExpr,
    },
    pipeline::gather::{packages::Declarations, registry::generated, symbols::Symbols},
};

/// Resolves the rows of all tables. Their shapes stand apart from those that travel, and have no
/// ids; the second map holds each table's.
///
/// What is wrong with a type that travels too, a key of `known`, has been said.
pub fn rows(
    symbols: Symbols<'_>,
    tables: &BTreeMap<String, Table>,
    known: &Shapes,
    declarations: &dyn Declarations,
    ask: Option<Ask<'_>>,
    told: &mut Told,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Shapes, BTreeMap<String, ShapeKey>) {
    let types: BTreeMap<&str, (SourcePath, TypeExpr)> = tables
        .iter()
        .map(|(table, described)| (table.as_str(), written(table, described)))
        .collect();
    told.settle(symbols, declarations, ask, diagnostics, |symbols, fallback, diagnostics| {
        resolved(symbols, tables, &types, known, fallback, diagnostics)
    })
}

/// The type of a table's rows, and the file whose names it uses.
fn written(table: &str, described: &Table) -> (SourcePath, TypeExpr) {
    match &described.row {
        Some((file, name)) => (
            file.clone(),
            TypeExpr::Reference {
                name: name.clone(),
                arguments: Vec::new(),
                span: Span::default(),
            },
        ),
        None => {
            (SourcePath::new(format!("storage/{table}")), TypeExpr::Object(generated(described)))
        }
    }
}

fn resolved(
    symbols: Symbols<'_>,
    tables: &BTreeMap<String, Table>,
    types: &BTreeMap<&str, (SourcePath, TypeExpr)>,
    known: &Shapes,
    fallback: &Fallback<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Shapes, BTreeMap<String, ShapeKey>) {
    let mut wire = Wire::new(Evaluator::new(symbols, fallback));
    let mut keys = BTreeMap::new();
    for (table, (file, ty)) in types {
        let described = &tables[*table];
        let span = described
            .row
            .as_ref()
            .and_then(|(file, name)| symbols.module(file)?.type_named(name))
            .map(|declaration| declaration.span)
            .unwrap_or_default();
        let at = match &described.row {
            Some(_) => place(file, span),
            None => Place::default(),
        };
        let way = format!("storage#{table}");
        wire.evaluator.origin = Origin { file: file.clone(), span, part: Part::Row };
        wire.at = (way.clone(), "*".to_owned());
        let said = wire.evaluator.diagnostics.len();
        let thunk = Evaluator::thunk(ty, &Scope::of_file(file), Rc::from(way.as_str()), &at);
        let key = if described.fields.is_empty() {
            wire.shapes.objects.insert(way.clone(), any_fields());
            Some(way)
        } else {
            match wire.slot(&thunk).shape {
                Shape::Object(key) | Shape::Union(key) => Some(key),
                _ => None,
            }
        };
        wire.drain();
        let Some(key) = key else { continue };
        if known.objects.contains_key(&key) || known.unions.contains_key(&key) {
            wire.evaluator.diagnostics.truncate(said);
        }
        keys.insert((*table).to_owned(), key);
    }
    let Wire { evaluator, mut shapes, .. } = wire;
    // Data that nothing describes is kept as it is: there is nothing to warn of.
    diagnostics.extend(evaluator.diagnostics.into_iter().filter(Diagnostic::is_error));
    name(&mut shapes);
    (shapes, keys)
}

/// Rows of which nothing is known but that they are objects.
fn any_fields() -> ObjectShape {
    let mut object = empty(ObjectKind::Object, &Place::default());
    let slot = Slot { shape: Shape::Unknown, null: true, undefined: false };
    object.rest = Some(Rest { slot, id: FieldIds::default() });
    object
}
