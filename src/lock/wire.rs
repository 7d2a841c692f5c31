//! How types lie in a FlatBuffer, as far as ids depend on it.

use std::collections::BTreeSet;

use crate::model::shape::{Literal, ObjectShape, Scalar, Shape, ShapeKey, Shapes, Slot};

/// The FlatBuffers type of a field, tables and unions without their names: a type that is renamed
/// is the same type.
pub fn wire_type(slot: &Slot) -> String {
    match &slot.shape {
        Shape::Nothing => "nothing".to_owned(),
        Shape::Array(element) | Shape::Set(element) => elements(element),
        Shape::Map(_) => "[entry]".to_owned(),
        Shape::Object(_) => "table".to_owned(),
        Shape::Union(_) => "union".to_owned(),
        shape => plain(shape).to_owned(),
    }
}

/// Of a tuple's rest, or an array: the vector.
pub fn elements(element: &Slot) -> String {
    match &element.shape {
        _ if !is_direct(element) => "[wrapped]".to_owned(),
        Shape::Object(_) => "[table]".to_owned(),
        shape => format!("[{}]", plain(shape)),
    }
}

/// An element of a vector stands in it as it is; others are wrapped in tables.
pub fn is_direct(element: &Slot) -> bool {
    let shape = match &element.shape {
        Shape::Boolean
        | Shape::String
        | Shape::Number(_)
        | Shape::BigInt(_)
        | Shape::Date
        | Shape::Literals(_)
        | Shape::Object(_) => true,
        Shape::Nothing
        | Shape::Bytes
        | Shape::Unknown
        | Shape::Array(_)
        | Shape::Set(_)
        | Shape::Map(_)
        | Shape::Union(_) => false,
    };
    shape && !element.null && !element.undefined
}

fn plain(shape: &Shape) -> &'static str {
    match shape {
        Shape::Boolean => "bool",
        Shape::String => "string",
        Shape::Number(scalar) | Shape::BigInt(scalar) => scalar_name(*scalar),
        Shape::Date => "long",
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::Boolean(_)) => "bool",
            Some(Literal::Number(_)) => "double",
            Some(Literal::BigInt { .. }) => "long",
            Some(Literal::String(_)) | None => "string",
        },
        _ => "[ubyte]",
    }
}

fn scalar_name(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Int8 => "byte",
        Scalar::Int16 => "short",
        Scalar::Int32 => "int",
        Scalar::Int64 => "long",
        Scalar::Uint8 => "ubyte",
        Scalar::Uint16 => "ushort",
        Scalar::Uint32 => "uint",
        Scalar::Uint64 => "ulong",
        Scalar::Float32 => "float",
        Scalar::Float64 => "double",
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
