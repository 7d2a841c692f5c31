//! Types in words, as TypeScript writes them.

use super::Version;
use crate::model::shape::{Scalar, Shape, Slot};

pub fn slot(slot: &Slot, version: Version<'_>) -> String {
    let mut parts = Vec::new();
    if slot.shape != Shape::Nothing {
        parts.push(shape(&slot.shape, version));
    }
    if slot.null {
        parts.push("null".to_owned());
    }
    if slot.undefined {
        parts.push("undefined".to_owned());
    }
    if parts.is_empty() { "void".to_owned() } else { parts.join(" | ") }
}

pub fn shape(shape: &Shape, version: Version<'_>) -> String {
    match shape {
        Shape::Nothing => "void".to_owned(),
        Shape::Boolean => "boolean".to_owned(),
        Shape::String => "string".to_owned(),
        Shape::Number(Scalar::Float64) => "number".to_owned(),
        Shape::Number(scalar) => scalar.name().to_owned(),
        Shape::BigInt(Scalar::Uint64) => "bigint (Uint64)".to_owned(),
        Shape::BigInt(_) => "bigint".to_owned(),
        Shape::Date => "Date".to_owned(),
        Shape::Bytes => "Uint8Array".to_owned(),
        Shape::Unknown => "unknown".to_owned(),
        Shape::Literals(literals) => {
            literals.iter().map(ToString::to_string).collect::<Vec<_>>().join(" | ")
        }
        Shape::Array(element) => {
            let text = slot(element, version);
            if text.contains(' ') { format!("({text})[]") } else { format!("{text}[]") }
        }
        Shape::Set(element) => format!("Set<{}>", slot(element, version)),
        Shape::Map(entry) => {
            format!("Map<{}, {}>", slot(&entry.0, version), slot(&entry.1, version))
        }
        Shape::Object(key) => version.objects.get(key).map_or(key, |object| &object.name).clone(),
        Shape::Union(key) => match version.unions.get(key) {
            Some(union) => {
                let labels = union.members.iter().map(|member| member.label.as_str());
                labels.collect::<Vec<_>>().join(" | ")
            }
            None => key.clone(),
        },
    }
}
