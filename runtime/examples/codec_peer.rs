//! Lends the codec to tests in other languages: reads requests from standard input and answers each
//! on standard output.
//!
//! A frame is its length, four bytes, little endian, and its content. The first one holds a
//! manifest. A request is one byte for what is asked, the name of a route or table, a NUL, and a
//! message; an answer is one byte, `+` or `-`, and what came of it, or the error's path, a NUL, and
//! its message.
//!
//! | | message | answer |
//! |---|---|---|
//! | `d` | bytes of arguments | the arguments, described |
//! | `r` | JSON of arguments | the arguments, described |
//! | `e` | a result, described | its bytes |
//! | `w` | a result, described | its JSON |
//!
//! A value is described by JSON of pairs, its kind and its content: `["number", "3ff0…"]`.

use std::io::{self, Read, Write};

use kontract_runtime::{
    codec::{CodecError, EncodeError, Schema},
    manifest::Manifest,
    value::Value,
};
use serde_json::{Value as Json, json};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let manifest = frame(&mut input)?.ok_or("no manifest")?;
    let manifest: Manifest = serde_json::from_slice(&manifest)?;
    let schema = Schema::load(&manifest)?;
    while let Some(request) = frame(&mut input)? {
        let answer = match answer(&schema, &request)? {
            Ok(content) => [b"+", content.as_slice()].concat(),
            Err(error) => format!("-{}\0{}", error.path, error.message).into_bytes(),
        };
        output.write_all(&u32::try_from(answer.len())?.to_le_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
    Ok(())
}

fn frame(input: &mut impl Read) -> Result<Option<Vec<u8>>, Failure> {
    let mut length = [0; 4];
    if input.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    input.read_exact(&mut length[1..])?;
    let mut content = vec![0; u32::from_le_bytes(length) as usize];
    input.read_exact(&mut content)?;
    Ok(Some(content))
}

fn answer(schema: &Schema, request: &[u8]) -> Result<Result<Vec<u8>, CodecError>, Failure> {
    let (question, rest) = request.split_first().ok_or("an empty request")?;
    let end = rest.iter().position(|byte| *byte == 0).ok_or("a request without a name")?;
    let name = std::str::from_utf8(&rest[..end])?;
    let message = &rest[end + 1..];
    let codec = schema.route(name).ok_or_else(|| format!("no route {name}"))?;
    let described = |args: Vec<Value>| describe(&Value::Array(args)).to_string().into_bytes();
    Ok(match question {
        b'd' => codec.decode_request(message).map(described),
        b'r' => codec.read_request(message).map(described),
        b'e' => codec.encode_response(&&value(&serde_json::from_slice(message)?)?).map_err(fault),
        b'w' => codec.write_response(&&value(&serde_json::from_slice(message)?)?).map_err(fault),
        _ => return Err("an unknown question".into()),
    })
}

fn fault(error: EncodeError<std::convert::Infallible>) -> CodecError {
    match error {
        EncodeError::Codec(error) => error,
        EncodeError::Thrown(never) => match never {},
    }
}

fn describe(value: &Value) -> Json {
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
        Value::Bytes(bytes) => {
            json!(["bytes", bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()])
        }
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

fn value(json: &Json) -> Result<Value, Failure> {
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
        "bytes" => {
            let digits = text()?;
            let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16);
            Value::Bytes((0..digits.len()).step_by(2).map(byte).collect::<Result<_, _>>()?)
        }
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
