//! Rows: their fields as JSON, in the form of the JSON endpoint. The key stands in a column of its
//! own.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    compile::Compiler,
    expected,
    fault::{CodecError, EncodeError, Fault, Read, Segment, Stop, Under, Written},
    json::{
        Json, parse,
        read::Reader,
        write::{Purpose, Writer},
    },
    plan::{Plan, Shape},
    shape::Shapes,
    source::property,
};
use crate::{
    manifest::{Manifest, Table},
    value::{Kind, Source, Value},
};

/// How the rows of a table are stored.
#[derive(Debug)]
pub struct RowCodec {
    plan: Arc<Plan>,
    /// Where paths begin.
    table: String,
    key: Arc<str>,
    row: Row,
}

/// A row, ready to be stored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RowText {
    /// The key, where the value holds it.
    pub key: Option<String>,
    /// The other fields: the text of a JSON object.
    pub data: String,
}

/// What the values of a field are, as far as ordering and comparing them goes; null and undefined
/// aside.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FieldClass {
    /// Strings, dates, booleans.
    Text,
    Number,
    BigInt,
    /// Arrays, objects, bytes and the like.
    Composite,
    /// Of several kinds.
    Mixed,
}

#[derive(Debug)]
enum Row {
    /// An object or a union of such, with the key as a field that may be absent.
    Typed(Shape),
    /// JSON data.
    Untyped,
}

/// The codecs of all tables.
pub fn codecs(manifest: &Manifest) -> Result<FxHashMap<String, Arc<RowCodec>>, String> {
    let shapes: Shapes = match &manifest.rows {
        Some(rows) => serde_json::from_str(rows.get())
            .map_err(|error| format!("`rows` of manifest.json: {error}"))?,
        None => Shapes::default(),
    };
    let mut compiler = Compiler::new(&shapes)?;
    let mut rows = Vec::new();
    for (name, Table { row, primary_key, .. }) in &manifest.tables {
        let row = match row {
            Some(key) => Row::Typed(compiler.row(key, primary_key)?),
            None => Row::Untyped,
        };
        rows.push((name.clone(), Arc::from(primary_key.as_str()), row));
    }
    let plan = Arc::new(compiler.plan);
    let codec = |(table, key, row): (String, Arc<str>, Row)| {
        (table.clone(), Arc::new(RowCodec { plan: plan.clone(), table, key, row }))
    };
    Ok(rows.into_iter().map(codec).collect())
}

impl RowCodec {
    /// The fields of a row, hidden ones too. Of a `partial` one those that are there.
    pub fn write<S: Source>(
        &self,
        value: &S,
        partial: bool,
    ) -> Result<RowText, EncodeError<S::Thrown>> {
        self.try_write(value, partial).map_err(|stop| stop.at_root(&self.table))
    }

    fn try_write<S: Source>(&self, value: &S, partial: bool) -> Written<RowText, S::Thrown> {
        if value.kind() != Kind::Object {
            return Err(Fault::expected("an object").into());
        }
        let key = property(value, &self.key, super::compile::is_inherited(&self.key))?;
        let key = key.map(|key| text_of(&key)).transpose();
        let key = key.under(|| Segment::Name(self.key.clone()))?;
        let data = match &self.row {
            Row::Untyped => {
                let mut writer = self.writer();
                writer.plain_object(value, Some(&self.key), 0)?;
                writer.out
            }
            Row::Typed(shape) => self.fields(shape, value, partial)?,
        };
        // What a writer writes is text.
        let data = String::from_utf8(data).map_err(|_| Fault::expected(expected::TEXT))?;
        Ok(RowText { key, data })
    }

    fn fields<S: Source>(
        &self,
        shape: &Shape,
        value: &S,
        partial: bool,
    ) -> Written<Vec<u8>, S::Thrown> {
        match shape {
            Shape::Object(index) => {
                let mut writer = self.writer();
                writer.properties(&self.plan.objects[*index], value, partial, 1)?;
                Ok(writer.out)
            }
            // Some fields do not tell which member they are of: one that takes them will do.
            Shape::Union(index) if partial => {
                let members = &self.plan.unions[*index].members;
                let mut first = None;
                for member in members {
                    match self.fields(&member.shape, value, partial) {
                        Err(fault @ Stop::Fault(_)) => first = first.or(Some(fault)),
                        done => return done,
                    }
                }
                Err(first.unwrap_or_else(|| Fault::expected(expected::OBJECT).into()))
            }
            Shape::Union(index) => {
                let union = &self.plan.unions[*index];
                let member = self.plan.choose(union, value, false)?;
                self.fields(&union.members[member].shape, value, partial)
            }
            _ => Err(Fault::expected(expected::OBJECT).into()),
        }
    }

    fn writer(&self) -> Writer<'_> {
        Writer::new(&self.plan, Purpose::Row)
    }

    /// A row with its key. Fields that the type does not have any more are passed over.
    pub fn read(&self, id: &str, data: &[u8]) -> Result<Value, CodecError> {
        self.try_read(id, data).map_err(|fault| fault.at_root(&self.table))
    }

    fn try_read(&self, id: &str, data: &[u8]) -> Read<Value> {
        let Some(Json::Object(mut entries)) = parse::parse(data) else {
            return Err(Fault::expected("a JSON object"));
        };
        entries.retain(|(name, _)| **name != *self.key);
        entries.insert(0, (self.key.as_ref().into(), Json::String(id.into())));
        let json = Json::Object(entries);
        let reader = Reader { plan: &self.plan, tolerant: true };
        match &self.row {
            Row::Typed(shape) => reader.value(shape, Some(&json), 0),
            Row::Untyped => reader.value(&Shape::Unknown, Some(&json), 0),
        }
    }

    /// What a field holds; None where there is none of this name.
    pub fn class(&self, field: &str) -> Option<FieldClass> {
        if *field == *self.key {
            return Some(FieldClass::Text);
        }
        match &self.row {
            Row::Typed(shape) => self.class_in(shape, field),
            Row::Untyped => Some(FieldClass::Mixed),
        }
    }

    fn class_in(&self, row: &Shape, field: &str) -> Option<FieldClass> {
        match row {
            Shape::Object(index) => {
                let object = &self.plan.objects[*index];
                match object.fields.iter().find(|known| *known.name == *field) {
                    Some(known) => Some(self.class_of(&known.place.slot.shape)),
                    None => object.rest.as_ref().map(|_| FieldClass::Mixed),
                }
            }
            Shape::Union(index) => {
                let members = &self.plan.unions[*index].members;
                same(members.iter().filter_map(|member| self.class_in(&member.shape, field)))
            }
            _ => None,
        }
    }

    fn class_of(&self, shape: &Shape) -> FieldClass {
        match shape {
            Shape::String | Shape::Date | Shape::Boolean => FieldClass::Text,
            Shape::Number(_) => FieldClass::Number,
            Shape::BigInt { .. } => FieldClass::BigInt,
            Shape::Literals(literals) => self.class_of(literals.shape()),
            Shape::Bytes | Shape::Array(_) | Shape::Set(_) | Shape::Map(_) | Shape::Object(_) => {
                FieldClass::Composite
            }
            Shape::Union(index) => {
                let members = &self.plan.unions[*index].members;
                let classes = members.iter().map(|member| self.class_of(&member.shape));
                same(classes).unwrap_or(FieldClass::Mixed)
            }
            Shape::Nothing | Shape::Unknown => FieldClass::Mixed,
        }
    }
}

/// The class that all are of.
fn same(mut classes: impl Iterator<Item = FieldClass>) -> Option<FieldClass> {
    let first = classes.next()?;
    Some(if classes.all(|class| class == first) { first } else { FieldClass::Mixed })
}

fn text_of<S: Source>(key: &S) -> Written<String, S::Thrown> {
    match key.string() {
        _ if key.kind() != Kind::String => Err(Fault::expected(expected::STRING).into()),
        Some(text) if !text.as_bytes().contains(&0) => Ok(text.into_owned()),
        _ => Err(Fault::expected(expected::TEXT).into()),
    }
}
