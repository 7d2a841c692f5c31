//! Types of fields as migration files write them: `'string | null'`, `'number[]'`, `"'a' | 'b'"`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::Value;

use super::{
    Problem,
    description::{Field, Kind},
    diagnostics,
};
use crate::model::perms;

pub struct Column {
    pub field: Field,
    pub primkey: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_excessive_bools, reason = "each says another thing")]
struct Written {
    #[serde(rename = "type")]
    ty: String,
    #[serde(default = "all")]
    perm: u8,
    #[serde(default)]
    optional: bool,
    #[serde(default)]
    index: bool,
    #[serde(default)]
    unique: bool,
    #[serde(default)]
    primkey: bool,
    default: Option<Value>,
}

fn all() -> u8 {
    perms::FIELD_DEFAULT
}

/// A field as `db.updateSchema` is given it.
pub fn column(name: &str, value: &Value) -> Result<Column, Problem> {
    let bad = |reason: &str| diagnostics::bad_step(&format!("the field `{name}`: {reason}"));
    let written: Written =
        serde_json::from_value(value.clone()).map_err(|error| bad(&error.to_string()))?;
    let (kinds, undefined) = kinds(&written.ty).map_err(|word| {
        bad(&format!(
            "`{word}` is no type that it can have; there are {}, lists and texts in quotes",
            KNOWN.join(", ")
        ))
    })?;
    let field = Field {
        kinds,
        optional: written.optional || undefined,
        writable: written.perm & perms::WRITE != 0,
        index: written.index,
        unique: written.unique,
        inside: None,
        default: written.default,
    };
    Ok(Column { field, primkey: written.primkey })
}

/// None of them: any JSON. The word that is not understood is the error.
fn kinds(ty: &str) -> Result<(BTreeSet<Kind>, bool), String> {
    let (mut kinds, mut any, mut undefined) = (BTreeSet::new(), false, false);
    for word in ty.split('|').map(str::trim).filter(|word| !word.is_empty()) {
        let quoted = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote);
        let kind = match word {
            "unknown" | "any" => {
                any = true;
                continue;
            }
            "undefined" => {
                undefined = true;
                continue;
            }
            "null" => Kind::Null,
            "string" => Kind::String,
            "boolean" | "true" | "false" => Kind::Boolean,
            "number" | "Int8" | "Int16" | "Int32" | "Uint8" | "Uint16" | "Uint32" | "Float32"
            | "Float64" => Kind::Number,
            "bigint" | "Int64" | "Uint64" => Kind::Bigint,
            "Date" => Kind::Date,
            "Uint8Array" => Kind::Bytes,
            "object" => Kind::Object,
            _ if word.ends_with("[]") => Kind::Array,
            _ if word.starts_with("Record<") => Kind::Object,
            _ if ["Array<", "Set<", "Map<"].iter().any(|list| word.starts_with(list)) => {
                Kind::Array
            }
            _ => match quoted('\'').or_else(|| quoted('"')) {
                Some(text) => Kind::Text(text.to_owned()),
                None => return Err(word.to_owned()),
            },
        };
        kinds.insert(kind);
    }
    Ok((if any { BTreeSet::new() } else { kinds }, undefined))
}

const KNOWN: [&str; 9] =
    ["string", "number", "boolean", "bigint", "Date", "Uint8Array", "object", "null", "unknown"];
