//! FlatBuffers → values. The decoder is the validator.

use std::{collections::HashSet, sync::Arc};

use super::{
    distinct, expected,
    fault::{Fault, Read, Segment, Under},
    flex,
    json::{date, read::enter},
    plan::{Elements, Entry, Field, Item, Object, Place, Plan, RestContent, Shape, Union},
    reader::{Reader, View},
    shape::{ObjectKind, Scalar},
};
use crate::value::Value;

/// What a request says.
pub fn arguments(plan: &Plan, object: &Object, bytes: &[u8]) -> Read<Vec<Value>> {
    if bytes.len() < 4 {
        return Err(Fault::malformed());
    }
    Decoder { plan, reader: Reader::new(bytes) }.positions(object, 0, 0)
}

struct Decoder<'p, 'b> {
    plan: &'p Plan,
    reader: Reader<'b>,
}

impl<'b> Decoder<'_, 'b> {
    /// The value at a place; absent, it is an error.
    fn value(&mut self, shape: &Shape, at: Option<usize>, depth: usize) -> Read<Value> {
        match shape {
            Shape::Nothing => Ok(Value::Undefined),
            Shape::Boolean => self.boolean(at),
            Shape::String => self.string(at).map(|text| Value::String(text.to_owned())),
            Shape::Number(scalar) => self.number(*scalar, at).map(Value::Number),
            Shape::BigInt { unsigned } => {
                let at = at.ok_or_else(|| Fault::expected(expected::BIGINT))?;
                Ok(Value::BigInt(if *unsigned {
                    self.reader.u64(at)?.into()
                } else {
                    self.reader.i64(at)?.into()
                }))
            }
            Shape::Date => self.date(at),
            Shape::Bytes => {
                let at = at.ok_or_else(|| Fault::expected(expected::BYTES))?;
                self.reader.slice(at).map(|bytes| Value::Bytes(bytes.to_owned()))
            }
            Shape::Unknown => {
                let at = at.ok_or_else(|| Fault::expected(expected::JSON_DATA))?;
                let bytes = self.reader.slice(at)?;
                flex::read(bytes)
            }
            Shape::Literals(literals) => {
                let fault = || Fault::expected(&literals.expected);
                let at = at.ok_or_else(fault)?;
                let value = self.value(literals.shape(), Some(at), depth)?;
                if literals.hold(&&value) { Ok(value) } else { Err(fault()) }
            }
            Shape::Array(elements) => self.elements(elements, at, depth).map(Value::Array),
            Shape::Set(elements) => {
                let mut members = self.elements(elements, at, depth)?;
                members.iter_mut().for_each(distinct::normalize);
                distinct::check(members.iter())?;
                Ok(Value::Set(members))
            }
            Shape::Map(entry) => self.entries(entry, at, depth).map(Value::Map),
            Shape::Object(index) => {
                let object = &self.plan.objects[*index];
                enter(depth)?;
                let at = at.ok_or_else(|| Fault::expected(expected::OBJECT))?;
                match object.kind {
                    ObjectKind::Object => self.properties(object, at, depth).map(Value::Object),
                    _ => self.positions(object, at, depth).map(Value::Array),
                }
            }
            // A union stands at two places: `place` reads it.
            Shape::Union(index) => Err(Fault::expected(&self.plan.unions[*index].expected)),
        }
    }

    fn boolean(&mut self, at: Option<usize>) -> Read<Value> {
        match at.map(|at| self.reader.u8(at)).transpose()? {
            Some(0) => Ok(Value::Bool(false)),
            Some(1) => Ok(Value::Bool(true)),
            _ => Err(Fault::expected(expected::BOOLEAN)),
        }
    }

    fn string(&mut self, at: Option<usize>) -> Read<&'b str> {
        let at = at.ok_or_else(|| Fault::expected(expected::STRING))?;
        let bytes = self.reader.slice(at)?;
        match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.contains(&0) => Ok(text),
            _ => Err(Fault::expected(expected::TEXT)),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "of safe integers only")]
    fn number(&mut self, scalar: Scalar, at: Option<usize>) -> Read<f64> {
        let fault = || Fault::expected(expected::of_number(scalar));
        let at = at.ok_or_else(fault)?;
        let reader = &self.reader;
        Ok(match scalar {
            Scalar::Int8 => reader.i8(at)?.into(),
            Scalar::Int16 => reader.i16(at)?.into(),
            Scalar::Int32 => reader.i32(at)?.into(),
            Scalar::Uint8 => reader.u8(at)?.into(),
            Scalar::Uint16 => reader.u16(at)?.into(),
            Scalar::Uint32 => reader.u32(at)?.into(),
            Scalar::Float32 => reader.f32(at)?.into(),
            Scalar::Float64 => reader.f64(at)?,
            Scalar::Int64 | Scalar::Uint64 => {
                let number = reader.i64(at)?;
                let (least, most) = scalar.integers().unwrap_or_default();
                if !(least..=most).contains(&number) {
                    return Err(fault());
                }
                number as f64
            }
        })
    }

    #[allow(clippy::cast_precision_loss, reason = "what is out of the limit is refused")]
    fn date(&mut self, at: Option<usize>) -> Read<Value> {
        let time = at.map(|at| self.reader.i64(at)).transpose()?.map(|time| time as f64);
        match time {
            Some(time) if time.abs() <= date::LIMIT => Ok(Value::Date(time)),
            _ => Err(Fault::expected(expected::DATE)),
        }
    }

    fn elements(
        &mut self,
        elements: &Elements,
        at: Option<usize>,
        depth: usize,
    ) -> Read<Vec<Value>> {
        enter(depth)?;
        let at = at.ok_or_else(|| Fault::expected(expected::ARRAY))?;
        let vector = self.reader.vector(at, elements.width())?;
        let mut values = Vec::with_capacity(vector.count);
        for index in 0..vector.count {
            let at = vector.first + index * elements.width();
            let value = self.element(elements, at, depth + 1);
            values.push(value.under(|| Segment::Index(index))?);
        }
        Ok(values)
    }

    fn element(&mut self, elements: &Elements, at: usize, depth: usize) -> Read<Value> {
        match elements {
            Elements::Direct(slot, _) => self.value(&slot.shape, Some(at), depth),
            Elements::Wrapped(item) => self.item(item, at, depth),
        }
    }

    fn item(&mut self, item: &Item, at: usize, depth: usize) -> Read<Value> {
        let view = self.reader.table(at, &item.table)?;
        self.place(view, &item.place, depth)
    }

    fn entries(
        &mut self,
        entry: &Entry,
        at: Option<usize>,
        depth: usize,
    ) -> Read<Vec<(Value, Value)>> {
        enter(depth)?;
        let at = at.ok_or_else(|| Fault::expected(expected::ARRAY))?;
        let vector = self.reader.vector(at, 4)?;
        let mut entries = Vec::with_capacity(vector.count);
        for index in 0..vector.count {
            let view = self
                .reader
                .table(vector.first + 4 * index, &entry.table)
                .under(|| Segment::Index(index))?;
            let key = self.place(view, &entry.key, depth + 1);
            let mut key = key.under(|| Segment::Half(index, 0))?;
            let value = self.place(view, &entry.value, depth + 1);
            let value = value.under(|| Segment::Half(index, 1))?;
            distinct::normalize(&mut key);
            entries.push((key, value));
        }
        distinct::check(entries.iter().map(|(key, _)| key))?;
        Ok(entries)
    }

    /// The object that the offset at `at` leads to.
    fn properties(
        &mut self,
        object: &Object,
        at: usize,
        depth: usize,
    ) -> Read<Vec<(Arc<str>, Value)>> {
        let view = self.reader.table(at, &object.table)?;
        let mut properties = Vec::with_capacity(object.fields.len());
        for field in object.fields.iter().filter(|field| !field.optional) {
            let value = self.field(view, field, depth + 1);
            let value = value.under(|| Segment::Name(field.name.clone()))?;
            properties.push((field.name.clone(), value));
        }
        for field in object.fields.iter().filter(|field| field.optional) {
            let value = self.optional(view, &field.place, depth + 1);
            if let Some(value) = value.under(|| Segment::Name(field.name.clone()))? {
                properties.push((field.name.clone(), value));
            }
        }
        if let Some(rest) = &object.rest
            && let RestContent::Properties(entry) = &rest.content
            && let Some(at) = self.reader.cell(view, rest.cell)?
        {
            self.rest(object, entry, at, depth, &mut properties)?;
        }
        Ok(properties)
    }

    fn rest(
        &mut self,
        object: &Object,
        entry: &Entry,
        at: usize,
        depth: usize,
        properties: &mut Vec<(Arc<str>, Value)>,
    ) -> Read<()> {
        let vector = self.reader.vector(at, 4)?;
        let mut seen: HashSet<Arc<str>> = HashSet::with_capacity(vector.count);
        for index in 0..vector.count {
            let view = self.reader.table(vector.first + 4 * index, &entry.table)?;
            let at = self.reader.cell(view, entry.key.value)?;
            let name: Arc<str> = self.string(at)?.into();
            let segment = || Segment::Name(name.clone());
            if &*name == "__proto__"
                || object.declared.contains(&name)
                || !seen.insert(name.clone())
            {
                return Err(Fault::new(expected::NOT_ALLOWED).under(segment()));
            }
            let value = self.place(view, &entry.value, depth + 1).under(segment)?;
            properties.push((name, value));
        }
        Ok(())
    }

    /// The tuple, or arguments, that the offset at `at` leads to.
    fn positions(&mut self, object: &Object, at: usize, depth: usize) -> Read<Vec<Value>> {
        let view = self.reader.table(at, &object.table)?;
        let mut values = Vec::with_capacity(object.fields.len());
        for (index, field) in object.fields.iter().enumerate() {
            let value = if field.optional {
                self.optional(view, &field.place, depth + 1)
            } else {
                self.field(view, field, depth + 1).map(Some)
            };
            if let Some(value) = value.under(|| Segment::Index(index))? {
                values.resize(index, Value::Undefined);
                values.push(value);
            }
        }
        if let Some(rest) = &object.rest
            && let RestContent::Elements(elements) = &rest.content
            && let Some(at) = self.reader.cell(view, rest.cell)?
        {
            let vector = self.reader.vector(at, elements.width())?;
            if vector.count > 0 {
                values.resize(object.fields.len(), Value::Undefined);
            }
            for index in 0..vector.count {
                let at = vector.first + index * elements.width();
                let value = self.element(elements, at, depth + 1);
                values.push(value.under(|| Segment::Index(object.fields.len() + index))?);
            }
        }
        Ok(values)
    }

    /// A value that has to be there, or has a default.
    fn field(&mut self, view: View, field: &Field, depth: usize) -> Read<Value> {
        match &field.default {
            None => self.place(view, &field.place, depth),
            Some(default) => {
                let value = self.find(view, &field.place, depth)?;
                Ok(value.unwrap_or_else(|| default.value.clone()))
            }
        }
    }

    fn place(&mut self, view: View, place: &Place, depth: usize) -> Read<Value> {
        match self.find(view, place, depth)? {
            Some(value) => Ok(value),
            None if place.state.is_some() && place.slot.shape.is_nothing() => {
                Err(Fault::expected(expected::of_state(place.slot.null, place.slot.undefined)))
            }
            None => self.union_or_value(&place.slot.shape, None, None, depth),
        }
    }

    /// A value that may be absent. All its cells are looked up before its state decides.
    fn optional(&mut self, view: View, place: &Place, depth: usize) -> Read<Option<Value>> {
        self.tag(view, place)?;
        self.find(view, place, depth)
    }

    /// What stands in a place, if anything does.
    fn find(&mut self, view: View, place: &Place, depth: usize) -> Read<Option<Value>> {
        let shape = &place.slot.shape;
        let at = match shape {
            Shape::Nothing => None,
            _ => self.reader.cell(view, place.value)?,
        };
        if let Some(state) = place.state
            && let Some(state) = self.reader.cell(view, state)?
        {
            return self.state(place, state, at).map(Some);
        }
        let tag = self.tag(view, place)?;
        if at.is_none() && tag.is_none() {
            return Ok(None);
        }
        self.union_or_value(shape, tag, at, depth).map(Some)
    }

    fn tag(&self, view: View, place: &Place) -> Read<Option<usize>> {
        match place.slot.shape {
            Shape::Union(_) => self.reader.cell(view, place.tag),
            _ => Ok(None),
        }
    }

    /// undefined or null, as a byte says; nothing else may stand for the value.
    fn state(&mut self, place: &Place, at: usize, value: Option<usize>) -> Read<Value> {
        match self.reader.u8(at)? {
            1 if value.is_none() && place.slot.undefined => Ok(Value::Undefined),
            2 if value.is_none() && place.slot.null => Ok(Value::Null),
            _ => Err(Fault::malformed()),
        }
    }

    fn union_or_value(
        &mut self,
        shape: &Shape,
        tag: Option<usize>,
        at: Option<usize>,
        depth: usize,
    ) -> Read<Value> {
        match shape {
            Shape::Union(index) => self.union(&self.plan.unions[*index], tag, at, depth),
            shape => self.value(shape, at, depth),
        }
    }

    fn union(
        &mut self,
        union: &Union,
        tag: Option<usize>,
        at: Option<usize>,
        depth: usize,
    ) -> Read<Value> {
        let fault = || Fault::expected(&union.expected);
        let (Some(tag), Some(at)) = (tag, at) else { return Err(fault()) };
        let tag = self.reader.u8(tag)?;
        let member = union.tags.get(&tag).ok_or_else(fault)?;
        let member = &union.members[*member];
        match &member.item {
            Some(item) => self.item(item, at, depth),
            None => self.value(&member.shape, Some(at), depth),
        }
    }
}
