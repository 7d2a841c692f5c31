//! `@default <JSON>` in a field's doc comment: what a message without the field means.

use serde_json::Value;

use super::{
    diagnostics::{default_does_not_fit, unreadable_default},
    evaluate::Evaluator,
};
use crate::model::{
    diagnostic::Diagnostic,
    shape::{Literal, ObjectKind, Place, Scalar, Shape, Shapes, Slot},
};

/// What stands behind the tag, to the end of its line.
pub fn tag(docs: &str) -> Option<&str> {
    docs.lines().find_map(|line| {
        let rest = line.trim().strip_prefix("@default")?;
        rest.starts_with([' ', '\t']).then(|| rest.trim())
    })
}

impl Evaluator<'_> {
    /// Other tools write `@default` in words; those are no defaults of ours.
    pub fn default_value(&mut self, text: &str, at: &Place) -> Option<Value> {
        let file = at.file.as_ref()?;
        let value = serde_json::from_str(text).ok();
        if value.is_none() {
            self.report(unreadable_default(file, at.span, text), at);
        }
        value
    }
}

/// A default must be a value of its field.
pub fn check(shapes: &Shapes, diagnostics: &mut Vec<Diagnostic>) {
    for field in shapes.objects.values().flat_map(|o| &o.fields) {
        if let Some(value) = &field.default
            && !fits(shapes, &field.slot, value, 0)
        {
            let diagnostic = default_does_not_fit(&field.place, &field.name, &value.to_string());
            diagnostics.extend(diagnostic);
        }
    }
}

/// Whether the JSON form of a value may stand in the slot. Dates and bytes are strings here.
fn fits(shapes: &Shapes, slot: &Slot, value: &Value, depth: usize) -> bool {
    if value.is_null() {
        return slot.null || slot.shape == Shape::Unknown;
    }
    if depth > 64 {
        return false;
    }
    shape_fits(shapes, &slot.shape, value, depth)
}

fn shape_fits(shapes: &Shapes, shape: &Shape, value: &Value, depth: usize) -> bool {
    let all = |slot: &Slot| {
        value.as_array().is_some_and(|a| a.iter().all(|v| fits(shapes, slot, v, depth + 1)))
    };
    match shape {
        Shape::Nothing => false,
        Shape::Boolean => value.is_boolean(),
        Shape::String | Shape::Date | Shape::Bytes => value.is_string(),
        Shape::Number(scalar) => value.as_f64().is_some_and(|n| scalar.holds(n)),
        Shape::BigInt(scalar) => value.as_str().is_some_and(|text| is_bigint(text, *scalar)),
        Shape::Unknown => true,
        Shape::Literals(literals) => literals.iter().any(|literal| match literal {
            Literal::Boolean(b) => value.as_bool() == Some(*b),
            Literal::Number(n) => value.as_f64().is_some_and(|v| v.total_cmp(n).is_eq()),
            Literal::String(text) => value.as_str() == Some(text),
            Literal::BigInt { bigint } => value.as_str() == Some(bigint),
        }),
        Shape::Array(item) | Shape::Set(item) => all(item),
        Shape::Map(pair) => value.as_array().is_some_and(|pairs| {
            pairs.iter().all(|entry| match entry.as_array().map(Vec::as_slice) {
                Some([key, value]) => {
                    fits(shapes, &pair.0, key, depth + 1) && fits(shapes, &pair.1, value, depth + 1)
                }
                _ => false,
            })
        }),
        Shape::Object(key) => shapes.objects.get(key).is_some_and(|object| match object.kind {
            ObjectKind::Object => value.as_object().is_some_and(|map| {
                let known = map.iter().all(|(name, value)| {
                    let field = object.fields.iter().find(|f| f.name == *name);
                    match (field, &object.rest) {
                        (Some(field), _) => fits(shapes, &field.slot, value, depth + 1),
                        (None, Some(rest)) => fits(shapes, &rest.slot, value, depth + 1),
                        (None, None) => false,
                    }
                });
                let complete = object.fields.iter().all(|field| {
                    field.optional || field.default.is_some() || map.contains_key(&field.name)
                });
                known && complete
            }),
            _ => value.as_array().is_some_and(|items| {
                let required = object.fields.iter().filter(|f| !f.optional).count();
                items.len() >= required
                    && items.iter().enumerate().all(|(index, value)| {
                        match (object.fields.get(index), &object.rest) {
                            (Some(field), _) => fits(shapes, &field.slot, value, depth + 1),
                            (None, Some(rest)) => fits(shapes, &rest.slot, value, depth + 1),
                            (None, None) => false,
                        }
                    })
            }),
        }),
        Shape::Union(key) => shapes
            .unions
            .get(key)
            .is_some_and(|u| u.members.iter().any(|m| shape_fits(shapes, &m.shape, value, depth))),
    }
}

/// As JSON carries it: in decimal digits.
fn is_bigint(text: &str, scalar: Scalar) -> bool {
    let written = match scalar {
        Scalar::Uint64 => text.parse::<u64>().map(|value| value.to_string()),
        _ => text.parse::<i64>().map(|value| value.to_string()),
    };
    written.is_ok_and(|written| written == text)
}
