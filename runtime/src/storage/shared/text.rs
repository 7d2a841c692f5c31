//! Values of every kind as JSON: what JSON does not have is an array with a letter in front, and so
//! is an array.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Number, Value as Json, json};

use crate::value::Value;

pub fn write(value: &Value) -> String {
    to_json(value).to_string()
}

/// None for a text that nobody here has written.
pub fn read(text: &str) -> Option<Value> {
    from_json(serde_json::from_str(text).ok()?)
}

fn to_json(value: &Value) -> Json {
    let marked = |mark: &str, rest: Vec<Json>| {
        Json::Array(std::iter::once(json!(mark)).chain(rest).collect())
    };
    match value {
        Value::Undefined => marked("u", Vec::new()),
        Value::Null => Json::Null,
        Value::Bool(flag) => json!(flag),
        Value::Number(number) => number_to_json(*number),
        Value::BigInt(number) => marked("i", vec![json!(number.to_string())]),
        Value::String(text) => json!(text),
        Value::Date(time) => marked("d", vec![number_to_json(*time)]),
        Value::Bytes(bytes) => marked("b", vec![json!(STANDARD.encode(bytes))]),
        Value::Array(items) => marked("a", items.iter().map(to_json).collect()),
        Value::Set(items) => marked("s", items.iter().map(to_json).collect()),
        Value::Map(entries) => {
            let flat = entries.iter().flat_map(|(key, value)| [to_json(key), to_json(value)]);
            marked("m", flat.collect())
        }
        Value::Object(fields) => {
            let fields = fields.iter().map(|(key, value)| (key.to_string(), to_json(value)));
            Json::Object(fields.collect::<Map<_, _>>())
        }
    }
}

fn from_json(json: Json) -> Option<Value> {
    Some(match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(flag),
        Json::Number(number) => Value::Number(number.as_f64()?),
        Json::String(text) => Value::String(text),
        Json::Object(fields) => {
            let fields =
                fields.into_iter().map(|(key, value)| Some((Arc::from(key), from_json(value)?)));
            Value::Object(fields.collect::<Option<_>>()?)
        }
        Json::Array(mut items) => {
            if items.is_empty() {
                return None;
            }
            let mark = items.remove(0);
            let first = items.first().and_then(Json::as_str);
            match mark.as_str()? {
                "u" => Value::Undefined,
                "n" => Value::Number(first?.parse().ok()?),
                "i" => Value::BigInt(first?.parse().ok()?),
                "b" => Value::Bytes(STANDARD.decode(first?).ok()?),
                "d" => match from_json(items.pop()?)? {
                    Value::Number(time) => Value::Date(time),
                    _ => return None,
                },
                "a" => Value::Array(all(items)?),
                "s" => Value::Set(all(items)?),
                "m" => {
                    let mut entries = Vec::with_capacity(items.len() / 2);
                    let mut items = all(items)?.into_iter();
                    while let (Some(key), Some(value)) = (items.next(), items.next()) {
                        entries.push((key, value));
                    }
                    Value::Map(entries)
                }
                _ => return None,
            }
        }
    })
}

fn all(items: Vec<Json>) -> Option<Vec<Value>> {
    items.into_iter().map(from_json).collect()
}

fn number_to_json(number: f64) -> Json {
    match Number::from_f64(number) {
        Some(number) => Json::Number(number),
        None => json!(["n", number.to_string()]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_every_kind_come_back() {
        let numbers = [0.0, -0.0, 1.5, 1e300, f64::INFINITY, f64::NEG_INFINITY];
        let value = Value::Array(vec![
            Value::Undefined,
            Value::Null,
            Value::Bool(true),
            Value::BigInt(1 << 70),
            Value::String("[\"a\"]".to_owned()),
            Value::Date(0.0),
            Value::Bytes(vec![0, 255]),
            Value::Set(vec![Value::Array(numbers.map(Value::Number).to_vec())]),
            Value::Map(vec![(Value::Null, Value::Map(Vec::new()))]),
            Value::Object(vec![("a".into(), Value::Array(Vec::new()))]),
        ]);
        assert_eq!(read(&write(&value)), Some(value));
        let Some(Value::Date(time)) = read(&write(&Value::Date(f64::NAN))) else {
            panic!("a date is a date")
        };
        assert!(time.is_nan());
        for text in ["", "[]", "[1]", r#"["x"]"#, r#"["i","x"]"#, r#"["d",null]"#] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
