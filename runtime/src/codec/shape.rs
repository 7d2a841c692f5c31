//! The shapes of a manifest, as they stand there: `wire` and `rows`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Deserialize)]
pub struct Shapes {
    pub objects: BTreeMap<String, ObjectShape>,
    pub unions: BTreeMap<String, UnionShape>,
    #[serde(default)]
    pub routes: BTreeMap<String, RouteShapes>,
}

#[derive(Debug, Deserialize)]
pub struct RouteShapes {
    /// An object of kind [`ObjectKind::Arguments`].
    pub request: String,
    /// An object of kind [`ObjectKind::Result`], or [`ObjectKind::Item`] of a route that streams.
    pub response: String,
}

#[derive(Debug, Deserialize)]
pub struct ObjectShape {
    pub name: String,
    pub kind: ObjectKind,
    pub fields: Vec<FieldShape>,
    /// Values under other keys, or the elements behind a tuple's or parameter list's.
    pub rest: Option<RestShape>,
    /// Ids of fields that existed in earlier versions.
    #[serde(default)]
    pub removed: Vec<u16>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    Object,
    /// An array with a slot for each position.
    Tuple,
    /// A parameter list.
    Arguments,
    /// The result of a route: its one field is the value itself.
    Result,
    /// The same for each of the items that a route streams.
    Item,
}

#[derive(Debug, Deserialize)]
pub struct FieldShape {
    pub name: String,
    #[serde(flatten)]
    pub slot: SlotShape,
    #[serde(default)]
    pub optional: bool,
    /// It never stands in a response.
    #[serde(default)]
    pub hidden: bool,
    /// What a message without the field means; null is a default too.
    #[serde(default, deserialize_with = "given")]
    pub default: Option<serde_json::Value>,
    #[serde(default)]
    pub id: FieldIds,
}

/// FlatBuffers ids.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub struct FieldIds {
    /// Of the value. A union's type has the id before it.
    pub value: u16,
    /// Of the byte that tells undefined (1) and null (2) from a value.
    pub state: Option<u16>,
}

#[derive(Debug, Deserialize)]
pub struct RestShape {
    #[serde(flatten)]
    pub slot: SlotShape,
    #[serde(default)]
    pub id: FieldIds,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SlotShape {
    pub shape: Shape,
    #[serde(default)]
    pub null: bool,
    #[serde(default)]
    pub undefined: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// No value but what the slot admits beside it.
    Nothing,
    Boolean,
    String,
    Number(Scalar),
    BigInt(Scalar),
    Date,
    Bytes,
    /// JSON data.
    Unknown,
    Literals(Vec<Literal>),
    Array(Box<SlotShape>),
    Set(Box<SlotShape>),
    Map(Box<(SlotShape, SlotShape)>),
    Object(String),
    Union(String),
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    Boolean(bool),
    Number(f64),
    String(String),
    BigInt { bigint: String },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    Int8,
    Int16,
    Int32,
    Int64,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Float32,
    Float64,
}

#[derive(Debug, Deserialize)]
pub struct UnionShape {
    pub members: Vec<MemberShape>,
}

#[derive(Debug, Deserialize)]
pub struct MemberShape {
    /// Never `Nothing`, `Unknown` or another union.
    pub shape: Shape,
    pub tag: u8,
}

impl SlotShape {
    pub fn of(shape: Shape) -> Self {
        Self { shape, null: false, undefined: false }
    }

    /// An element of a vector that stands in it as it is; others are wrapped in tables.
    pub fn is_direct(&self) -> bool {
        let direct = match &self.shape {
            Shape::Boolean
            | Shape::String
            | Shape::Number(_)
            | Shape::BigInt(_)
            | Shape::Date
            | Shape::Literals(_)
            | Shape::Object(_) => true,
            Shape::Nothing
            | Shape::Bytes
            | Shape::Unknown
            | Shape::Array(_)
            | Shape::Set(_)
            | Shape::Map(_)
            | Shape::Union(_) => false,
        };
        direct && !self.null && !self.undefined
    }
}

impl Scalar {
    pub fn width(self) -> usize {
        match self {
            Self::Int8 | Self::Uint8 => 1,
            Self::Int16 | Self::Uint16 => 2,
            Self::Int32 | Self::Uint32 | Self::Float32 => 4,
            Self::Int64 | Self::Uint64 | Self::Float64 => 8,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Uint8 => "uint8",
            Self::Uint16 => "uint16",
            Self::Uint32 => "uint32",
            Self::Uint64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "number",
        }
    }

    /// The least and the greatest of the integers that it holds as JavaScript numbers. None where
    /// there are others than integers.
    pub fn integers(self) -> Option<(i64, i64)> {
        const SAFE: i64 = (1 << 53) - 1;
        Some(match self {
            Self::Int8 => (i8::MIN.into(), i8::MAX.into()),
            Self::Int16 => (i16::MIN.into(), i16::MAX.into()),
            Self::Int32 => (i32::MIN.into(), i32::MAX.into()),
            Self::Int64 => (-SAFE, SAFE),
            Self::Uint8 => (0, u8::MAX.into()),
            Self::Uint16 => (0, u16::MAX.into()),
            Self::Uint32 => (0, u32::MAX.into()),
            Self::Uint64 => (0, SAFE),
            Self::Float32 | Self::Float64 => return None,
        })
    }

    /// The integer that a number is, where it is one of these.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "the ends are safe integers"
    )]
    pub fn integer(self, number: f64) -> Option<i64> {
        let (least, most) = self.integers()?;
        let within = (least as f64..=most as f64).contains(&number) && number.fract() == 0.0;
        within.then_some(number as i64)
    }
}

fn given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}
