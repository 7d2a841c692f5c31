//! Types as they travel: what signatures come to when every name is looked up. Codecs, schemas,
//! validation, `OpenAPI` and the ABI are made from these, and `manifest.json` holds them.
//!
//! ```ts
//! interface User { id: string; email?: string | null; tags: string[] }
//! ```
//! is an [`ObjectShape`] with three fields; `email` may be absent, and its slot admits null.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::{SourcePath, Span, types::Docs};

/// Names a definition: `src/types.ts#User`, `src/types.ts#Page<User>`,
/// `src/api/users.ts#createUser(request)`, and for what has no name of its own the way to it:
/// `src/types.ts#User.address`, `src/types.ts#User.tags[]`.
pub type ShapeKey = String;

/// All that travels, of all routes.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Shapes {
    pub objects: BTreeMap<ShapeKey, ObjectShape>,
    pub unions: BTreeMap<ShapeKey, UnionShape>,
    /// By the name of the route.
    pub routes: BTreeMap<String, RouteShapes>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RouteShapes {
    /// An identifier, unique in the application: generated code uses it as a prefix.
    pub ident: String,
    /// An object of kind [`ObjectKind::Arguments`]: a field for each parameter.
    pub request: ShapeKey,
    /// An object of kind [`ObjectKind::Result`] or, where the result is a stream of items,
    /// [`ObjectKind::Item`], with one field, `result`.
    pub response: ShapeKey,
    /// The call gives its stream of items itself, and no promise of it.
    #[serde(skip)]
    pub at_once: bool,
}

/// An object with named fields. FlatBuffers: a table.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct ObjectShape {
    /// An identifier, unique in the application, in Pascal case where the source has it so: `User`,
    /// `PageOfUser`, `CreateUserRequest`.
    pub name: String,
    pub kind: ObjectKind,
    /// In the order of the declaration.
    pub fields: Vec<FieldShape>,
    /// Values under other keys (`[key: string]: T`, `Record<string, T>`), or a tuple's or parameter
    /// list's rest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rest: Option<Rest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<Docs>,
    /// Ids of fields that existed in earlier versions, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<u16>,
    /// Where it is declared; not part of the contract.
    #[serde(skip)]
    pub place: Place,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    Object,
    /// An array with a slot for each position: fields are called `0`, `1`, ….
    Tuple,
    /// A parameter list: an array too, whose fields have the parameters' names.
    Arguments,
    /// The result of a route: its one field is the value itself.
    Result,
    /// The same for each of the items that a route streams.
    Item,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct FieldShape {
    pub name: String,
    #[serde(flatten)]
    pub slot: Slot,
    /// It may be absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub optional: bool,
    /// Its permission lacks R: it may stand in a request and never stands in a response.
    #[serde(default, skip_serializing_if = "is_false")]
    pub hidden: bool,
    /// `@default 0`: what a message without the field means. Such a field is not `optional`.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    pub default: Option<serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<Docs>,
    pub id: FieldIds,
    #[serde(skip)]
    pub place: Place,
}

/// FlatBuffers ids of a field, from the lock.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct FieldIds {
    /// Of the value. A union's type has the id before it.
    pub value: u16,
    /// Of the byte that tells undefined (1) and null (2) from a value; given where the slot admits
    /// either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<u16>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Rest {
    #[serde(flatten)]
    pub slot: Slot,
    pub id: FieldIds,
}

/// A place for a value: a field, an element, a key.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Slot {
    pub shape: Shape,
    #[serde(default, skip_serializing_if = "is_false")]
    pub null: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    pub undefined: bool,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// No value but what the slot admits beside it: `void`, `null`, `undefined`.
    Nothing,
    Boolean,
    String,
    /// A JavaScript number with the range of the scalar.
    Number(Scalar),
    /// A JavaScript bigint; `Int64` or `Uint64`.
    BigInt(Scalar),
    Date,
    Bytes,
    /// `unknown`, `any`: JSON data.
    Unknown,
    /// One of these, all of one primitive type, none twice.
    Literals(Vec<Literal>),
    Array(Box<Slot>),
    Set(Box<Slot>),
    Map(Box<(Slot, Slot)>),
    Object(ShapeKey),
    Union(ShapeKey),
}

/// JSON: itself; a bigint is `{ "bigint": "5" }`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Literal {
    Boolean(bool),
    Number(f64),
    String(String),
    BigInt { bigint: String },
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scalar {
    Int8,
    Int16,
    Int32,
    /// As a number: within ±(2^53 − 1).
    Int64,
    Uint8,
    Uint16,
    Uint32,
    /// As a number: at most 2^53 − 1.
    Uint64,
    Float32,
    Float64,
}

/// A value of one of several shapes. FlatBuffers: a union of tables, other members wrapped.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct UnionShape {
    /// An identifier, unique in the application and among the objects' names.
    pub name: String,
    /// At least two, in the order of the source.
    pub members: Vec<UnionMember>,
    /// Tags of members that existed in earlier versions, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<u8>,
    #[serde(skip)]
    pub place: Place,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct UnionMember {
    /// What the lock knows it by, unique in the union: `string`, `Circle`, `string[]`. All literals
    /// of one primitive type are one member.
    pub label: String,
    /// Never `Nothing`, `Unknown` or another union.
    pub shape: Shape,
    /// From 1, from the lock.
    pub tag: u8,
}

/// Where something is written.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    pub file: Option<SourcePath>,
    pub span: Span,
}

impl Shapes {
    /// Whether the route's result is a stream of items.
    pub fn streams(&self, route: &str) -> bool {
        let response = self.routes.get(route).and_then(|shapes| self.objects.get(&shapes.response));
        response.is_some_and(|object| object.kind == ObjectKind::Item)
    }
}

impl Slot {
    pub fn of(shape: Shape) -> Self {
        Self { shape, null: false, undefined: false }
    }

    /// An element of a vector that stands in it as it is; others are wrapped in tables.
    pub fn is_direct(&self) -> bool {
        let shape = match &self.shape {
            Shape::Object(_) => true,
            Shape::Bytes | Shape::Unknown => false,
            shape => shape.plain_type().is_some(),
        };
        shape && !self.null && !self.undefined
    }
}

impl Shape {
    /// Its FlatBuffers type, where that holds no table.
    pub fn plain_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::Boolean => "bool",
            Self::String => "string",
            Self::Number(scalar) | Self::BigInt(scalar) => scalar.flatbuffers_type(),
            Self::Date => "long",
            Self::Bytes | Self::Unknown => "[ubyte]",
            Self::Literals(literals) => match literals.first() {
                Some(Literal::Boolean(_)) => "bool",
                Some(Literal::Number(_)) => "double",
                Some(Literal::BigInt { .. }) => "long",
                Some(Literal::String(_)) | None => "string",
            },
            Self::Nothing
            | Self::Array(_)
            | Self::Set(_)
            | Self::Map(_)
            | Self::Object(_)
            | Self::Union(_) => return None,
        })
    }
}

/// As TypeScript writes it.
impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::String(value) => write!(f, "{}", serde_json::Value::from(value.as_str())),
            Self::BigInt { bigint } => write!(f, "{bigint}n"),
        }
    }
}

impl Scalar {
    /// 2^128 − 2^103: from there on numbers are rounded to an infinite float32.
    pub const FLOAT32_END: f64 = 3.402_823_567_797_336_6e38;

    /// As sources spell it: `Int8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "Int8",
            Self::Int16 => "Int16",
            Self::Int32 => "Int32",
            Self::Int64 => "Int64",
            Self::Uint8 => "Uint8",
            Self::Uint16 => "Uint16",
            Self::Uint32 => "Uint32",
            Self::Uint64 => "Uint64",
            Self::Float32 => "Float32",
            Self::Float64 => "Float64",
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

    /// Whether a JavaScript number is in the range.
    #[allow(clippy::cast_precision_loss, reason = "the ends are safe integers")]
    pub fn holds(self, number: f64) -> bool {
        match self.integers() {
            Some((least, most)) => {
                number.fract() == 0.0 && (least as f64..=most as f64).contains(&number)
            }
            None => self == Self::Float64 || number.abs() < Self::FLOAT32_END,
        }
    }

    pub fn flatbuffers_type(self) -> &'static str {
        match self {
            Self::Int8 => "byte",
            Self::Int16 => "short",
            Self::Int32 => "int",
            Self::Int64 => "long",
            Self::Uint8 => "ubyte",
            Self::Uint16 => "ushort",
            Self::Uint32 => "uint",
            Self::Uint64 => "ulong",
            Self::Float32 => "float",
            Self::Float64 => "double",
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

/// `null` is a default too.
fn given<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<serde_json::Value>, D::Error> {
    serde_json::Value::deserialize(deserializer).map(Some)
}
