//! What codecs and schemas are made of: every composite shape under a name, and every FlatBuffers
//! table with the place of each of its fields.
//!
//! Input: the shape `(string | null)[]`
//! Output: an array `ArrayOfNullableString` of tables `ItemOfNullableString { value, state }`

use std::collections::{BTreeMap, BTreeSet};

use crate::model::shape::{
    FieldIds, FieldShape, Literal, ObjectKind, ObjectShape, Scalar, Shape, ShapeKey, Shapes, Slot,
    UnionShape,
};

/// The definitions of an application, by their names.
pub struct Plan<'a> {
    pub shapes: &'a Shapes,
    pub definitions: BTreeMap<String, Definition<'a>>,
    /// What a definition is known by → its name.
    names: BTreeMap<String, String>,
    taken: BTreeSet<String>,
}

pub enum Definition<'a> {
    Object(&'a ObjectShape),
    Union(&'a UnionShape),
    Literals(&'a [Literal]),
    Array(&'a Slot),
    Set(&'a Slot),
    Map(&'a Slot, &'a Slot),
    /// A table around an element or a union's member.
    Item(Slot),
    /// A table of a key and its value: an entry of a map or of an object's rest.
    Entry(Slot, &'a Slot),
}

/// A FlatBuffers table. Its inline part is the same whichever fields are present.
pub struct Table {
    pub places: Vec<Place>,
    /// In bytes, with the offset of the vtable.
    pub size: u32,
    /// It has fields of 8 bytes.
    pub wide: bool,
    /// Entries of the vtable.
    pub entries: u16,
}

/// A field of a table.
#[derive(Clone)]
pub struct Place {
    /// Of an object: the property. Of other tables: a word for the schema.
    pub name: String,
    pub slot: Slot,
    pub optional: bool,
    pub hidden: bool,
    pub default: Option<serde_json::Value>,
    pub ids: FieldIds,
    /// Of value, type and state, in bytes from the table's start; 0 for what it has not.
    pub value_at: u32,
    pub type_at: u32,
    pub state_at: u32,
}

impl<'a> Plan<'a> {
    pub fn new(shapes: &'a Shapes) -> Self {
        let mut plan = Self {
            shapes,
            definitions: BTreeMap::new(),
            names: BTreeMap::new(),
            taken: BTreeSet::new(),
        };
        plan.taken.insert("Removed".to_owned());
        for (key, object) in &shapes.objects {
            plan.define(object_key(key), &object.name, Definition::Object(object));
        }
        for (key, union) in &shapes.unions {
            plan.define(union_key(key), &union.name, Definition::Union(union));
        }
        for object in shapes.objects.values() {
            object.fields.iter().for_each(|field| plan.visit(&field.slot.shape));
            if let Some(rest) = &object.rest {
                plan.visit(&rest.slot.shape);
                match object.kind {
                    ObjectKind::Object => plan.entry(string_slot(), &rest.slot),
                    _ => plan.element(&rest.slot),
                }
            }
        }
        for union in shapes.unions.values() {
            for member in &union.members {
                plan.visit(&member.shape);
                if !matches!(member.shape, Shape::Object(_)) {
                    plan.item(Slot::of(member.shape.clone()));
                }
            }
        }
        plan
    }

    fn visit(&mut self, shape: &'a Shape) {
        match shape {
            Shape::Array(slot) | Shape::Set(slot) => {
                self.visit(&slot.shape);
                self.element(slot);
                let definition = match shape {
                    Shape::Array(_) => Definition::Array(slot),
                    _ => Definition::Set(slot),
                };
                self.define(shape_key(shape), &self.described(shape), definition);
            }
            Shape::Map(entry) => {
                let (key, value) = &**entry;
                self.visit(&key.shape);
                self.visit(&value.shape);
                self.entry(key.clone(), value);
                self.define(shape_key(shape), &self.described(shape), Definition::Map(key, value));
            }
            Shape::Literals(literals) => {
                self.define(
                    shape_key(shape),
                    &self.described(shape),
                    Definition::Literals(literals),
                );
            }
            _ => {}
        }
    }

    fn element(&mut self, slot: &Slot) {
        if !slot.is_direct() {
            self.item(slot.clone());
        }
    }

    fn item(&mut self, slot: Slot) {
        let name = format!("ItemOf{}", self.described_slot(&slot));
        self.define(item_key(&slot), &name, Definition::Item(slot));
    }

    fn entry(&mut self, key: Slot, value: &'a Slot) {
        let name = format!("EntryOf{}To{}", self.described_slot(&key), self.described_slot(value));
        self.define(entry_key(&key, value), &name, Definition::Entry(key, value));
    }

    fn define(&mut self, key: String, name: &str, definition: Definition<'a>) {
        if self.names.contains_key(&key) {
            return;
        }
        let name = if name.len() > LONGEST_NAME { "Nested" } else { name };
        let mut unique = name.to_owned();
        let mut number = 2;
        while !self.taken.insert(unique.clone()) {
            unique = format!("{name}_{number}");
            number += 1;
        }
        self.names.insert(key, unique.clone());
        self.definitions.insert(unique, definition);
    }

    /// The name of the definition of a composite shape.
    pub fn name(&self, shape: &Shape) -> &str {
        self.named(&match shape {
            Shape::Object(key) => object_key(key),
            Shape::Union(key) => union_key(key),
            shape => shape_key(shape),
        })
    }

    pub fn object_name(&self, key: &ShapeKey) -> &str {
        self.named(&object_key(key))
    }

    pub fn item_name(&self, slot: &Slot) -> &str {
        self.named(&item_key(slot))
    }

    pub fn entry_name(&self, key: &Slot, value: &Slot) -> &str {
        self.named(&entry_key(key, value))
    }

    fn named(&self, key: &str) -> &str {
        self.names.get(key).map_or("", String::as_str)
    }

    fn described_slot(&self, slot: &Slot) -> String {
        let null = if slot.null { "Nullable" } else { "" };
        let undefined = if slot.undefined { "Maybe" } else { "" };
        format!("{null}{undefined}{}", self.described(&slot.shape))
    }

    fn described(&self, shape: &Shape) -> String {
        match shape {
            Shape::Nothing => "Nothing".to_owned(),
            Shape::Boolean => "Boolean".to_owned(),
            Shape::String => "String".to_owned(),
            Shape::Number(scalar) => scalar.name().to_owned(),
            Shape::BigInt(Scalar::Uint64) => "BigUint64".to_owned(),
            Shape::BigInt(_) => "BigInt64".to_owned(),
            Shape::Date => "Date".to_owned(),
            Shape::Bytes => "Bytes".to_owned(),
            Shape::Unknown => "Unknown".to_owned(),
            Shape::Literals(literals) => {
                let words: String = literals.iter().take(4).map(literal_word).collect();
                let more = if literals.len() > 4 { "Others" } else { "" };
                match self.names.get(&shape_key(shape)) {
                    Some(name) => name.clone(),
                    None => format!("Literal{words}{more}"),
                }
            }
            Shape::Array(slot) => format!("ArrayOf{}", self.described_slot(slot)),
            Shape::Set(slot) => format!("SetOf{}", self.described_slot(slot)),
            Shape::Map(entry) => {
                format!("MapOf{}To{}", self.described_slot(&entry.0), self.described_slot(&entry.1))
            }
            Shape::Object(_) | Shape::Union(_) => self.name(shape).to_owned(),
        }
    }

    /// The table of a definition that is one.
    pub fn table(&self, definition: &Definition<'_>) -> Option<Table> {
        match definition {
            Definition::Object(object) => {
                let mut places: Vec<Place> = object.fields.iter().map(field).collect();
                if let Some(rest) = &object.rest {
                    // A vector, whatever the slot of its elements is.
                    let id = FieldIds { value: rest.id.value, state: None };
                    places.push(place("rest", Slot::of(Shape::Bytes), id));
                }
                Some(laid_out(places, &object.removed))
            }
            Definition::Item(slot) => {
                let (value, state) = if is_union(slot) { (1, 2) } else { (0, 1) };
                let place = place("value", slot.clone(), ids(slot, value, state));
                Some(laid_out(vec![place], &[]))
            }
            Definition::Entry(key, value) => {
                let key = place("key", key.clone(), ids(key, 1, 2));
                let value = place("value", (*value).clone(), ids(value, 4, 5));
                Some(laid_out(vec![key, value], &[]))
            }
            _ => None,
        }
    }
}

fn ids(slot: &Slot, value: u16, state: u16) -> FieldIds {
    FieldIds { value, state: (slot.null || slot.undefined).then_some(state) }
}

fn field(field: &FieldShape) -> Place {
    Place {
        optional: field.optional,
        hidden: field.hidden,
        default: field.default.clone(),
        ..place(&field.name, field.slot.clone(), field.id)
    }
}

fn place(name: &str, slot: Slot, ids: FieldIds) -> Place {
    Place {
        name: name.to_owned(),
        slot,
        optional: false,
        hidden: false,
        default: None,
        ids,
        value_at: 0,
        type_at: 0,
        state_at: 0,
    }
}

/// Gives each field its place: the wide ones first, where all are aligned.
fn laid_out(mut places: Vec<Place>, other_ids: &[u16]) -> Table {
    let mut size = 4;
    for width in [8, 4, 2, 1] {
        for place in &mut places {
            if shape_width(&place.slot.shape) == width {
                place.value_at = size;
                size += width;
            }
            if width == 1 {
                if is_union(&place.slot) {
                    place.type_at = size;
                    size += 1;
                }
                if place.ids.state.is_some() {
                    place.state_at = size;
                    size += 1;
                }
            }
        }
    }
    let ids = places.iter().flat_map(|p| [Some(p.ids.value), p.ids.state]).flatten();
    let entries = ids.chain(other_ids.iter().copied()).max().map_or(0, |id| id + 1);
    let wide = places.iter().any(|place| shape_width(&place.slot.shape) == 8);
    Table { places, size, wide, entries }
}

/// Bytes of a value within its table or vector: those of an offset for what stands elsewhere.
pub fn shape_width(shape: &Shape) -> u32 {
    match shape {
        Shape::Nothing => 0,
        Shape::Boolean => 1,
        Shape::Number(scalar) | Shape::BigInt(scalar) => match scalar {
            Scalar::Int8 | Scalar::Uint8 => 1,
            Scalar::Int16 | Scalar::Uint16 => 2,
            Scalar::Int32 | Scalar::Uint32 | Scalar::Float32 => 4,
            Scalar::Int64 | Scalar::Uint64 | Scalar::Float64 => 8,
        },
        Shape::Date => 8,
        Shape::Literals(literals) => match literals.first() {
            Some(Literal::Boolean(_)) => 1,
            Some(Literal::Number(_) | Literal::BigInt { .. }) => 8,
            _ => 4,
        },
        _ => 4,
    }
}

pub fn is_union(slot: &Slot) -> bool {
    matches!(slot.shape, Shape::Union(_))
}

pub fn string_slot() -> Slot {
    Slot::of(Shape::String)
}

/// A word for a literal in a name.
fn literal_word(literal: &Literal) -> String {
    let text = match literal {
        Literal::Boolean(value) => value.to_string(),
        Literal::Number(value) => value.to_string(),
        Literal::String(text) => text.clone(),
        Literal::BigInt { bigint } => bigint.clone(),
    };
    let mut word = String::new();
    let mut upper = true;
    for c in text.chars().take(16) {
        if c.is_ascii_alphanumeric() {
            word.push(if upper { c.to_ascii_uppercase() } else { c });
        }
        upper = !c.is_ascii_alphanumeric();
    }
    word
}

fn object_key(key: &ShapeKey) -> String {
    format!("object {key}")
}

fn union_key(key: &ShapeKey) -> String {
    format!("union {key}")
}

fn shape_key(shape: &Shape) -> String {
    serde_json::to_string(shape).unwrap_or_default()
}

fn item_key(slot: &Slot) -> String {
    format!("item {}", serde_json::to_string(slot).unwrap_or_default())
}

fn entry_key(key: &Slot, value: &Slot) -> String {
    let text = |slot: &Slot| serde_json::to_string(slot).unwrap_or_default();
    format!("entry {} {}", text(key), text(value))
}

/// Names of what is nested deeper say nothing any more.
const LONGEST_NAME: usize = 100;
