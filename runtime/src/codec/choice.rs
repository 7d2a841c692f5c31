//! Which member of a union a value is: by what kind of value it is, by a field whose literals tell
//! the members apart, else by its structure, the most specific member first.

use std::{cmp::Reverse, sync::Arc};

use super::{
    compile::{is_inherited, literals_of},
    expected,
    fault::{Fault, Segment, Under, Written},
    plan::{Choice, Discriminant, LiteralValues, Literals, Plan, Shape, Union},
    shape::{self, FieldShape, Literal, ObjectKind, ObjectShape, Scalar, Shapes, UnionShape},
    source::{property, thrown},
    structure::{LEVELS, Structure},
};
use crate::value::{Kind, Source};

/// The order in which members take values, or what was read of JSON.
pub fn compile(shapes: &Shapes, union: &UnionShape, json: bool) -> Result<Choice, String> {
    let all = |pick: &dyn Fn(&shape::Shape) -> bool| -> Vec<usize> {
        let members = union.members.iter().enumerate();
        members.filter(|(_, member)| pick(&member.shape)).map(|(index, _)| index).collect()
    };
    let ranked = |rank: &dyn Fn(&shape::Shape, bool) -> Option<u8>| -> Vec<usize> {
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
        choice.dates = all(&|shape| matches!(shape, shape::Shape::Date));
        choice.bytes = all(&|shape| matches!(shape, shape::Shape::Bytes));
        choice.sets = all(&|shape| matches!(shape, shape::Shape::Set(_)));
        choice.maps = all(&|shape| matches!(shape, shape::Shape::Map(_)));
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
                of_each.iter().map(|literals| literals_of(literals).map(Arc::new)).collect();
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
        shape::Shape::Literals(literals)
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

fn object<'s>(
    shapes: &'s Shapes,
    shape: &shape::Shape,
    kind: ObjectKind,
) -> Option<&'s ObjectShape> {
    match shape {
        shape::Shape::Object(key) => shapes.objects.get(key).filter(|object| object.kind == kind),
        _ => None,
    }
}

/// Literals first, and in JSON, where a date and a string look alike, the string before it: it
/// takes what is left.
fn as_string(shape: &shape::Shape, json: bool) -> Option<u8> {
    match shape {
        shape::Shape::Literals(literals) => match literals.first() {
            Some(Literal::String(_)) => Some(0),
            Some(Literal::BigInt { .. }) if json => Some(2),
            _ => None,
        },
        shape::Shape::String => Some(1),
        shape::Shape::Date if json => Some(3),
        shape::Shape::BigInt(_) if json => Some(4),
        shape::Shape::Bytes if json => Some(5),
        _ => None,
    }
}

fn as_number(shape: &shape::Shape, _: bool) -> Option<u8> {
    match shape {
        shape::Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::Number(_))).then_some(0)
        }
        shape::Shape::Number(Scalar::Float64) => Some(4),
        shape::Shape::Number(Scalar::Float32) => Some(3),
        shape::Shape::Number(Scalar::Int64 | Scalar::Uint64) => Some(2),
        shape::Shape::Number(_) => Some(1),
        _ => None,
    }
}

fn as_boolean(shape: &shape::Shape, _: bool) -> Option<u8> {
    match shape {
        shape::Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::Boolean(_))).then_some(0)
        }
        shape::Shape::Boolean => Some(1),
        _ => None,
    }
}

fn as_bigint(shape: &shape::Shape, json: bool) -> Option<u8> {
    match shape {
        _ if json => None,
        shape::Shape::Literals(literals) => {
            matches!(literals.first(), Some(Literal::BigInt { .. })).then_some(0)
        }
        shape::Shape::BigInt(_) => Some(1),
        _ => None,
    }
}

/// A tuple says more than an array, and in JSON pairs say more than elements.
fn as_array(shapes: &Shapes, shape: &shape::Shape, json: bool) -> Option<u8> {
    match shape {
        shape::Shape::Array(_) => Some(2),
        shape::Shape::Set(_) if json => Some(2),
        shape::Shape::Map(_) if json => Some(1),
        shape => object(shapes, shape, ObjectKind::Tuple).map(|_| 0),
    }
}

impl Plan {
    /// The member of a union that a value is.
    pub fn choose<S: Source>(
        &self,
        union: &Union,
        value: &S,
        json: bool,
    ) -> Written<usize, S::Thrown> {
        let choice = if json { &union.of_json } else { &union.of_value };
        let structure = Structure { plan: self, json };
        let found = match value.kind() {
            Kind::String => self.first(union, &choice.strings, value, &structure)?,
            Kind::Number => self.first(union, &choice.numbers, value, &structure)?,
            Kind::Bool => self.first(union, &choice.booleans, value, &structure)?,
            Kind::BigInt => self.first(union, &choice.bigints, value, &structure)?,
            Kind::Undefined | Kind::Null | Kind::Other => None,
            Kind::Array if !choice.arrays.is_empty() => {
                self.only_or_first(union, &choice.arrays, value, &structure)?
            }
            Kind::Array => None,
            Kind::Date if !choice.dates.is_empty() => choice.dates.first().copied(),
            Kind::Bytes if !choice.bytes.is_empty() => choice.bytes.first().copied(),
            Kind::Set if !choice.sets.is_empty() => {
                self.only_or_first(union, &choice.sets, value, &structure)?
            }
            Kind::Map if !choice.maps.is_empty() => {
                self.only_or_first(union, &choice.maps, value, &structure)?
            }
            Kind::Object | Kind::Date | Kind::Bytes | Kind::Set | Kind::Map => {
                self.choose_object(union, choice, value, &structure)?
            }
        };
        found.ok_or_else(|| Fault::expected(&union.expected).into())
    }

    fn choose_object<S: Source>(
        &self,
        union: &Union,
        choice: &Choice,
        value: &S,
        structure: &Structure<'_>,
    ) -> Written<Option<usize>, S::Thrown> {
        if let [only] = choice.objects.as_slice() {
            return Ok(Some(*only));
        }
        if let Some(discriminant) = &choice.discriminant {
            let given = property(value, &discriminant.field, discriminant.inherited)?;
            let position = given.and_then(|given| {
                discriminant.literals.iter().position(|literals| literals.hold(&given))
            });
            let Some(position) = position else {
                let fault = Fault::expected(&discriminant.expected);
                return Err(fault.into()).under(|| Segment::Name(discriminant.field.clone()));
            };
            return Ok(choice.objects.get(position).copied());
        }
        // One that declares all the value's properties before others.
        let mut keys = None;
        for index in &choice.objects {
            let Shape::Object(object) = union.members[*index].shape else { continue };
            let object = &self.objects[object];
            if object.rest.is_some() {
                continue;
            }
            let keys = match &keys {
                Some(keys) => keys,
                None => keys.insert(thrown(value.keys())?),
            };
            let declared = keys
                .iter()
                .all(|key| key.as_ref().is_some_and(|key| object.declared.contains(key.as_str())));
            if declared && structure.is_object(object, value, LEVELS)? {
                return Ok(Some(*index));
            }
        }
        self.first(union, &choice.objects, value, structure)
    }

    fn only_or_first<S: Source>(
        &self,
        union: &Union,
        members: &[usize],
        value: &S,
        structure: &Structure<'_>,
    ) -> Written<Option<usize>, S::Thrown> {
        match members {
            [only] => Ok(Some(*only)),
            _ => self.first(union, members, value, structure),
        }
    }

    fn first<S: Source>(
        &self,
        union: &Union,
        members: &[usize],
        value: &S,
        structure: &Structure<'_>,
    ) -> Written<Option<usize>, S::Thrown> {
        for index in members {
            if structure.is(&union.members[*index].shape, value, LEVELS)? {
                return Ok(Some(*index));
            }
        }
        Ok(None)
    }
}

impl Literals {
    /// What all of them are.
    pub fn shape(&self) -> &'static Shape {
        match self.values {
            LiteralValues::Strings(_) => &Shape::String,
            LiteralValues::Numbers(_) => &Shape::Number(Scalar::Float64),
            LiteralValues::Booleans(_) => &Shape::Boolean,
            LiteralValues::BigInts(_) => &Shape::BigInt { unsigned: false },
        }
    }

    /// Whether a value is one of these, a bigint as itself.
    pub fn hold<S: Source>(&self, value: &S) -> bool {
        match (&self.values, value.kind()) {
            (LiteralValues::Strings(known), Kind::String) => {
                value.string().is_some_and(|text| known.contains(&*text))
            }
            (LiteralValues::Numbers(known), Kind::Number) => known.contains(&value.number()),
            (LiteralValues::Booleans(known), Kind::Bool) => known.contains(&value.bool()),
            (LiteralValues::BigInts(known), Kind::BigInt) => {
                value.bigint().is_some_and(|number| known.contains(&number))
            }
            _ => false,
        }
    }
}
