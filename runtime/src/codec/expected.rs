//! What errors say was expected: the words of the JavaScript codecs.

use super::{
    number,
    shape::{Literal, ObjectKind, Scalar, Shape, Shapes},
};

pub const STRING: &str = "string";
pub const TEXT: &str = "string of well-formed Unicode without U+0000";
pub const BOOLEAN: &str = "boolean";
pub const NUMBER: &str = "number";
pub const FINITE: &str = "finite number";
pub const FLOAT32: &str = "number within the range of float32";
pub const BIGINT: &str = "bigint";
pub const BIG_INT64: &str = "bigint from -2^63 to 2^63 - 1";
pub const BIG_UINT64: &str = "bigint from 0 to 2^64 - 1";
pub const DATE: &str = "valid date";
pub const BYTES: &str = "Uint8Array";
pub const ARRAY: &str = "array";
pub const OBJECT: &str = "object";
pub const MAP: &str = "Map";
pub const SET: &str = "Set";
pub const DISTINCT: &str = "distinct values";
pub const DECIMAL: &str = "bigint as a decimal string";
pub const RFC3339: &str = "date as an RFC 3339 string";
pub const BASE64: &str = "bytes as a base64 string";
pub const PAIRS: &str = "array of [key, value] pairs";
pub const JSON_DATA: &str = "JSON data";
pub const PAIR: &str = "[key, value]";

// What else may be wrong.
pub const MALFORMED: &str = "malformed message";
pub const TOO_DEEP: &str = "nested deeper than 64 levels";
pub const TOO_LARGE: &str = "too large";
pub const NOT_ALLOWED: &str = "a key that is not allowed";
pub const UNEXPECTED: &str = "unexpected property";
pub const UNKNOWN_FIELD: &str = "a field that is not known here";

/// Containers within containers, at most.
pub const MAX_DEPTH: usize = 64;

/// Of a number.
pub fn of_number(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Int8 => "integer from -128 to 127",
        Scalar::Int16 => "integer from -32768 to 32767",
        Scalar::Int32 => "integer from -2147483648 to 2147483647",
        Scalar::Int64 => "integer from -9007199254740991 to 9007199254740991",
        Scalar::Uint8 => "integer from 0 to 255",
        Scalar::Uint16 => "integer from 0 to 65535",
        Scalar::Uint32 => "integer from 0 to 4294967295",
        Scalar::Uint64 => "integer from 0 to 9007199254740991",
        Scalar::Float32 => FLOAT32,
        Scalar::Float64 => NUMBER,
    }
}

/// Where a message has neither a value nor a state.
pub fn of_state(null: bool, undefined: bool) -> &'static str {
    match (undefined, null) {
        (true, true) => "undefined or null",
        (true, false) => "undefined",
        (false, true) => "null",
        (false, false) => "",
    }
}

/// In a place without values.
pub fn of_nothing(null: bool, undefined: bool) -> &'static str {
    match (undefined, null) {
        (true, true) => "undefined or null",
        (false, true) => "null",
        _ => "undefined",
    }
}

pub fn at_most(count: usize) -> String {
    if count == 1 { "at most 1 element".to_owned() } else { format!("at most {count} elements") }
}

/// Of a value of this shape.
pub fn of_shape(shapes: &Shapes, shape: &Shape) -> String {
    let word = match shape {
        Shape::Nothing => "undefined",
        Shape::Boolean => BOOLEAN,
        Shape::String => STRING,
        Shape::Number(scalar) => scalar.name(),
        Shape::BigInt(_) => BIGINT,
        Shape::Date => "date",
        Shape::Bytes => BYTES,
        Shape::Unknown => JSON_DATA,
        Shape::Array(_) => ARRAY,
        Shape::Set(_) => SET,
        Shape::Map(_) => MAP,
        Shape::Literals(literals) => return of_literals(literals),
        Shape::Object(key) => match shapes.objects.get(key) {
            Some(object) if object.kind == ObjectKind::Tuple => ARRAY,
            Some(object) => &object.name,
            None => OBJECT,
        },
        Shape::Union(key) => {
            let members = shapes.unions.get(key).map_or(&[][..], |union| &union.members);
            let mut words: Vec<String> =
                members.iter().map(|member| of_shape(shapes, &member.shape)).collect();
            words.dedup();
            return one_of(words, "types");
        }
    };
    word.to_owned()
}

pub fn of_literals<'l>(literals: impl IntoIterator<Item = &'l Literal>) -> String {
    one_of(literals.into_iter().map(of_literal).collect(), "values")
}

/// As JavaScript writes it.
fn of_literal(literal: &Literal) -> String {
    match literal {
        Literal::Boolean(value) => value.to_string(),
        Literal::Number(value) => number::text(*value),
        Literal::String(text) => serde_json::Value::from(text.as_str())
            .to_string()
            .replace('\u{2028}', "\\u2028")
            .replace('\u{2029}', "\\u2029"),
        Literal::BigInt { bigint } => format!("{bigint}n"),
    }
}

/// `a, b or c`; of many, the first and how many they are.
pub fn one_of(mut names: Vec<String>, what: &str) -> String {
    if names.len() > 8 {
        return format!("{}, … ({} {what})", names[..6].join(", "), names.len());
    }
    match names.pop() {
        None => String::new(),
        Some(last) if names.is_empty() => last,
        Some(last) => format!("{} or {last}", names.join(", ")),
    }
}
