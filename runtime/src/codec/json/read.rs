//! JSON → values.

use std::{convert::Infallible, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Json, JsonSource, date, is_decimal, unknown};
use crate::{
    codec::{
        distinct,
        expected::{self, MAX_DEPTH},
        fault::{Fault, Read, Segment, Stop, Under},
        plan::{
            Elements, Entry, Field, LiteralValues, Literals, Object, Plan, RestContent, Shape, Slot,
        },
        shape::{ObjectKind, Scalar},
        structure::in_64_bits,
    },
    value::Value,
};

/// How JSON becomes values.
#[derive(Clone, Copy)]
pub struct Reader<'p> {
    pub plan: &'p Plan,
    /// Properties that are not declared are passed over, not refused.
    pub tolerant: bool,
}

/// What a default means, which stands in the manifest as JSON.
pub fn default(plan: &Plan, slot: &Slot, json: &Json<'_>) -> Read<Value> {
    if slot.null && matches!(json, Json::Null) {
        return Ok(Value::Null);
    }
    Reader { plan, tolerant: false }.value(&slot.shape, Some(json), 0)
}

impl Reader<'_> {
    /// Arguments, as an array.
    pub fn arguments(&self, object: &Object, json: &Json<'_>) -> Read<Vec<Value>> {
        self.positions(object, Some(json), 0)
    }

    pub fn value(&self, shape: &Shape, json: Option<&Json<'_>>, depth: usize) -> Read<Value> {
        Ok(match shape {
            Shape::Nothing => return Err(Fault::expected("undefined")),
            Shape::Boolean => match json {
                Some(Json::Bool(value)) => Value::Bool(*value),
                _ => return Err(Fault::expected(expected::BOOLEAN)),
            },
            Shape::String => Value::String(string(json)?.to_owned()),
            Shape::Number(scalar) => Value::Number(number(*scalar, json)?),
            Shape::BigInt { unsigned } => Value::BigInt(bigint(*unsigned, json)?),
            Shape::Date => match json {
                Some(Json::String(text)) => date::parse(text).map(Value::Date),
                _ => None,
            }
            .ok_or_else(|| Fault::expected(expected::RFC3339))?,
            Shape::Bytes => match json {
                Some(Json::String(text)) => STANDARD.decode(&**text).ok().map(Value::Bytes),
                _ => None,
            }
            .ok_or_else(|| Fault::expected(expected::BASE64))?,
            Shape::Unknown => unknown::read(json, 0)?,
            Shape::Literals(literals) => literal(literals, json)?,
            Shape::Array(elements) => Value::Array(self.items(elements, json, depth)?),
            Shape::Set(elements) => {
                let mut members = self.items(elements, json, depth)?;
                members.iter_mut().for_each(distinct::normalize);
                distinct::check(members.iter())?;
                Value::Set(members)
            }
            Shape::Map(entry) => Value::Map(self.pairs(entry, json, depth)?),
            Shape::Object(index) => {
                let object = &self.plan.objects[*index];
                match object.kind {
                    ObjectKind::Object => Value::Object(self.properties(object, json, depth)?),
                    _ => Value::Array(self.positions(object, json, depth)?),
                }
            }
            Shape::Union(index) => {
                let union = &self.plan.unions[*index];
                let member = self.plan.choose(union, &JsonSource(json), true).map_err(
                    |stop: Stop<Infallible>| match stop {
                        Stop::Fault(fault) => fault,
                        Stop::Thrown(never) => match never {},
                    },
                )?;
                self.value(&union.members[member].shape, json, depth)?
            }
        })
    }

    /// What stands in a place: null where undefined is meant and null is no value of its own.
    fn slot(&self, slot: &Slot, json: Option<&Json<'_>>, depth: usize) -> Read<Value> {
        match json {
            None if slot.undefined => Ok(Value::Undefined),
            Some(Json::Null) if slot.undefined && !takes_null(slot) => Ok(Value::Undefined),
            Some(Json::Null) if slot.null => Ok(Value::Null),
            _ if slot.shape.is_nothing() => {
                Err(Fault::expected(expected::of_nothing(slot.null, slot.undefined)))
            }
            json => self.value(&slot.shape, json, depth),
        }
    }

    /// What stands where something may be absent, and is not.
    fn present(&self, slot: &Slot, json: Option<&Json<'_>>, depth: usize) -> Read<Value> {
        match json {
            Some(Json::Null) if slot.null => Ok(Value::Null),
            _ if slot.shape.is_nothing() => {
                Err(Fault::expected(expected::of_nothing(slot.null, false)))
            }
            json => self.value(&slot.shape, json, depth),
        }
    }

    fn items(
        &self,
        elements: &Elements,
        json: Option<&Json<'_>>,
        depth: usize,
    ) -> Read<Vec<Value>> {
        enter(depth)?;
        let items = array(json, expected::ARRAY)?;
        let mut values = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let value = self.slot(elements.slot(), Some(item), depth + 1);
            values.push(value.under(|| Segment::Index(index))?);
        }
        Ok(values)
    }

    fn pairs(
        &self,
        entry: &Entry,
        json: Option<&Json<'_>>,
        depth: usize,
    ) -> Read<Vec<(Value, Value)>> {
        enter(depth)?;
        let pairs = array(json, expected::PAIRS)?;
        let mut entries = Vec::with_capacity(pairs.len());
        for (index, pair) in pairs.iter().enumerate() {
            let Json::Array(halves) = pair else {
                return Err(Fault::expected(expected::PAIR).under(Segment::Index(index)));
            };
            let [key, value] = halves.as_slice() else {
                return Err(Fault::expected(expected::PAIR).under(Segment::Index(index)));
            };
            let mut key = self
                .slot(&entry.key.slot, Some(key), depth + 1)
                .under(|| Segment::Half(index, 0))?;
            let value = self
                .slot(&entry.value.slot, Some(value), depth + 1)
                .under(|| Segment::Half(index, 1))?;
            distinct::normalize(&mut key);
            entries.push((key, value));
        }
        distinct::check(entries.iter().map(|(key, _)| key))?;
        Ok(entries)
    }

    fn positions(
        &self,
        object: &Object,
        json: Option<&Json<'_>>,
        depth: usize,
    ) -> Read<Vec<Value>> {
        enter(depth)?;
        let items = array(json, expected::ARRAY)?;
        let most = object.fields.len();
        if object.rest.is_none() && items.len() > most {
            return Err(Fault::expected(&expected::at_most(most)));
        }
        let mut values = Vec::with_capacity(items.len().max(most));
        for (index, field) in object.fields.iter().enumerate() {
            let item = items.get(index);
            let value = self.position(field, item, depth + 1);
            if let Some(value) = value.under(|| Segment::Index(index))? {
                values.resize(index, Value::Undefined);
                values.push(value);
            }
        }
        if let Some(RestContent::Elements(elements)) = object.rest.as_ref().map(|r| &r.content)
            && items.len() > most
        {
            values.resize(most, Value::Undefined);
            for (index, item) in items.iter().enumerate().skip(most) {
                let value = self.slot(elements.slot(), Some(item), depth + 1);
                values.push(value.under(|| Segment::Index(index))?);
            }
        }
        Ok(values)
    }

    fn position(
        &self,
        field: &Field,
        json: Option<&Json<'_>>,
        depth: usize,
    ) -> Read<Option<Value>> {
        let slot = &field.place.slot;
        if field.optional {
            return match json {
                None => Ok(None),
                // JSON has no undefined: null stands for it where null is no value of its own.
                Some(Json::Null) if !takes_null(slot) => Ok(None),
                json => self.present(slot, json, depth).map(Some),
            };
        }
        match (&field.default, json) {
            (Some(default), None) => Ok(Some(default.value.clone())),
            _ => self.slot(slot, json, depth).map(Some),
        }
    }

    fn properties(
        &self,
        object: &Object,
        json: Option<&Json<'_>>,
        depth: usize,
    ) -> Read<Vec<(Arc<str>, Value)>> {
        enter(depth)?;
        let (Some(json), Some(Json::Object(entries))) = (json, json) else {
            return Err(Fault::expected(expected::OBJECT));
        };
        let undeclared = || entries.iter().filter(|(key, _)| !object.declared.contains(&**key));
        if object.rest.is_none()
            && !self.tolerant
            && let Some((key, _)) = undeclared().next()
        {
            return Err(Fault::new(expected::UNEXPECTED).under(name(key)));
        }
        let mut properties = Vec::with_capacity(object.fields.len());
        let fields = || object.fields.iter().enumerate();
        for (hint, field) in fields().filter(|(_, field)| !field.optional) {
            let value = self.property(field, json.get(&field.name, hint), depth + 1);
            let value = value.under(|| Segment::Name(field.name.clone()))?;
            properties.push((field.name.clone(), value));
        }
        for (hint, field) in fields().filter(|(_, field)| field.optional) {
            let Some(json) = json.get(&field.name, hint) else { continue };
            let value = self.present(&field.place.slot, Some(json), depth + 1);
            let value = value.under(|| Segment::Name(field.name.clone()))?;
            properties.push((field.name.clone(), value));
        }
        if let Some(RestContent::Properties(entry)) = object.rest.as_ref().map(|r| &r.content) {
            if let Some((key, _)) = undeclared().find(|(key, _)| key == "__proto__") {
                return Err(Fault::new(expected::NOT_ALLOWED).under(name(key)));
            }
            for (key, json) in undeclared() {
                let value =
                    text(key).and_then(|_| self.present(&entry.value.slot, Some(json), depth + 1));
                properties.push(((&**key).into(), value.under(|| name(key))?));
            }
        }
        Ok(properties)
    }

    /// A property that is always there: of a type that admits undefined it may be absent in JSON.
    fn property(&self, field: &Field, json: Option<&Json<'_>>, depth: usize) -> Read<Value> {
        match (json, &field.default) {
            (None, Some(default)) => Ok(default.value.clone()),
            (Some(Json::Null), _) if field.place.slot.null => Ok(Value::Null),
            (None, None) if field.place.slot.undefined => Ok(Value::Undefined),
            _ if field.place.slot.shape.is_nothing() => {
                let Slot { null, undefined, .. } = field.place.slot;
                Err(Fault::expected(expected::of_nothing(null, undefined)))
            }
            (json, _) => self.value(&field.place.slot.shape, json, depth),
        }
    }
}

pub fn enter(depth: usize) -> Read<()> {
    if depth > MAX_DEPTH { Err(Fault::new(expected::TOO_DEEP)) } else { Ok(()) }
}

fn array<'j, 't>(json: Option<&'j Json<'t>>, what: &str) -> Read<&'j [Json<'t>]> {
    match json {
        Some(Json::Array(items)) => Ok(items),
        _ => Err(Fault::expected(what)),
    }
}

/// Null is one of its values.
fn takes_null(slot: &Slot) -> bool {
    slot.null || matches!(slot.shape, Shape::Unknown)
}

fn string<'j>(json: Option<&'j Json<'_>>) -> Read<&'j str> {
    match json {
        Some(Json::String(string)) => text(string),
        _ => Err(Fault::expected(expected::STRING)),
    }
}

/// Text without NUL.
pub fn text(text: &str) -> Read<&str> {
    if text.as_bytes().contains(&0) { Err(Fault::expected(expected::TEXT)) } else { Ok(text) }
}

fn number(scalar: Scalar, json: Option<&Json<'_>>) -> Read<f64> {
    let number = match json {
        Some(Json::Number(number)) => *number,
        _ => return Err(Fault::expected(expected::of_number(scalar))),
    };
    checked(scalar, number)
}

/// A number of JSON, which is finite; -0 is no integer of its own.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "rounding is what float32 asks for, and integers are safe ones"
)]
pub fn checked(scalar: Scalar, number: f64) -> Read<f64> {
    let fault = || Fault::expected(expected::of_number(scalar));
    match scalar {
        Scalar::Float64 | Scalar::Float32 if !number.is_finite() => {
            Err(Fault::expected(expected::FINITE))
        }
        Scalar::Float64 => Ok(number),
        Scalar::Float32 => {
            let rounded = number as f32;
            if rounded.is_finite() { Ok(f64::from(rounded)) } else { Err(fault()) }
        }
        integer => integer.integer(number).map(|number| number as f64).ok_or_else(fault),
    }
}

fn bigint(unsigned: bool, json: Option<&Json<'_>>) -> Read<i128> {
    let number = match json {
        Some(Json::String(text)) if is_decimal(text) => text.parse().ok(),
        _ => None,
    };
    let number = number.ok_or_else(|| Fault::expected(expected::DECIMAL))?;
    if in_64_bits(number, unsigned) {
        return Ok(number);
    }
    Err(Fault::expected(if unsigned { expected::BIG_UINT64 } else { expected::BIG_INT64 }))
}

fn literal(literals: &Literals, json: Option<&Json<'_>>) -> Read<Value> {
    let known = match (&literals.values, json) {
        (LiteralValues::BigInts(known), json) => {
            Some(bigint(false, json)?).filter(|number| known.contains(number)).map(Value::BigInt)
        }
        (LiteralValues::Strings(known), Some(Json::String(text))) => {
            known.contains(&**text).then(|| Value::String(text.to_string()))
        }
        (LiteralValues::Numbers(known), Some(Json::Number(number))) => {
            known.contains(number).then_some(Value::Number(*number))
        }
        (LiteralValues::Booleans(known), Some(Json::Bool(value))) => {
            known.contains(value).then_some(Value::Bool(*value))
        }
        _ => None,
    };
    known.ok_or_else(|| Fault::expected(&literals.expected))
}

pub fn name(key: &str) -> Segment {
    Segment::Name(key.into())
}
