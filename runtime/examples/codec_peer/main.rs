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
//! | `s` | a row, described | its key as JSON, a NUL, and the other fields as JSON |
//! | `p` | a part of a row, described | the same |
//! | `o` | a row's key, a NUL, the other fields as JSON | the row, described |
//! | `m` | how often, a seed, both of 8 bytes, and bytes of arguments | how many damaged copies were refused, how many taken, and the slowest in microseconds |
//! | `j` | the same, with JSON of arguments | the same |
//!
//! A value is described by JSON of pairs, its kind and its content: `["number", "3ff0…"]`.

mod damage;
mod description;

use std::{
    convert::Infallible,
    io::{self, Read, Write},
};

use description::{describe, value};
use kontract_runtime::{
    codec::{CodecError, EncodeError, Schema},
    manifest::Manifest,
    value::Value,
};
use serde_json::Value as Json;

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

type Answer = Result<Vec<u8>, CodecError>;

fn answer(schema: &Schema, request: &[u8]) -> Result<Answer, Failure> {
    let (question, rest) = request.split_first().ok_or("an empty request")?;
    let (name, message) = split(rest)?;
    let given = || value(&serde_json::from_slice(message)?);
    if let b's' | b'p' | b'o' = question {
        let codec = schema.row(name).ok_or_else(|| format!("no table {name}"))?;
        if *question == b'o' {
            let (id, data) = split(message)?;
            return Ok(codec.read(id, data).map(|row| describe(&row).to_string().into_bytes()));
        }
        let row = codec.write(&&given()?, *question == b'p').map_err(fault);
        return Ok(row.map(|row| format!("{}\0{}", Json::from(row.key), row.data).into_bytes()));
    }
    let codec = schema.route(name).ok_or_else(|| format!("no route {name}"))?;
    let described = |args: Vec<Value>| describe(&Value::Array(args)).to_string().into_bytes();
    Ok(match question {
        b'd' => codec.decode_request(message).map(described),
        b'r' => codec.read_request(message).map(described),
        b'e' => codec.encode_response(&&given()?).map_err(fault),
        b'w' => codec.write_response(&&given()?).map_err(fault),
        b'm' => Ok(damage::attack(message, |bytes| codec.decode_request(bytes).is_ok())?),
        b'j' => Ok(damage::attack(message, |bytes| codec.read_request(bytes).is_ok())?),
        _ => return Err("an unknown question".into()),
    })
}

/// The text before a NUL, and what is behind it.
fn split(bytes: &[u8]) -> Result<(&str, &[u8]), Failure> {
    let end = bytes.iter().position(|byte| *byte == 0).ok_or("a message without a NUL")?;
    Ok((std::str::from_utf8(&bytes[..end])?, &bytes[end + 1..]))
}

fn fault(error: EncodeError<Infallible>) -> CodecError {
    match error {
        EncodeError::Codec(error) => error,
        EncodeError::Thrown(never) => match never {},
    }
}
