//! Whether a value is of a shape, asked where nothing but its structure tells the members of a
//! union apart.
//!
//! A structure is looked into a few levels deep only: types that contain themselves would
//! otherwise cost a time that grows exponentially with the depth of a hostile value.

use super::{
    fault::Written,
    json::{is_base64, is_date, is_decimal},
    plan::{Elements, Entry, LiteralValues, Literals, Object, Plan, RestContent, Shape, Slot},
    shape::{ObjectKind, Scalar},
    source::{defined, item, property, thrown},
};
use crate::value::{Kind, Source};

/// How many levels of a structure are looked into.
pub const LEVELS: u8 = 3;

pub struct Structure<'p> {
    pub plan: &'p Plan,
    /// The values are what was read of JSON.
    pub json: bool,
}

impl Structure<'_> {
    /// Looks `levels` deep into composite shapes.
    pub fn is<S: Source>(&self, shape: &Shape, value: &S, levels: u8) -> Written<bool, S::Thrown> {
        let kind = value.kind();
        Ok(match shape {
            Shape::Nothing => false,
            Shape::Boolean => kind == Kind::Bool,
            Shape::String => kind == Kind::String,
            Shape::Number(Scalar::Float32 | Scalar::Float64) => kind == Kind::Number,
            Shape::Number(scalar) => {
                kind == Kind::Number && scalar.integer(value.number()).is_some()
            }
            Shape::BigInt { .. } if self.json => text_is(value, is_decimal),
            Shape::BigInt { unsigned } => match value.bigint() {
                Some(number) if kind == Kind::BigInt => in_64_bits(number, *unsigned),
                _ => false,
            },
            Shape::Date if self.json => text_is(value, is_date),
            Shape::Date => kind == Kind::Date,
            Shape::Bytes if self.json => text_is(value, is_base64),
            Shape::Bytes => kind == Kind::Bytes,
            Shape::Unknown => true,
            Shape::Literals(literals) => self.is_literal(literals, value),
            Shape::Array(elements) => {
                kind == Kind::Array && self.are_items(elements, value, 0, levels)?
            }
            Shape::Set(elements) if self.json => {
                kind == Kind::Array && self.are_items(elements, value, 0, levels)?
            }
            Shape::Set(elements) => {
                kind == Kind::Set && self.are_members(elements.slot(), value, levels)?
            }
            Shape::Map(entry) if self.json => {
                kind == Kind::Array && self.are_pairs(entry, value, levels)?
            }
            Shape::Map(entry) => kind == Kind::Map && self.are_entries(entry, value, levels)?,
            Shape::Object(index) => self.is_object(&self.plan.objects[*index], value, levels)?,
            Shape::Union(index) => {
                for member in &self.plan.unions[*index].members {
                    // A union is no level of its own.
                    if self.is(&member.shape, value, levels)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    /// `None` is undefined.
    fn fits<S: Source>(
        &self,
        slot: &Slot,
        value: Option<&S>,
        optional: bool,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        let Some(value) = value else { return Ok(optional || slot.undefined) };
        if value.is_null() && (slot.null || (self.json && slot.undefined)) {
            return Ok(true);
        }
        self.is(&slot.shape, value, levels.saturating_sub(1))
    }

    fn is_literal<S: Source>(&self, literals: &Literals, value: &S) -> bool {
        match &literals.values {
            LiteralValues::BigInts(known) if self.json => {
                text_is(value, |text| known.iter().any(|number| number.to_string() == text))
            }
            _ => literals.hold(value),
        }
    }

    pub fn is_object<S: Source>(
        &self,
        object: &Object,
        value: &S,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        let kind = value.kind();
        if object.kind != ObjectKind::Object {
            return Ok(kind == Kind::Array && self.is_tuple(object, value, levels)?);
        }
        let objects = [Kind::Object, Kind::Date, Kind::Bytes, Kind::Map, Kind::Set];
        if !objects.contains(&kind) {
            return Ok(false);
        }
        if levels == 0 {
            return Ok(true);
        }
        for field in &object.fields {
            let given = property(value, &field.name, field.inherited)?;
            if !self.fits(&field.place.slot, given.as_ref(), field.absent(), levels)? {
                return Ok(false);
            }
        }
        if let Some(RestContent::Properties(entry)) = object.rest.as_ref().map(|r| &r.content) {
            let others = value.properties(|key| !object.declared.contains(key));
            for (key, given) in thrown(others)? {
                if key.is_some()
                    && !self.fits(&entry.value.slot, defined(given).as_ref(), true, levels)?
                {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn is_tuple<S: Source>(
        &self,
        object: &Object,
        value: &S,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        let rest = object.rest.as_ref().map(|rest| &rest.content);
        if rest.is_none() && value.count() > object.fields.len() {
            return Ok(false);
        }
        if levels == 0 {
            return Ok(true);
        }
        for (index, field) in object.fields.iter().enumerate() {
            let given = item(value, index)?;
            // JSON has null where an array has a gap.
            let slot = &field.place.slot;
            let gap = self.json && field.optional && given.as_ref().is_some_and(Source::is_null);
            if !gap && !self.fits(slot, given.as_ref(), field.absent(), levels)? {
                return Ok(false);
            }
        }
        match rest {
            Some(RestContent::Elements(elements)) => {
                self.are_items(elements, value, object.fields.len(), levels)
            }
            _ => Ok(true),
        }
    }

    fn are_items<S: Source>(
        &self,
        elements: &Elements,
        value: &S,
        from: usize,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        if levels > 0 {
            for index in from..value.count() {
                let given = item(value, index)?;
                if !self.fits(elements.slot(), given.as_ref(), false, levels)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn are_members<S: Source>(
        &self,
        slot: &Slot,
        value: &S,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        if levels > 0 {
            for member in thrown(value.members())? {
                if !self.fits(slot, defined(member).as_ref(), false, levels)? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn are_entries<S: Source>(
        &self,
        entry: &Entry,
        value: &S,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        if levels > 0 {
            for (key, item) in thrown(value.entries())? {
                if !self.fits(&entry.key.slot, defined(key).as_ref(), false, levels)?
                    || !self.fits(&entry.value.slot, defined(item).as_ref(), false, levels)?
                {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    fn are_pairs<S: Source>(
        &self,
        entry: &Entry,
        value: &S,
        levels: u8,
    ) -> Written<bool, S::Thrown> {
        if levels > 0 {
            for index in 0..value.count() {
                let pair = thrown(value.item(index))?;
                if pair.kind() != Kind::Array
                    || pair.count() != 2
                    || !self.fits(&entry.key.slot, item(&pair, 0)?.as_ref(), false, levels)?
                    || !self.fits(&entry.value.slot, item(&pair, 1)?.as_ref(), false, levels)?
                {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

/// Whether a bigint is one of 64 bits.
pub fn in_64_bits(number: i128, unsigned: bool) -> bool {
    if unsigned { u64::try_from(number).is_ok() } else { i64::try_from(number).is_ok() }
}

fn text_is<S: Source>(value: &S, test: impl FnOnce(&str) -> bool) -> bool {
    value.kind() == Kind::String && value.string().is_some_and(|text| test(&text))
}
