//! Which member of a union a value is, asked in the order that `choice` found.

use super::{
    fault::{Fault, Segment, Under, Written},
    plan::{Choice, Plan, Shape, Union},
    source::{property, thrown},
    structure::{LEVELS, Structure},
};
use crate::value::{Kind, Source};

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
            Kind::String => structure.first(union, &choice.strings, value)?,
            Kind::Number => structure.first(union, &choice.numbers, value)?,
            Kind::Bool => structure.first(union, &choice.booleans, value)?,
            Kind::BigInt => structure.first(union, &choice.bigints, value)?,
            Kind::Undefined | Kind::Null | Kind::Other => None,
            Kind::Array if !choice.arrays.is_empty() => {
                structure.only_or_first(union, &choice.arrays, value)?
            }
            Kind::Array => None,
            Kind::Date if !choice.dates.is_empty() => choice.dates.first().copied(),
            Kind::Bytes if !choice.bytes.is_empty() => choice.bytes.first().copied(),
            Kind::Set if !choice.sets.is_empty() => {
                structure.only_or_first(union, &choice.sets, value)?
            }
            Kind::Map if !choice.maps.is_empty() => {
                structure.only_or_first(union, &choice.maps, value)?
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
        structure.first(union, &choice.objects, value)
    }
}

impl Structure<'_> {
    /// One alone is not asked: what it refuses it says itself.
    fn only_or_first<S: Source>(
        &self,
        union: &Union,
        members: &[usize],
        value: &S,
    ) -> Written<Option<usize>, S::Thrown> {
        match members {
            [only] => Ok(Some(*only)),
            _ => self.first(union, members, value),
        }
    }

    fn first<S: Source>(
        &self,
        union: &Union,
        members: &[usize],
        value: &S,
    ) -> Written<Option<usize>, S::Thrown> {
        for index in members {
            if self.is(&union.members[*index].shape, value, LEVELS)? {
                return Ok(Some(*index));
            }
        }
        Ok(None)
    }
}
