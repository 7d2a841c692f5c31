//! Values → JSON.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::read::enter;
use crate::{
    codec::{
        encode::of_kind,
        expected,
        fault::{Fault, Segment, Under, Written},
        plan::{Elements, Entry, Field, Object, Plan, RestContent, Shape, Slot},
        shape::ObjectKind,
        source::{defined, item, property, rest, thrown},
    },
    value::{Kind, Source},
};

/// Writes JSON text.
pub struct Writer<'p> {
    pub plan: &'p Plan,
    pub out: Vec<u8>,
    pub purpose: Purpose,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Hidden fields and undeclared properties are left out.
    Response,
    /// All fields are written, and no others may be there. Numbers must be such that a database
    /// gives back what it got: -0 is none.
    Row,
}

/// A result, of an object of kind [`ObjectKind::Result`]: `{"result":…}`.
pub fn result<S: Source>(plan: &Plan, object: &Object, value: &S) -> Written<Vec<u8>, S::Thrown> {
    let mut writer = Writer::new(plan, Purpose::Response);
    let slot = &object.fields[0].place.slot;
    let given = defined(value.clone());
    if given.is_none() && slot.undefined {
        return Ok(b"{}".to_vec());
    }
    writer.out.extend_from_slice(b"{\"result\":");
    writer.present(slot, given.as_ref(), slot.undefined, 1)?;
    writer.out.push(b'}');
    Ok(writer.out)
}

impl<'p> Writer<'p> {
    pub fn new(plan: &'p Plan, purpose: Purpose) -> Self {
        Self { plan, out: Vec::with_capacity(256), purpose }
    }

    /// A value that is not undefined, or one that fails.
    pub fn value<S: Source>(
        &mut self,
        shape: &Shape,
        value: Option<&S>,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let kind = value.map_or(Kind::Undefined, Source::kind);
        match (shape, value) {
            (Shape::Nothing, _) => return Err(Fault::expected("undefined").into()),
            (Shape::Boolean, Some(value)) if kind == Kind::Bool => self.bool(value.bool()),
            (Shape::Boolean, _) => return Err(Fault::expected(expected::BOOLEAN).into()),
            (Shape::String, Some(value)) if kind == Kind::String => self.string(value)?,
            (Shape::String, _) => return Err(Fault::expected(expected::STRING).into()),
            (Shape::Number(scalar), Some(value)) if kind == Kind::Number => {
                self.number(*scalar, value.number())?;
            }
            (Shape::Number(scalar), _) => {
                return Err(Fault::expected(expected::of_number(*scalar)).into());
            }
            (Shape::BigInt { unsigned }, Some(value)) if kind == Kind::BigInt => {
                self.bigint(*unsigned, value.bigint())?;
            }
            (Shape::BigInt { .. }, _) => return Err(Fault::expected(expected::BIGINT).into()),
            (Shape::Date, Some(value)) if kind == Kind::Date => self.date(value.number())?,
            (Shape::Date, _) => return Err(Fault::expected(expected::DATE).into()),
            (Shape::Bytes, Some(value)) if kind == Kind::Bytes => {
                let text = STANDARD.encode(&*value.bytes());
                self.text(&text);
            }
            (Shape::Bytes, _) => return Err(Fault::expected(expected::BYTES).into()),
            (Shape::Unknown, value) => self.unknown(value, 0)?,
            (Shape::Literals(literals), Some(value)) => self.literal(literals, value)?,
            (Shape::Literals(literals), None) => {
                return Err(Fault::expected(&literals.expected).into());
            }
            (Shape::Array(elements), value) => {
                enter(depth)?;
                let value = of_kind(value, kind, Kind::Array, expected::ARRAY)?;
                self.out.push(b'[');
                self.items(elements, value, 0, depth + 1)?;
                self.out.push(b']');
            }
            (Shape::Set(elements), value) => {
                enter(depth)?;
                let value = of_kind(value, kind, Kind::Set, expected::SET)?;
                self.members(elements, value, depth + 1)?;
            }
            (Shape::Map(entry), value) => {
                enter(depth)?;
                let value = of_kind(value, kind, Kind::Map, expected::MAP)?;
                self.pairs(entry, value, depth + 1)?;
            }
            (Shape::Object(index), value) => {
                self.object(&self.plan.objects[*index], value, kind, depth)?;
            }
            (Shape::Union(index), value) => {
                let union = &self.plan.unions[*index];
                let Some(value) = value else {
                    return Err(Fault::expected(&union.expected).into());
                };
                let member = self.plan.choose(union, value, false)?;
                self.value(&union.members[member].shape, Some(value), depth)?;
            }
        }
        Ok(())
    }

    /// What stands in a place where something has to stand: null for undefined.
    pub fn slot<S: Source>(
        &mut self,
        slot: &Slot,
        value: Option<&S>,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        match value {
            None if slot.undefined => self.out.extend_from_slice(b"null"),
            value => self.present(slot, value, slot.undefined, depth)?,
        }
        Ok(())
    }

    /// What stands where undefined has its own form. Errors name undefined where it is admitted.
    fn present<S: Source>(
        &mut self,
        slot: &Slot,
        value: Option<&S>,
        undefined: bool,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        match value {
            Some(value) if slot.null && value.is_null() => {
                self.out.extend_from_slice(b"null");
                Ok(())
            }
            _ if slot.shape.is_nothing() => {
                Err(Fault::expected(expected::of_nothing(slot.null, undefined)).into())
            }
            value => self.value(&slot.shape, value, depth),
        }
    }

    fn object<S: Source>(
        &mut self,
        object: &Object,
        value: Option<&S>,
        kind: Kind,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        enter(depth)?;
        if object.kind == ObjectKind::Object {
            let value = of_kind(value, kind, Kind::Object, expected::OBJECT)?;
            return self.properties(object, value, false, depth + 1);
        }
        let value = of_kind(value, kind, Kind::Array, expected::ARRAY)?;
        let most = object.fields.len();
        if object.rest.is_none() && value.count() > most {
            return Err(Fault::expected(&expected::at_most(most)).into());
        }
        self.positions(object, value, depth + 1)
    }

    /// `{…}`. Of a `partial` object fields may be absent.
    pub fn properties<S: Source>(
        &mut self,
        object: &Object,
        value: &S,
        partial: bool,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        if object.rest.is_none() && self.purpose == Purpose::Row {
            let undeclared = rest(value, |key| object.declared.contains(key))?;
            if let Some((key, _)) = undeclared.into_iter().find(|(_, value)| value.is_some()) {
                return Err(Fault::new(expected::UNEXPECTED).under(Segment::Name(key)).into());
            }
        }
        let start = self.out.len();
        self.out.push(b'{');
        for field in object.fields.iter().filter(|field| !field.optional) {
            let given = property(value, &field.name, field.inherited)?;
            let slot = &field.place.slot;
            let written = match (&given, &field.default) {
                (None, _) if partial => continue,
                (None, Some(default)) => {
                    self.name(start, &field.name);
                    self.out.extend_from_slice(default.text.as_bytes());
                    Ok(())
                }
                (None, None) if slot.undefined => continue,
                (given, _) => {
                    self.name(start, &field.name);
                    self.present(slot, given.as_ref(), slot.undefined, depth)
                }
            };
            written.under(|| Segment::Name(field.name.clone()))?;
        }
        let response = self.purpose == Purpose::Response;
        for field in object.fields.iter().filter(|field| field.optional && !field.key) {
            if response && field.hidden {
                continue;
            }
            let Some(given) = property(value, &field.name, field.inherited)? else { continue };
            self.name(start, &field.name);
            self.present(&field.place.slot, Some(&given), false, depth)
                .under(|| Segment::Name(field.name.clone()))?;
        }
        if let Some(RestContent::Properties(entry)) = object.rest.as_ref().map(|r| &r.content) {
            for (key, given) in rest(value, |key| object.declared.contains(key))? {
                let Some(given) = given else { continue };
                if key.contains('\0') {
                    let fault = Fault::expected(expected::TEXT);
                    return Err(fault.under(Segment::Name(key)).into());
                }
                self.name(start, &key);
                self.present(&entry.value.slot, Some(&given), false, depth)
                    .under(|| Segment::Name(key.clone()))?;
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// A name of the object that starts there.
    pub(super) fn name(&mut self, start: usize, name: &str) {
        self.comma(start);
        self.text(name);
        self.out.push(b':');
    }

    /// Between two parts of what starts there.
    pub(super) fn comma(&mut self, start: usize) {
        if self.out.len() > start + 1 {
            self.out.push(b',');
        }
    }

    fn positions<S: Source>(
        &mut self,
        object: &Object,
        value: &S,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let start = self.out.len();
        self.out.push(b'[');
        let mut written = 0;
        for (index, field) in object.fields.iter().enumerate() {
            let given = item(value, index)?;
            if field.optional && given.is_none() {
                continue;
            }
            self.pad(start, &mut written, index);
            self.comma(start);
            written += 1;
            self.position(field, given.as_ref(), depth).under(|| Segment::Index(index))?;
        }
        let most = object.fields.len();
        if let Some(RestContent::Elements(elements)) = object.rest.as_ref().map(|r| &r.content)
            && value.count() > most
        {
            self.pad(start, &mut written, most);
            self.comma(start);
            self.items(elements, value, most, depth)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn position<S: Source>(
        &mut self,
        field: &Field,
        given: Option<&S>,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        match (given, &field.default) {
            (None, Some(default)) => self.out.extend_from_slice(default.text.as_bytes()),
            (given, _) if field.optional => {
                self.present(&field.place.slot, given, false, depth)?;
            }
            (given, _) => self.slot(&field.place.slot, given, depth)?,
        }
        Ok(())
    }

    /// null for what is absent before a position.
    fn pad(&mut self, start: usize, written: &mut usize, position: usize) {
        while *written < position {
            self.comma(start);
            self.out.extend_from_slice(b"null");
            *written += 1;
        }
    }

    fn items<S: Source>(
        &mut self,
        elements: &Elements,
        value: &S,
        from: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        for index in from..value.count() {
            if index > from {
                self.out.push(b',');
            }
            let given = item(value, index)?;
            self.slot(elements.slot(), given.as_ref(), depth).under(|| Segment::Index(index))?;
        }
        Ok(())
    }

    fn members<S: Source>(
        &mut self,
        elements: &Elements,
        value: &S,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let start = self.out.len();
        self.out.push(b'[');
        for (index, member) in thrown(value.members())?.into_iter().enumerate() {
            self.comma(start);
            self.slot(elements.slot(), defined(member).as_ref(), depth)
                .under(|| Segment::Index(index))?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn pairs<S: Source>(
        &mut self,
        entry: &Entry,
        value: &S,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let start = self.out.len();
        self.out.push(b'[');
        for (index, (key, value)) in thrown(value.entries())?.into_iter().enumerate() {
            self.comma(start);
            self.out.push(b'[');
            self.slot(&entry.key.slot, defined(key).as_ref(), depth)
                .under(|| Segment::Half(index, 0))?;
            self.out.push(b',');
            self.slot(&entry.value.slot, defined(value).as_ref(), depth)
                .under(|| Segment::Half(index, 1))?;
            self.out.push(b']');
        }
        self.out.push(b']');
        Ok(())
    }
}
