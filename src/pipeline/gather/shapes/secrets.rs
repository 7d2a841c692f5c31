//! `Secret<T>` never leaves the server: a result that holds one is an error.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::diagnostics::{Origin, secret_in_result};
use crate::model::{
    diagnostic::Diagnostic,
    shape::{ObjectKind, Place, Shape, ShapeKey, Shapes, Slot},
};

/// Secrets by the object and the field that hold them (`*`: its rest).
pub type Secrets = BTreeMap<ShapeKey, Vec<(String, Place)>>;

/// Looks for secrets from the results inwards, and reports the shortest way to each.
pub fn check(
    shapes: &Shapes,
    secrets: &Secrets,
    results: &[(ShapeKey, Origin)],
    diagnostics: &mut Vec<Diagnostic>,
) {
    if secrets.is_empty() {
        return;
    }
    for (response, origin) in results {
        let mut seen = BTreeSet::from([response.as_str()]);
        let mut queue = VecDeque::from([(response.as_str(), String::new())]);
        let mut reported = BTreeSet::new();
        while let Some((key, path)) = queue.pop_front() {
            let Some(object) = shapes.objects.get(key) else { continue };
            let step = |name: &str| match object.kind {
                ObjectKind::Result | ObjectKind::Item => "result".to_owned(),
                ObjectKind::Tuple => format!("{path}[{name}]"),
                _ => format!("{path}.{name}"),
            };
            let held = secrets.get(key).into_iter().flatten();
            for (field, place) in held {
                let hidden = object.fields.iter().any(|f| f.name == *field && f.hidden);
                if !hidden && reported.insert((place.file.clone(), place.span)) {
                    diagnostics.push(secret_in_result(origin, &step(field), &object.name, place));
                }
            }
            let fields = object.fields.iter().filter(|f| !f.hidden);
            let slots = fields
                .map(|f| (step(&f.name), &f.slot))
                .chain(object.rest.as_ref().map(|rest| (step("*"), &rest.slot)));
            for (path, slot) in slots {
                within(shapes, slot, path, &mut |key, path| {
                    if seen.insert(key) {
                        queue.push_back((key, path));
                    }
                });
            }
        }
    }
}

fn within<'s>(
    shapes: &'s Shapes,
    slot: &'s Slot,
    path: String,
    found: &mut dyn FnMut(&'s str, String),
) {
    match &slot.shape {
        Shape::Object(key) => found(key, path),
        Shape::Union(key) => {
            for member in shapes.unions.get(key).into_iter().flat_map(|u| &u.members) {
                match &member.shape {
                    Shape::Object(key) => found(key, path.clone()),
                    Shape::Array(item) | Shape::Set(item) => {
                        within(shapes, item, format!("{path}[]"), found);
                    }
                    _ => {}
                }
            }
        }
        Shape::Array(item) | Shape::Set(item) => within(shapes, item, format!("{path}[]"), found),
        Shape::Map(pair) => {
            within(shapes, &pair.0, format!("{path}[]"), found);
            within(shapes, &pair.1, format!("{path}[]"), found);
        }
        _ => {}
    }
}
