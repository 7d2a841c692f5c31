//! Values of an isolate that are kept without a type: filters, shared state.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value as Json};

use crate::{
    codec::rfc3339,
    failure::Failure,
    value::{Kind, Source, Value},
};

/// Why a value was not taken.
pub enum Refused<Thrown> {
    /// For the caller, with the place of the fault.
    Failure(Failure),
    /// A `TypeError`.
    Type(String),
    /// What a getter threw.
    Thrown(Thrown),
}

impl<Thrown> From<Failure> for Refused<Thrown> {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

/// A copy of a value that shares nothing with the isolate. Fields that are undefined are absent.
pub fn copy<S: Source>(value: &S, path: &str) -> Result<Value, Refused<S::Thrown>> {
    copy_at(value, &mut path.to_owned(), 0)
}

/// A 400 that names the place of the fault.
pub fn invalid(path: &str, fault: &str) -> Failure {
    Failure::invalid(format!("{path}: {fault}")).at(path)
}

fn copy_at<S: Source>(
    value: &S,
    path: &mut String,
    depth: usize,
) -> Result<Value, Refused<S::Thrown>> {
    let nested = matches!(value.kind(), Kind::Array | Kind::Map | Kind::Set | Kind::Object);
    if nested && depth > MAX_DEPTH {
        return Err(invalid(path, &format!("expected at most {MAX_DEPTH} levels")).into());
    }
    Ok(match value.kind() {
        Kind::Undefined => Value::Undefined,
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(value.bool()),
        Kind::Number => Value::Number(value.number()),
        Kind::Date => Value::Date(value.number()),
        Kind::BigInt => Value::BigInt(
            value.bigint().ok_or_else(|| invalid(path, "expected a bigint of at most 64 bits"))?,
        ),
        Kind::String => match value.string() {
            Some(text) => Value::String(without_nul(&text, path)?.to_owned()),
            None => return Err(invalid(path, "expected text of whole characters").into()),
        },
        Kind::Bytes => Value::Bytes(value.bytes().into_owned()),
        Kind::Array => {
            let mut items = Vec::new();
            for index in 0..value.count() {
                let item = value.item(index).map_err(Refused::Thrown)?;
                items.push(under(path, &format!("[{index}]"), |path| {
                    copy_at(&item, path, depth + 1)
                })?);
            }
            Value::Array(items)
        }
        Kind::Set => {
            let mut members = Vec::new();
            for member in value.members().map_err(Refused::Thrown)? {
                members.push(copy_at(&member, path, depth + 1)?);
            }
            Value::Set(members)
        }
        Kind::Map => {
            let mut entries = Vec::new();
            for (key, member) in value.entries().map_err(Refused::Thrown)? {
                entries.push((copy_at(&key, path, depth + 1)?, copy_at(&member, path, depth + 1)?));
            }
            Value::Map(entries)
        }
        Kind::Object => {
            let mut fields = Vec::new();
            for key in value.keys().map_err(Refused::Thrown)? {
                let Some(key) = key else {
                    return Err(invalid(path, "expected keys of whole characters").into());
                };
                without_nul(&key, path)?;
                let field = value.get(&key).map_err(Refused::Thrown)?;
                let copied =
                    under(path, &format!(".{key}"), |path| copy_at(&field, path, depth + 1))?;
                if copied != Value::Undefined {
                    fields.push((Arc::from(key), copied));
                }
            }
            Value::Object(fields)
        }
        Kind::Other => {
            return Err(Refused::Type(format!("{path}: only data can be stored")));
        }
    })
}

fn under<T>(path: &mut String, segment: &str, body: impl FnOnce(&mut String) -> T) -> T {
    let length = path.len();
    path.push_str(segment);
    let outcome = body(path);
    path.truncate(length);
    outcome
}

fn without_nul<'t>(text: &'t str, path: &str) -> Result<&'t str, Failure> {
    if text.contains('\0') { Err(invalid(path, "expected text without NUL")) } else { Ok(text) }
}

/// A value in the form that rows have in JSONB. None for a number that JSON does not know.
pub fn to_json(value: &Value) -> Option<Json> {
    Some(match value {
        Value::Undefined | Value::Null => Json::Null,
        Value::Bool(flag) => Json::Bool(*flag),
        Value::Number(number) => Json::Number(json_number(*number)?),
        Value::BigInt(number) => Json::String(number.to_string()),
        Value::String(text) => Json::String(text.clone()),
        Value::Date(milliseconds) => Json::String(rfc3339(*milliseconds)?),
        Value::Bytes(bytes) => Json::String(STANDARD.encode(bytes)),
        Value::Array(items) | Value::Set(items) => {
            Json::Array(items.iter().map(to_json).collect::<Option<_>>()?)
        }
        Value::Map(entries) => {
            let pair = |(key, value): &(Value, Value)| {
                Some(Json::Array(vec![to_json(key)?, to_json(value)?]))
            };
            Json::Array(entries.iter().map(pair).collect::<Option<_>>()?)
        }
        Value::Object(fields) => Json::Object(object(fields)?),
    })
}

fn json_number(number: f64) -> Option<Number> {
    #[allow(clippy::cast_possible_truncation)] // within the whole numbers that a double can hold
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

fn object(fields: &[(Arc<str>, Value)]) -> Option<Map<String, Json>> {
    fields.iter().map(|(key, value)| Some((key.to_string(), to_json(value)?))).collect()
}

const MAX_DEPTH: usize = 64;
