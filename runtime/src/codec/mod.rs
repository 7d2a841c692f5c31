//! Reads, checks and writes values by the shapes of the manifest, in the binary form and as JSON:
//! byte for byte what the generated JavaScript codecs do.

use crate::value::{Kind, Source};

pub struct RouteCodec;

pub struct CodecError {
    pub path: String,
    pub message: String,
}

pub enum EncodeError<T> {
    Codec(CodecError),
    Thrown(T),
}

impl RouteCodec {
    pub fn encode_response<S: Source>(
        &self,
        result: &S,
    ) -> Result<Vec<u8>, EncodeError<S::Thrown>> {
        self.write_response(result)
    }

    pub fn write_response<S: Source>(&self, result: &S) -> Result<Vec<u8>, EncodeError<S::Thrown>> {
        let value = json(result)?;
        Ok(serde_json::json!({ "result": value }).to_string().into_bytes())
    }
}

fn json<S: Source>(value: &S) -> Result<serde_json::Value, EncodeError<S::Thrown>> {
    Ok(match value.kind() {
        Kind::Undefined | Kind::Null => serde_json::Value::Null,
        Kind::Bool => value.bool().into(),
        Kind::Number | Kind::Date => value.number().into(),
        Kind::BigInt => value.bigint().map(|n| n.to_string()).into(),
        Kind::String => value.string().map(|s| s.into_owned()).into(),
        Kind::Bytes => value.bytes().to_vec().into(),
        Kind::Array => (0..value.count())
            .map(|i| value.item(i).map_err(EncodeError::Thrown).and_then(|v| json(&v)))
            .collect::<Result<_, _>>()?,
        Kind::Set => {
            let members = value.members().map_err(EncodeError::Thrown)?;
            members.iter().map(json).collect::<Result<_, _>>()?
        }
        Kind::Map => {
            let entries = value.entries().map_err(EncodeError::Thrown)?;
            let mut pairs = Vec::new();
            for (key, value) in &entries {
                pairs.push(serde_json::Value::from(vec![json(key)?, json(value)?]));
            }
            pairs.into()
        }
        Kind::Object => {
            let mut object = serde_json::Map::new();
            for key in value.keys().map_err(EncodeError::Thrown)?.into_iter().flatten() {
                let value = value.get(&key).map_err(EncodeError::Thrown)?;
                object.insert(key, json(&value)?);
            }
            object.into()
        }
        Kind::Other => {
            let path = "result".to_owned();
            return Err(EncodeError::Codec(CodecError {
                path,
                message: "result: expected data".into(),
            }));
        }
    })
}
