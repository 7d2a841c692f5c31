//! Shapes as JSON Schema (2020-12), in the encodings of the JSON endpoint: bigint as decimal text,
//! Date as RFC 3339, bytes as base64, Map as pairs, Set as an array, undefined as absent or, in an
//! array, null.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::pretty;
use crate::model::{
    shape::{
        FieldShape, Literal, ObjectKind, ObjectShape, Scalar, Shape, ShapeKey, Shapes, Slot,
        UnionShape,
    },
    wire::{Definition, reached},
};
use crate::text::comment::Comment;

pub struct Schemas<'a> {
    shapes: &'a Shapes,
    /// The components' names of objects and unions.
    names: BTreeMap<&'a str, String>,
    /// The component of errors.
    failure: String,
    /// What stands in requests, where unknown properties are refused.
    taken: BTreeSet<Definition<'a>>,
}

type Schema = Map<String, Value>;

/// With its padding, and with zeros where the last character has bits to spare.
const BASE64: &str =
    "^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$";

impl<'a> Schemas<'a> {
    pub fn new(shapes: &'a Shapes) -> Self {
        let mut used = BTreeSet::new();
        let mut names = BTreeMap::new();
        let objects = shapes
            .objects
            .iter()
            .filter(|(_, o)| matches!(o.kind, ObjectKind::Object | ObjectKind::Tuple))
            .map(|(key, object)| (key, &object.name));
        for (key, name) in objects.chain(shapes.unions.iter().map(|(key, u)| (key, &u.name))) {
            names.insert(key.as_str(), unique(name, &mut used));
        }
        let failure = unique("Failure", &mut used);
        let requests = shapes.routes.values().map(|route| &route.request);
        let taken = reached(shapes, requests).unwrap_or_default();
        Self { shapes, names, failure, taken }
    }

    pub fn failure_reference(&self) -> String {
        format!("#/components/schemas/{}", self.failure)
    }

    /// All of them, by name, as they stand in an object of this depth.
    pub fn components(&self, depth: usize) -> BTreeMap<&str, String> {
        let print = |schema: &Value| pretty::nested(schema, depth + 1);
        let objects = self.shapes.objects.par_iter().filter_map(|(key, object)| {
            let name = self.names.get(key.as_str())?;
            let schema = match object.kind {
                ObjectKind::Tuple => self.tuple(object),
                _ => self.object(key, object),
            };
            Some((name.as_str(), print(&schema.into())))
        });
        let unions = self.shapes.unions.par_iter().filter_map(|(key, union)| {
            Some((self.names.get(key.as_str())?.as_str(), print(&self.union(union).into())))
        });
        let components: Vec<(&str, String)> = objects.chain(unions).collect();
        components.into_iter().chain([(self.failure.as_str(), print(&failure()))]).collect()
    }

    /// The argument array of a route, and how many arguments it needs.
    pub fn arguments(&self, request: &str, comment: &Comment) -> (Value, usize) {
        let Some(object) = self.shapes.objects.get(request) else { return (json!({}), 0) };
        let mut schema = self.positions(object, |field, schema| {
            schema.insert("title".to_owned(), field.name.clone().into());
            if let Some(text) = comment.parameters.get(&field.name) {
                schema.insert("description".to_owned(), text.clone().into());
            }
        });
        if object.fields.is_empty() && object.rest.is_none() {
            schema.insert("maxItems".to_owned(), 0.into());
        }
        (schema.into(), least(object))
    }

    /// `{ "result": … }`
    pub fn result(&self, response: &str) -> Value {
        let object = self.shapes.objects.get(response);
        let Some(field) = object.and_then(|object| object.fields.first()) else {
            return json!({ "type": "object" });
        };
        let mut schema = Schema::new();
        schema.insert("type".to_owned(), "object".into());
        if !is_never_there(&field.slot) {
            let result = self.slot(&field.slot, field.slot.null);
            schema.insert("properties".to_owned(), json!({ "result": result }));
            if !field.slot.undefined && !field.optional {
                schema.insert("required".to_owned(), json!(["result"]));
            }
        }
        schema.into()
    }

    fn object(&self, key: &ShapeKey, object: &ObjectShape) -> Schema {
        let mut schema = described(object.docs.as_deref());
        schema.insert("type".to_owned(), "object".into());
        let mut properties = Map::new();
        let mut required = Vec::new();
        for field in object.fields.iter().filter(|f| !is_never_there(&f.slot)) {
            let mut property = self.slot(&field.slot, field.slot.null);
            property.append(&mut described(field.docs.as_deref()));
            if field.hidden {
                property.insert("writeOnly".to_owned(), true.into());
            }
            if let Some(default) = &field.default {
                property.insert("default".to_owned(), default.clone());
            }
            properties.insert(field.name.clone(), property.into());
            if !may_be_left_out(field) {
                required.push(field.name.as_str());
            }
        }
        if !properties.is_empty() {
            schema.insert("properties".to_owned(), properties.into());
        }
        if !required.is_empty() {
            schema.insert("required".to_owned(), required.into());
        }
        match &object.rest {
            Some(rest) => {
                let value = self.slot(&rest.slot, rest.slot.null);
                schema.insert("additionalProperties".to_owned(), value.into());
            }
            // An answer may have more in a later version, a request may not.
            None if self.taken.contains(&Definition::Object(key)) => {
                schema.insert("additionalProperties".to_owned(), false.into());
            }
            None => {}
        }
        schema
    }

    fn tuple(&self, object: &ObjectShape) -> Schema {
        let mut schema = described(object.docs.as_deref());
        schema.append(&mut self.positions(object, |_, _| {}));
        schema
    }

    fn positions(
        &self,
        object: &ObjectShape,
        describe: impl Fn(&FieldShape, &mut Schema),
    ) -> Schema {
        let mut schema = Schema::new();
        schema.insert("type".to_owned(), "array".into());
        let mut items: Vec<Value> = Vec::new();
        for field in &object.fields {
            // Where one is left out and another follows, null holds its place.
            let null = field.slot.null || field.slot.undefined || field.optional || field.hidden;
            let mut item = self.slot(&field.slot, null);
            describe(field, &mut item);
            if let Some(default) = &field.default {
                item.insert("default".to_owned(), default.clone());
            }
            items.push(item.into());
        }
        let count = items.len();
        if count > 0 {
            schema.insert("prefixItems".to_owned(), items.into());
        }
        let least = least(object);
        if least > 0 {
            schema.insert("minItems".to_owned(), least.into());
        }
        match &object.rest {
            Some(rest) => {
                let item = self.slot(&rest.slot, rest.slot.null || rest.slot.undefined);
                schema.insert("items".to_owned(), item.into());
            }
            None if count > 0 => {
                schema.insert("items".to_owned(), false.into());
                schema.insert("maxItems".to_owned(), count.into());
            }
            None => {
                schema.insert("maxItems".to_owned(), 0.into());
            }
        }
        schema
    }

    fn union(&self, union: &UnionShape) -> Schema {
        let members: Vec<Value> =
            union.members.iter().map(|member| self.shape(&member.shape).into()).collect();
        let mut schema = Schema::new();
        let Some((property, mapping)) = self.discriminator(union) else {
            schema.insert("anyOf".to_owned(), members.into());
            return schema;
        };
        schema.insert("oneOf".to_owned(), members.into());
        let mapping: Map<String, Value> =
            mapping.into_iter().map(|(text, target)| (text, target.into())).collect();
        schema.insert(
            "discriminator".to_owned(),
            json!({ "propertyName": property, "mapping": mapping }),
        );
        schema
    }

    /// A field of all members, whose text tells which one it is.
    fn discriminator(&self, union: &UnionShape) -> Option<(String, BTreeMap<String, String>)> {
        let objects: Vec<(&ShapeKey, &ObjectShape)> = union
            .members
            .iter()
            .map(|member| match &member.shape {
                Shape::Object(key) => self.shapes.objects.get(key).map(|object| (key, object)),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let (_, first) = objects.first()?;
        first.fields.iter().find_map(|candidate| {
            let mut mapping = BTreeMap::new();
            for (key, object) in &objects {
                if object.kind != ObjectKind::Object {
                    return None;
                }
                let field = object.fields.iter().find(|field| field.name == candidate.name)?;
                let Shape::Literals(literals) = &field.slot.shape else { return None };
                if may_be_left_out(field) || field.slot.null {
                    return None;
                }
                for literal in literals {
                    let Literal::String(text) = literal else { return None };
                    if mapping.insert(text.clone(), self.reference(key)?).is_some() {
                        return None;
                    }
                }
            }
            Some((candidate.name.clone(), mapping))
        })
    }

    fn reference(&self, key: &str) -> Option<String> {
        self.names.get(key).map(|name| format!("#/components/schemas/{name}"))
    }

    fn slot(&self, slot: &Slot, null: bool) -> Schema {
        if slot.shape == Shape::Nothing {
            return schema(json!({ "type": "null" }));
        }
        let schema = self.shape(&slot.shape);
        if null { nullable(schema) } else { schema }
    }

    fn element(&self, slot: &Slot) -> Value {
        self.slot(slot, slot.null || slot.undefined).into()
    }

    fn shape(&self, shape: &Shape) -> Schema {
        schema(match shape {
            Shape::Nothing => json!({ "type": "null" }),
            Shape::Boolean => json!({ "type": "boolean" }),
            Shape::String => json!({ "type": "string" }),
            Shape::Number(scalar) => number(*scalar),
            Shape::BigInt(Scalar::Uint64) => {
                json!({ "type": "string", "pattern": "^(0|[1-9][0-9]{0,19})$" })
            }
            Shape::BigInt(_) => {
                json!({ "type": "string", "pattern": "^(0|-?[1-9][0-9]{0,18})$" })
            }
            Shape::Date => json!({ "type": "string", "format": "date-time" }),
            Shape::Bytes => {
                json!({ "type": "string", "contentEncoding": "base64", "pattern": BASE64 })
            }
            Shape::Unknown => json!({}),
            Shape::Literals(literals) => literal_values(literals),
            Shape::Array(slot) => json!({ "type": "array", "items": self.element(slot) }),
            Shape::Set(slot) if is_told_apart(slot) => {
                json!({ "type": "array", "items": self.element(slot), "uniqueItems": true })
            }
            Shape::Set(slot) => json!({ "type": "array", "items": self.element(slot) }),
            Shape::Map(entry) => json!({
                "type": "array",
                "items": {
                    "type": "array",
                    "prefixItems": [self.element(&entry.0), self.element(&entry.1)],
                    "items": false,
                    "minItems": 2,
                    "maxItems": 2,
                },
            }),
            Shape::Object(key) | Shape::Union(key) => match self.reference(key) {
                Some(reference) => json!({ "$ref": reference }),
                None => json!({}),
            },
        })
    }
}

/// Components and operations take letters, digits and `.-_`, and no name twice.
pub fn unique(name: &str, used: &mut BTreeSet<String>) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let mut name: String = name.chars().map(|c| if is_plain(c) { c } else { '_' }).collect();
    while !used.insert(name.clone()) {
        name.push('_');
    }
    name
}

/// How many positions must be there: up to the last that cannot be left out.
fn least(object: &ObjectShape) -> usize {
    object.fields.iter().rposition(|field| !may_be_left_out(field)).map_or(0, |last| last + 1)
}

fn may_be_left_out(field: &FieldShape) -> bool {
    field.optional || field.hidden || field.default.is_some() || field.slot.undefined
}

/// Only undefined, which JSON does not have.
fn is_never_there(slot: &Slot) -> bool {
    slot.shape == Shape::Nothing && !slot.null
}

/// Two values in a set differ in JSON too. Objects, dates and bytes may be two and look alike, and
/// null stands for undefined.
fn is_told_apart(slot: &Slot) -> bool {
    let is_primitive = matches!(
        slot.shape,
        Shape::Boolean
            | Shape::String
            | Shape::Number(_)
            | Shape::BigInt(_)
            | Shape::Literals(_)
            | Shape::Nothing
    );
    is_primitive && !(slot.null && slot.undefined)
}

fn described(docs: Option<&str>) -> Schema {
    let mut schema = Schema::new();
    let comment = Comment::parse(docs.unwrap_or_default());
    if !comment.text.is_empty() {
        schema.insert("description".to_owned(), comment.text.into());
    }
    if comment.deprecated.is_some() {
        schema.insert("deprecated".to_owned(), true.into());
    }
    schema
}

fn nullable(mut plain: Schema) -> Schema {
    // `{}` admits everything.
    if plain.is_empty() {
        return plain;
    }
    if let Some(Value::String(ty)) = plain.get("type") {
        let ty = ty.clone();
        plain.insert("type".to_owned(), json!([ty, "null"]));
        if let Some(only) = plain.shift_remove("const") {
            plain.insert("enum".to_owned(), json!([only, null]));
        } else if let Some(Value::Array(values)) = plain.get_mut("enum") {
            values.push(Value::Null);
        }
        return plain;
    }
    schema(json!({ "anyOf": [plain, { "type": "null" }] }))
}

fn number(scalar: Scalar) -> Value {
    match scalar.integers() {
        Some((least, most)) => json!({ "type": "integer", "minimum": least, "maximum": most }),
        None if scalar == Scalar::Float32 => json!({
            "type": "number",
            "format": "float",
            "exclusiveMinimum": -Scalar::FLOAT32_END,
            "exclusiveMaximum": Scalar::FLOAT32_END,
        }),
        None => json!({ "type": "number" }),
    }
}

fn literal_values(literals: &[Literal]) -> Value {
    let ty = match literals.first() {
        Some(Literal::Boolean(_)) => "boolean",
        Some(Literal::Number(_)) => "number",
        _ => "string",
    };
    let values: Vec<Value> = literals
        .iter()
        .map(|literal| match literal {
            Literal::Boolean(value) => (*value).into(),
            Literal::Number(value) => number_literal(*value),
            Literal::String(text) => text.clone().into(),
            Literal::BigInt { bigint } => bigint.clone().into(),
        })
        .collect();
    match values.as_slice() {
        [only] => json!({ "type": ty, "const": only }),
        values => json!({ "type": ty, "enum": values }),
    }
}

/// `5` rather than `5.0`.
#[allow(clippy::cast_possible_truncation, reason = "within ±2^53")]
fn number_literal(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() < 9_007_199_254_740_992.0 {
        return (value as i64).into();
    }
    value.into()
}

fn schema(value: Value) -> Schema {
    match value {
        Value::Object(schema) => schema,
        _ => Schema::new(),
    }
}

fn failure() -> Value {
    json!({
        "description": "What the server answers where a call fails.",
        "type": "object",
        "properties": {
            "error": {
                "type": "object",
                "properties": {
                    "code": {
                        "type": "string",
                        "description": "A stable name: `NOT_FOUND`, `INVALID_REQUEST`.",
                    },
                    "message": { "type": "string" },
                    "status": { "type": "integer", "minimum": 400, "maximum": 599 },
                    "path": {
                        "type": "string",
                        "description": "The argument that is wrong: `args[0].email`.",
                    },
                    "stack": { "type": "string", "description": "In development only." },
                },
                "required": ["code", "message", "status"],
            },
        },
        "required": ["error"],
    })
}
