//! Values → FlatBuffers.

use super::{
    expected,
    fault::{Fault, Segment, Under, Written},
    flex,
    json::{date, read::enter},
    plan::{Elements, Entry, Field, Item, Object, Place, Plan, RestContent, Shape},
    shape::{ObjectKind, Scalar},
    source::{defined, has, item, property, rest, thrown},
    structure::in_64_bits,
    writer::{Open, Writer},
};
use crate::value::{Kind, Source};

/// A result, of an object of kind [`ObjectKind::Result`].
pub fn result<S: Source>(plan: &Plan, object: &Object, value: &S) -> Written<Vec<u8>, S::Thrown> {
    let mut encoder = Encoder { plan, writer: Writer::new() };
    let open = encoder.writer.open(0, &object.table)?;
    let field = &object.fields[0];
    let given = defined(value.clone());
    encoder.field(open, field, given.as_ref(), || Ok(true), 1)?;
    encoder.writer.close(open, &object.table)?;
    Ok(encoder.writer.finish())
}

struct Encoder<'p> {
    plan: &'p Plan,
    writer: Writer,
}

impl Encoder<'_> {
    /// A value at its place in a table or vector; None is undefined.
    fn value<S: Source>(
        &mut self,
        shape: &Shape,
        value: Option<&S>,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let kind = value.map_or(Kind::Undefined, Source::kind);
        match (shape, value) {
            (Shape::Boolean, Some(value)) if kind == Kind::Bool => {
                self.writer.put(at, [u8::from(value.bool())]);
            }
            (Shape::Boolean, _) => return Err(Fault::expected(expected::BOOLEAN).into()),
            (Shape::String, Some(value)) if kind == Kind::String => match value.string() {
                Some(text) if !text.as_bytes().contains(&0) => self.writer.string(at, &text)?,
                _ => return Err(Fault::expected(expected::TEXT).into()),
            },
            (Shape::String, _) => return Err(Fault::expected(expected::STRING).into()),
            (Shape::Number(scalar), Some(value)) if kind == Kind::Number => {
                self.number(*scalar, value.number(), at)?;
            }
            (Shape::Number(scalar), _) => {
                return Err(Fault::expected(expected::of_number(*scalar)).into());
            }
            (Shape::BigInt { unsigned }, Some(value)) if kind == Kind::BigInt => {
                self.bigint(*unsigned, value.bigint(), at)?;
            }
            (Shape::BigInt { .. }, _) => return Err(Fault::expected(expected::BIGINT).into()),
            (Shape::Date, Some(value)) if kind == Kind::Date => self.date(value.number(), at)?,
            (Shape::Date, _) => return Err(Fault::expected(expected::DATE).into()),
            (Shape::Bytes, Some(value)) if kind == Kind::Bytes => {
                self.writer.bytes(at, &value.bytes())?;
            }
            (Shape::Bytes, _) => return Err(Fault::expected(expected::BYTES).into()),
            (Shape::Unknown, value) => {
                let bytes = flex::write(value)?;
                self.writer.bytes(at, &bytes)?;
            }
            (Shape::Literals(literals), value) => {
                if !value.is_some_and(|value| literals.hold(value)) {
                    return Err(Fault::expected(&literals.expected).into());
                }
                self.value(literals.shape(), value, at, depth)?;
            }
            (Shape::Array(elements), value) => {
                enter(depth)?;
                let value = of_kind(value, kind, Kind::Array, expected::ARRAY)?;
                self.items(elements, value, 0, at, depth + 1)?;
            }
            (Shape::Set(elements), value) => {
                enter(depth)?;
                let value = of_kind(value, kind, Kind::Set, expected::SET)?;
                self.members(elements, value, at, depth + 1)?;
            }
            (Shape::Map(entry), value) => {
                enter(depth)?;
                let value = of_kind(value, kind, Kind::Map, expected::MAP)?;
                self.entries(entry, value, at, depth + 1)?;
            }
            (Shape::Object(index), value) => {
                self.object(&self.plan.objects[*index], value, kind, at, depth)?;
            }
            // A union stands at two places, and nothing at none: `present` writes them.
            (Shape::Union(_) | Shape::Nothing, _) => {
                return Err(Fault::expected("undefined").into());
            }
        }
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, reason = "each within its range")]
    #[allow(clippy::cast_sign_loss, reason = "in two's complement")]
    fn number<T>(&mut self, scalar: Scalar, number: f64, at: usize) -> Written<(), T> {
        let fault = || Fault::expected(expected::of_number(scalar));
        match scalar {
            // One NaN for all.
            Scalar::Float64 if number.is_nan() => self.writer.put(at, f64::NAN.to_le_bytes()),
            Scalar::Float64 => self.writer.put(at, number.to_le_bytes()),
            Scalar::Float32 if number.is_nan() => self.writer.put(at, f32::NAN.to_le_bytes()),
            Scalar::Float32 => {
                let rounded = number as f32;
                if rounded.is_infinite() && number.is_finite() {
                    return Err(fault().into());
                }
                self.writer.put(at, rounded.to_le_bytes());
            }
            integer => {
                let number = integer.integer(number).ok_or_else(fault)?;
                match integer.width() {
                    1 => self.writer.put(at, [number as u8]),
                    2 => self.writer.put(at, (number as u16).to_le_bytes()),
                    4 => self.writer.put(at, (number as u32).to_le_bytes()),
                    _ => self.writer.put(at, number.to_le_bytes()),
                }
            }
        }
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, reason = "of 64 bits")]
    fn bigint<T>(&mut self, unsigned: bool, number: Option<i128>, at: usize) -> Written<(), T> {
        let Some(number) = number.filter(|number| in_64_bits(*number, unsigned)) else {
            let what = if unsigned { expected::BIG_UINT64 } else { expected::BIG_INT64 };
            return Err(Fault::expected(what).into());
        };
        self.writer.put(at, (number as i64).to_le_bytes());
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, reason = "the limit is a safe integer")]
    fn date<T>(&mut self, time: f64, at: usize) -> Written<(), T> {
        if time.is_nan() || time.abs() > date::LIMIT {
            return Err(Fault::expected(expected::DATE).into());
        }
        self.writer.put(at, (time as i64).to_le_bytes());
        Ok(())
    }

    fn object<S: Source>(
        &mut self,
        object: &Object,
        value: Option<&S>,
        kind: Kind,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        enter(depth)?;
        if object.kind == ObjectKind::Object {
            let value = of_kind(value, kind, Kind::Object, expected::OBJECT)?;
            return self.properties(object, value, at, depth + 1);
        }
        let value = of_kind(value, kind, Kind::Array, expected::ARRAY)?;
        if object.rest.is_none() && value.count() > object.fields.len() {
            return Err(Fault::expected(&expected::at_most(object.fields.len())).into());
        }
        self.positions(object, value, at, depth + 1)
    }

    fn properties<S: Source>(
        &mut self,
        object: &Object,
        value: &S,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let open = self.writer.open(at, &object.table)?;
        for field in object.fields.iter().filter(|field| !field.hidden) {
            let given = property(value, &field.name, field.inherited)?;
            self.field(open, field, given.as_ref(), || has(value, field), depth)
                .under(|| Segment::Name(field.name.clone()))?;
        }
        if let Some(own) = &object.rest
            && let RestContent::Properties(entry) = &own.content
        {
            let mut others = rest(value, |key| object.declared.contains(key))?;
            others.retain(|(_, given)| entry.value.slot.undefined || given.is_some());
            let at = self.writer.cell(open, own.cell);
            let first = self.writer.vector(at, others.len(), 4)?;
            for (index, (key, given)) in others.into_iter().enumerate() {
                self.rest_entry(entry, &key, given.as_ref(), first + 4 * index, depth)
                    .under(|| Segment::Name(key))?;
            }
        }
        Ok(self.writer.close(open, &object.table)?)
    }

    fn rest_entry<S: Source>(
        &mut self,
        entry: &Entry,
        key: &str,
        value: Option<&S>,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let open = self.writer.open(at, &entry.table)?;
        let at = self.writer.cell(open, entry.key.value);
        if key.contains('\0') {
            return Err(Fault::expected(expected::TEXT).into());
        }
        self.writer.string(at, key)?;
        self.place(open, &entry.value, value, depth)?;
        Ok(self.writer.close(open, &entry.table)?)
    }

    fn positions<S: Source>(
        &mut self,
        object: &Object,
        value: &S,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let open = self.writer.open(at, &object.table)?;
        let count = value.count();
        for (index, field) in object.fields.iter().enumerate().filter(|(_, f)| !f.hidden) {
            let given = item(value, index)?;
            self.field(open, field, given.as_ref(), || Ok(count > index), depth)
                .under(|| Segment::Index(index))?;
        }
        if let Some(rest) = &object.rest
            && let RestContent::Elements(elements) = &rest.content
        {
            let at = self.writer.cell(open, rest.cell);
            self.items(elements, value, object.fields.len(), at, depth)?;
        }
        Ok(self.writer.close(open, &object.table)?)
    }

    /// `present` tells whether what is undefined is there at all.
    fn field<S: Source>(
        &mut self,
        open: Open,
        field: &Field,
        value: Option<&S>,
        present: impl FnOnce() -> Written<bool, S::Thrown>,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let undefined = value.is_none() && field.absent();
        if undefined && !(field.place.slot.undefined && present()?) {
            return Ok(());
        }
        self.place(open, &field.place, value, depth)
    }

    /// A place that is filled, be it by its state.
    fn place<S: Source>(
        &mut self,
        open: Open,
        place: &Place,
        value: Option<&S>,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let slot = &place.slot;
        let state = match value {
            None if slot.undefined => 1,
            Some(value) if slot.null && value.is_null() => 2,
            _ => 0,
        };
        if let Some(cell) = place.state
            && state > 0
        {
            let at = self.writer.cell(open, cell);
            self.writer.put(at, [state]);
            return Ok(());
        }
        match &slot.shape {
            Shape::Nothing if value.is_none() && place.state.is_none() => Ok(()),
            Shape::Nothing => {
                Err(Fault::expected(expected::of_nothing(slot.null, slot.undefined)).into())
            }
            Shape::Union(index) => {
                let union = &self.plan.unions[*index];
                let Some(value) = value else {
                    return Err(Fault::expected(&union.expected).into());
                };
                let member = &union.members[self.plan.choose(union, value, false)?];
                let tag = self.writer.cell(open, place.tag);
                self.writer.put(tag, [member.tag]);
                let at = self.writer.cell(open, place.value);
                match &member.item {
                    Some(item) => self.item(item, Some(value), at, depth),
                    None => self.value(&member.shape, Some(value), at, depth),
                }
            }
            shape => {
                let at = self.writer.cell(open, place.value);
                self.value(shape, value, at, depth)
            }
        }
    }

    fn item<S: Source>(
        &mut self,
        item: &Item,
        value: Option<&S>,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let open = self.writer.open(at, &item.table)?;
        self.place(open, &item.place, value, depth)?;
        Ok(self.writer.close(open, &item.table)?)
    }

    fn element<S: Source>(
        &mut self,
        elements: &Elements,
        value: Option<&S>,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        match elements {
            Elements::Direct(slot, _) => self.value(&slot.shape, value, at, depth),
            Elements::Wrapped(item) => self.item(item, value, at, depth),
        }
    }

    /// The elements of an array from an index on.
    fn items<S: Source>(
        &mut self,
        elements: &Elements,
        value: &S,
        from: usize,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let count = value.count();
        let first = self.writer.vector(at, count.saturating_sub(from), elements.width())?;
        for index in from..count {
            let given = item(value, index)?;
            let at = first + (index - from) * elements.width();
            self.element(elements, given.as_ref(), at, depth).under(|| Segment::Index(index))?;
        }
        Ok(())
    }

    fn members<S: Source>(
        &mut self,
        elements: &Elements,
        value: &S,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let members = thrown(value.members())?;
        let first = self.writer.vector(at, members.len(), elements.width())?;
        for (index, member) in members.into_iter().enumerate() {
            let at = first + index * elements.width();
            self.element(elements, defined(member).as_ref(), at, depth)
                .under(|| Segment::Index(index))?;
        }
        Ok(())
    }

    fn entries<S: Source>(
        &mut self,
        entry: &Entry,
        value: &S,
        at: usize,
        depth: usize,
    ) -> Written<(), S::Thrown> {
        let entries = thrown(value.entries())?;
        let first = self.writer.vector(at, entries.len(), 4)?;
        for (index, (key, value)) in entries.into_iter().enumerate() {
            let open = self.writer.open(first + 4 * index, &entry.table)?;
            self.place(open, &entry.key, defined(key).as_ref(), depth)
                .under(|| Segment::Half(index, 0))?;
            self.place(open, &entry.value, defined(value).as_ref(), depth)
                .under(|| Segment::Half(index, 1))?;
            self.writer.close(open, &entry.table)?;
        }
        Ok(())
    }
}

/// The value, where its kind is the one that is wanted.
pub fn of_kind<'v, S: Source>(
    value: Option<&'v S>,
    kind: Kind,
    wanted: Kind,
    what: &str,
) -> Written<&'v S, S::Thrown> {
    match value {
        Some(value) if kind == wanted => Ok(value),
        _ => Err(Fault::expected(what).into()),
    }
}
