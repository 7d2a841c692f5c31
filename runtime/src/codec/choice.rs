//! How the members of a union are told apart: by what kind of value each is, by a field whose
//! literals tell, else by structure, the most specific member first.

use std::{cmp::Reverse, sync::Arc};

use super::{
    compile::is_inherited,
    expected, literals,
    plan::{Choice, Discriminant},
    shape::{FieldShape, Literal, ObjectKind, ObjectShape, Scalar, Shape, Shapes, UnionShape},
};

/// The order in which members take values, or what was read of JSON.
pub fn compile(shapes: &Shapes, union: &UnionShape, json: bool) -> Result<Choice, String> {
    let all = |pick: &dyn Fn(&Shape) -> bool| -> Vec<usize> {
        let members = union.members.iter().enumerate();
        members.filter(|(_, member)| pick(&member.shape)).map(|(index, _)| index).collect()
    };
    let ranked = |rank: &dyn Fn(&Shape, bool) -> Option<u8>| -> Vec<usize> {
        let members = union.members.iter().enumerate();
        let mut found: Vec<(u8, usize)> = members
            .filter_map(|(index, member)| Some((rank(&member.shape, json)?, index)))
            .collect();
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, index)| index).collect()
    };
    let mut choice = Choice {
        strings: ranked(&as_string),
        numbers: ranked(&as_number),
        booleans: ranked(&as_boolean),
        bigints: ranked(&as_bigint),
        arrays: ranked(&|shape, json| as_array(shapes, shape, json)),
        objects: all(&|shape| object(shapes, shape, ObjectKind::Object).is_some()),
        ..Choice::default()
    };
    if !json {
        choice.dates = all(&|shape| matches!(shape, Shape::Date));
        choice.bytes = all(&|shape| matches!(shape, Shape::Bytes));
        choice.sets = all(&|shape| matches!(shape, Shape::Set(_)));
        choice.maps = all(&|shape| matches!(shape, Shape::Map(_)));
    }
    if choice.objects.len() > 1 {
        let object_of = |index: usize| {
            let member = union.members.get(index)?;
            object(shapes, &member.shape, ObjectKind::Object)
        };
        let objects: Vec<&ObjectShape> =
            choice.objects.iter().filter_map(|index| object_of(*index)).collect();
        choice.discriminant = discriminant(&objects)?.map(Arc::new);
        if choice.discriminant.is_none() {
            // The one with the most required properties first.
            choice.objects.sort_by_key(|index| {
                let fields = object_of(*index).map_or(&[][..], |object| &object.fields);
                let required = fields.iter().filter(|field| !may_lack(field)).count();
                Reverse((required, fields.len()))
            });
        }
    }
    Ok(choice)
}

/// A field that all members have, with other literals in each.
fn discriminant(objects: &[&ObjectShape]) -> Result<Option<Discriminant>, String> {
    let Some(first) = objects.first() else { return Ok(None) };
    for field in &first.fields {
        let of_each: Option<Vec<&[Literal]>> = objects
            .iter()
            .map(|object| plain_literals(object.fields.iter().find(|f| f.name == field.name)?))
            .collect();
        let Some(of_each) = of_each else { continue };
        let all: Vec<&Literal> = of_each.iter().copied().flatten().collect();
        let distinct =
            all.iter().enumerate().all(|(index, literal)| !all[..index].contains(literal));
        if distinct {
            let literals: Result<Vec<_>, String> =
                of_each.iter().map(|literals| literals::compile(literals).map(Arc::new)).collect();
            return Ok(Some(Discriminant {
                field: field.name.as_str().into(),
                inherited: is_inherited(&field.name),
                literals: literals?,
                expected: expected::of_literals(all),
            }));
        }
    }
    Ok(None)
}

fn plain_literals(field: &FieldShape) -> Option<&[Literal]> {
    match &field.slot.shape {
        // In JSON a bigint is a string.
        Shape::Literals(literals)
            if !may_lack(field)
                && !field.slot.null
                && !field.slot.undefined
                && !literals.iter().any(|l| matches!(l, Literal::BigInt { .. })) =>
        {
            Some(literals)
        }
        _ => None,
    }
}

fn may_lack(field: &FieldShape) -> bool {
    field.optional || field.hidden || field.default.is_some()
}

fn object<'s>(shapes: &'s Shapes, shape: &Shape, kind: ObjectKind) -> Option<&'s ObjectShape> {
    match shape {
        Shape::Object(key) => shapes.objects.get(key).filter(|object| object.kind == kind),
        _ => None,
    }
}

/// Literals first, and in JSON, where a date and a string look alike, the string before it: it
/// takes what is left.
fn as_string(shape: &Shape, json: bool) -> Option<u8> {
    match shape {
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::String(_)) => Some(0),
            Some(Literal::BigInt { .. }) if json => Some(2),
            _ => None,
        },
        Shape::String => Some(1),
        Shape::Date if json => Some(3),
        Shape::BigInt(_) if json => Some(4),
        Shape::Bytes if json => Some(5),
        _ => None,
    }
}

fn as_number(shape: &Shape, _: bool) -> Option<u8> {
    match shape {
        Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::Number(_))).then_some(0)
        }
        Shape::Number(Scalar::Float64) => Some(4),
        Shape::Number(Scalar::Float32) => Some(3),
        Shape::Number(Scalar::Int64 | Scalar::Uint64) => Some(2),
        Shape::Number(_) => Some(1),
        _ => None,
    }
}

fn as_boolean(shape: &Shape, _: bool) -> Option<u8> {
    match shape {
        Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::Boolean(_))).then_some(0)
        }
        Shape::Boolean => Some(1),
        _ => None,
    }
}

fn as_bigint(shape: &Shape, json: bool) -> Option<u8> {
    match shape {
        _ if json => None,
        Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::BigInt { .. })).then_some(0)
        }
        Shape::BigInt(_) => Some(1),
        _ => None,
    }
}

/// A tuple says more than an array, and in JSON pairs say more than elements.
fn as_array(shapes: &Shapes, shape: &Shape, json: bool) -> Option<u8> {
    match shape {
        Shape::Array(_) => Some(2),
        Shape::Set(_) if json => Some(2),
        Shape::Map(_) if json => Some(1),
        shape => object(shapes, shape, ObjectKind::Tuple).map(|_| 0),
    }
}
