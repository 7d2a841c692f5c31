//! Values in words: JSON of pairs, a kind and its content.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use kontract_runtime::value::Value;
use serde_json::{Value as Json, json};

use crate::Failure;

pub fn describe(value: &Value) -> Json {
    let list = |items: &[Value]| items.iter().map(describe).collect::<Vec<_>>();
    let number = |number: f64| format!("{:016x}", number.to_bits());
    match value {
        Value::Undefined => json!(["undefined"]),
        Value::Null => json!(["null"]),
        Value::Bool(value) => json!(["boolean", value]),
        Value::Number(value) if value.is_nan() => json!(["number", number(f64::NAN)]),
        Value::Number(value) => json!(["number", number(*value)]),
        Value::BigInt(value) => json!(["bigint", value.to_string()]),
        Value::String(text) => json!(["string", text]),
        Value::Date(time) => json!(["date", number(*time)]),
        Value::Bytes(bytes) => json!(["bytes", STANDARD.encode(bytes)]),
        Value::Array(items) => json!(["array", list(items)]),
        Value::Set(items) => json!(["set", list(items)]),
        Value::Map(entries) => {
            let pair = |(key, value): &(Value, Value)| json!([describe(key), describe(value)]);
            json!(["map", entries.iter().map(pair).collect::<Vec<_>>()])
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            // JavaScript has an order of its own for keys that are digits.
            fields.sort_by(|(left, _), (right, _)| left.cmp(right));
            let pairs = fields.iter().map(|(name, value)| json!([**name, describe(value)]));
            json!(["object", pairs.collect::<Vec<_>>()])
        }
    }
}

pub fn value(json: &Json) -> Result<Value, Failure> {
    let content = &json[1];
    let text = || content.as_str().ok_or("a description without its text");
    let parts = || content.as_array().ok_or("a description without its parts");
    let values = || parts()?.iter().map(value).collect::<Result<Vec<_>, _>>();
    let number = || Ok::<_, Failure>(f64::from_bits(u64::from_str_radix(text()?, 16)?));
    Ok(match json[0].as_str().ok_or("a description without its kind")? {
        "undefined" => Value::Undefined,
        "null" => Value::Null,
        "boolean" => Value::Bool(content.as_bool().ok_or("a boolean that is none")?),
        "number" => Value::Number(number()?),
        "bigint" => Value::BigInt(text()?.parse()?),
        "string" => Value::String(text()?.to_owned()),
        "date" => Value::Date(number()?),
        "bytes" => Value::Bytes(STANDARD.decode(text()?)?),
        "array" => Value::Array(values()?),
        "set" => Value::Set(values()?),
        "map" => {
            let pair = |pair: &Json| Ok::<_, Failure>((value(&pair[0])?, value(&pair[1])?));
            Value::Map(parts()?.iter().map(pair).collect::<Result<_, _>>()?)
        }
        "object" => {
            let pair = |pair: &Json| {
                let name = pair[0].as_str().ok_or("a property without its name")?;
                Ok::<_, Failure>((name.into(), value(&pair[1])?))
            };
            Value::Object(parts()?.iter().map(pair).collect::<Result<_, _>>()?)
        }
        kind => return Err(format!("a {kind}").into()),
    })
}
