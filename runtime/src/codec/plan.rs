//! What reading and writing follow: the shapes of an application with indices for keys, and every
//! FlatBuffers table with the place of each of its fields. `compile` makes it from a manifest.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::shape::{ObjectKind, Scalar};
use crate::value::Value;

#[derive(Debug, Default)]
pub struct Plan {
    pub objects: Vec<Object>,
    pub unions: Vec<Union>,
}

#[derive(Clone, Debug)]
pub struct Object {
    pub kind: ObjectKind,
    pub table: Table,
    pub fields: Vec<Field>,
    pub rest: Option<Rest>,
    /// The names of the fields.
    pub declared: FxHashSet<Arc<str>>,
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Field {
    pub name: Arc<str>,
    pub place: Place,
    /// It may be absent, and is not made up for.
    pub optional: bool,
    /// It never stands in a response.
    pub hidden: bool,
    pub default: Option<DefaultValue>,
    /// Every object inherits something of this name: only a value's own counts.
    pub inherited: bool,
    /// The key of a row: it stands in a column of its own.
    pub key: bool,
}

/// What a message without the field means.
#[derive(Clone, Debug)]
pub struct DefaultValue {
    pub value: Value,
    /// As JSON.
    pub text: String,
}

/// A rest, and the vector that holds it.
#[derive(Clone, Debug)]
pub struct Rest {
    pub cell: Cell,
    pub content: RestContent,
}

#[derive(Clone, Debug)]
pub enum RestContent {
    /// Of an object.
    Properties(Entry),
    /// Of a tuple or a parameter list.
    Elements(Elements),
}

/// A FlatBuffers table. Its inline part is the same whichever fields are present.
#[derive(Clone, Debug)]
pub struct Table {
    /// Tables of one id share vtables.
    pub id: u32,
    /// In bytes, with the offset of the vtable.
    pub size: usize,
    /// It has fields of 8 bytes.
    pub wide: bool,
    /// Entries of the vtable.
    pub entries: usize,
}

/// A field of a table.
#[derive(Clone, Debug)]
pub struct Place {
    pub slot: Slot,
    pub value: Cell,
    /// Of a union's type; elsewhere it means nothing.
    pub tag: Cell,
    pub state: Option<Cell>,
}

/// Something in the inline part of a table.
#[derive(Clone, Copy, Default, Debug)]
pub struct Cell {
    pub id: u16,
    /// In bytes from the table's start.
    pub at: usize,
}

#[derive(Clone, Debug)]
pub struct Slot {
    pub shape: Shape,
    pub null: bool,
    pub undefined: bool,
}

#[derive(Clone, Debug)]
pub enum Shape {
    Nothing,
    Boolean,
    String,
    Number(Scalar),
    BigInt { unsigned: bool },
    Date,
    Bytes,
    Unknown,
    Literals(Arc<Literals>),
    Array(Arc<Elements>),
    Set(Arc<Elements>),
    Map(Arc<Entry>),
    Object(usize),
    Union(usize),
}

/// What a vector holds.
#[derive(Clone, Debug)]
pub enum Elements {
    /// The values as they are, each of so many bytes.
    Direct(Slot, usize),
    /// Offsets of tables around them.
    Wrapped(Item),
}

/// A table around one value.
#[derive(Clone, Debug)]
pub struct Item {
    pub table: Table,
    pub place: Place,
}

/// A table of a key and its value.
#[derive(Clone, Debug)]
pub struct Entry {
    pub table: Table,
    pub key: Place,
    pub value: Place,
}

#[derive(Debug)]
pub struct Literals {
    pub values: LiteralValues,
    pub expected: String,
}

#[derive(Debug)]
pub enum LiteralValues {
    Strings(FxHashSet<String>),
    Numbers(Vec<f64>),
    Booleans(Vec<bool>),
    BigInts(Vec<i128>),
}

#[derive(Clone, Debug)]
pub struct Union {
    pub members: Vec<Member>,
    /// Members by their tags.
    pub tags: FxHashMap<u8, usize>,
    pub expected: String,
    /// For values, and for JSON.
    pub of_value: Choice,
    pub of_json: Choice,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub shape: Shape,
    pub tag: u8,
    /// The table around what is no object itself.
    pub item: Option<Item>,
}

/// Which members take a value, by what it is: indices, in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    pub strings: Vec<usize>,
    pub numbers: Vec<usize>,
    pub booleans: Vec<usize>,
    pub bigints: Vec<usize>,
    pub dates: Vec<usize>,
    pub bytes: Vec<usize>,
    pub sets: Vec<usize>,
    pub maps: Vec<usize>,
    pub arrays: Vec<usize>,
    pub objects: Vec<usize>,
    /// How the objects are told apart, where they are several.
    pub discriminant: Option<Arc<Discriminant>>,
}

/// A field whose literals tell the members apart.
#[derive(Debug)]
pub struct Discriminant {
    pub field: Arc<str>,
    pub inherited: bool,
    /// The literals of each of the objects.
    pub literals: Vec<Arc<Literals>>,
    pub expected: String,
}

impl Elements {
    pub fn slot(&self) -> &Slot {
        match self {
            Self::Direct(slot, _) => slot,
            Self::Wrapped(item) => &item.place.slot,
        }
    }

    /// Bytes of an element in its vector.
    pub fn width(&self) -> usize {
        match self {
            Self::Direct(_, width) => *width,
            Self::Wrapped(_) => 4,
        }
    }
}

impl Field {
    /// It may be missing from a message.
    pub fn absent(&self) -> bool {
        self.optional || self.default.is_some()
    }
}

impl Shape {
    pub fn is_union(&self) -> bool {
        matches!(self, Self::Union(_))
    }

    /// Bytes of a value within its table or vector: those of an offset for what stands elsewhere.
    pub fn width(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Boolean => 1,
            Self::Number(scalar) => scalar.width(),
            Self::BigInt { .. } | Self::Date => 8,
            Self::Literals(literals) => match literals.values {
                LiteralValues::Booleans(_) => 1,
                LiteralValues::Numbers(_) | LiteralValues::BigInts(_) => 8,
                LiteralValues::Strings(_) => 4,
            },
            _ => 4,
        }
    }

    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }
}
