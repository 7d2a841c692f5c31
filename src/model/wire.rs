//! How types lie in a FlatBuffer, as far as ids and other versions depend on it, and what a type
//! is made of.

use std::collections::BTreeSet;

use super::shape::{ObjectKind, ObjectShape, Rest, Shape, ShapeKey, Shapes, Slot};

/// The FlatBuffers type of a field, tables and unions without their names: a type that is renamed
/// is the same type.
pub fn wire_type(slot: &Slot) -> String {
    match &slot.shape {
        Shape::Nothing => "nothing".to_owned(),
        Shape::Array(element) | Shape::Set(element) => elements(element),
        Shape::Map(_) => "[entry]".to_owned(),
        Shape::Object(_) => "table".to_owned(),
        Shape::Union(_) => "union".to_owned(),
        shape => shape.plain_type().unwrap_or_default().to_owned(),
    }
}

/// Of an array, or a tuple's rest: the vector.
pub fn elements(element: &Slot) -> String {
    if element.is_direct() { format!("[{}]", wire_type(element)) } else { "[wrapped]".to_owned() }
}

/// The type of the field that holds the rest.
pub fn rest_type(object: &ObjectShape, rest: &Rest) -> String {
    match object.kind {
        ObjectKind::Tuple | ObjectKind::Arguments => elements(&rest.slot),
        ObjectKind::Object | ObjectKind::Result | ObjectKind::Item => "[entry]".to_owned(),
    }
}

/// The ids that a value takes: a union's type stands before it.
pub fn ids_of(ty: &str, id: u16) -> impl Iterator<Item = u16> + use<> {
    let kind = (ty == "union").then(|| id.wrapping_sub(1));
    kind.into_iter().chain([id])
}

/// Calls `visit` on the definitions that a shape names.
pub fn mentions<'s>(shape: &'s Shape, visit: &mut dyn FnMut(Definition<'s>)) {
    match shape {
        Shape::Array(element) | Shape::Set(element) => mentions(&element.shape, visit),
        Shape::Map(entry) => {
            mentions(&entry.0.shape, visit);
            mentions(&entry.1.shape, visit);
        }
        Shape::Object(key) => visit(Definition::Object(key)),
        Shape::Union(key) => visit(Definition::Union(key)),
        _ => {}
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Definition<'s> {
    Object(&'s ShapeKey),
    Union(&'s ShapeKey),
}

/// The shapes that stand in an object: its fields' and its rest's.
pub fn shapes_of(object: &ObjectShape) -> impl Iterator<Item = &Shape> {
    let rest = object.rest.iter().map(|rest| &rest.slot.shape);
    object.fields.iter().map(|field| &field.slot.shape).chain(rest)
}

/// The definitions that can be met on the way from some objects, these included. None where one is
/// missing.
pub fn reached<'s>(
    shapes: &'s Shapes,
    from: impl IntoIterator<Item = &'s ShapeKey>,
) -> Option<BTreeSet<Definition<'s>>> {
    let mut found = BTreeSet::new();
    let mut queue: Vec<Definition<'_>> = from.into_iter().map(Definition::Object).collect();
    while let Some(next) = queue.pop() {
        if !found.insert(next) {
            continue;
        }
        let mut visit = |definition| queue.push(definition);
        match next {
            Definition::Object(key) => {
                shapes_of(shapes.objects.get(key)?).for_each(|s| mentions(s, &mut visit));
            }
            Definition::Union(key) => {
                let members = &shapes.unions.get(key)?.members;
                members.iter().for_each(|member| mentions(&member.shape, &mut visit));
            }
        }
    }
    Some(found)
}
