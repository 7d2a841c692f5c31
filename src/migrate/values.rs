//! What a description of values means as a condition in SQL.

use std::{collections::BTreeSet, fmt::Write as _};

use super::{
    description::Kind,
    inside::{Inside, Part},
    quote::literal,
};

/// Whether the JSONB `value` can be read as this: stricter than its type of JSON, since texts too
/// must be dates, numbers, or one of a few, and looking into lists and objects.
pub fn readable(value: &str, kinds: &BTreeSet<Kind>, inside: Option<&Inside>) -> String {
    at_depth(value, kinds, inside, 0)
}

fn at_depth(value: &str, kinds: &BTreeSet<Kind>, inside: Option<&Inside>, depth: usize) -> String {
    let typed: Vec<String> = kinds.iter().map(|kind| holds(value, kind)).collect();
    let typed = if typed.is_empty() { "true".to_owned() } else { typed.join(" OR ") };
    let Some(inside) = inside.filter(|inside| **inside != Inside::default()) else {
        return format!("({typed})");
    };
    let mut cases = String::new();
    if let Some(items) = &inside.items {
        let item = format!("e{depth}");
        let part = part(&format!("{item}.v"), items, depth + 1);
        let _ = write!(
            cases,
            " WHEN 'array' THEN NOT EXISTS (SELECT FROM jsonb_array_elements(CASE \
             jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE '[]' END) AS {item}(v) \
             WHERE NOT {part})"
        );
    }
    if !inside.fields.is_empty() {
        let fields = inside.fields.iter().map(|(name, field)| {
            let name = literal(name);
            let part = part(&format!("({value} -> {name})"), field, depth);
            if field.optional {
                format!("(NOT {value} ? {name} OR {part})")
            } else {
                format!("({value} ? {name} AND {part})")
            }
        });
        let fields: Vec<String> = fields.collect();
        let _ = write!(cases, " WHEN 'object' THEN {}", fields.join(" AND "));
    }
    format!("(({typed}) AND CASE jsonb_typeof({value}){cases} ELSE true END)")
}

fn part(value: &str, part: &Part, depth: usize) -> String {
    at_depth(value, &part.kinds, part.inside.as_ref(), depth)
}

fn holds(value: &str, kind: &Kind) -> String {
    let text = format!("({value} #>> '{{}}')");
    let type_is = |name: &str| format!("jsonb_typeof({value}) = '{name}'");
    match kind {
        Kind::Null => type_is("null"),
        Kind::Boolean => type_is("boolean"),
        Kind::Number => type_is("number"),
        Kind::String => type_is("string"),
        Kind::Array => type_is("array"),
        Kind::Object => type_is("object"),
        Kind::Bigint => format!("({} AND {text} ~ '^-?\\d+$')", type_is("string")),
        Kind::Date => format!("({} AND {text} ~ '{DATE}')", type_is("string")),
        Kind::Bytes => format!("({} AND {text} ~ '{BASE64}')", type_is("string")),
        Kind::Text(wanted) => format!("({} AND {text} = {})", type_is("string"), literal(wanted)),
    }
}

const DATE: &str = r"^([+-]\d\d)?\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$";
const BASE64: &str = "^[A-Za-z0-9+/]*={0,2}$";
