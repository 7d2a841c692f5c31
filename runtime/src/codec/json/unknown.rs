//! JSON data, which has no declared type.

use super::{
    Json,
    read::{checked, name, text},
    write::Writer,
};
use crate::{
    codec::{
        expected::{self, MAX_DEPTH},
        fault::{Fault, Read, Segment, Under, Written},
        shape::Scalar,
        source::{holds_prototype, item, rest},
    },
    value::{Kind, Source, Value},
};

/// JSON data as it is, once it is known to be nothing else.
pub fn read(json: Option<&Json<'_>>, level: usize) -> Read<Value> {
    let Some(json) = json else { return Err(Fault::expected(expected::JSON_DATA)) };
    if level >= MAX_DEPTH && matches!(json, Json::Array(_) | Json::Object(_)) {
        return Err(Fault::new(expected::TOO_DEEP));
    }
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => Value::Number(checked(Scalar::Float64, *number)?),
        Json::String(string) => Value::String(text(string)?.to_owned()),
        Json::Array(items) => {
            let mut values = Vec::with_capacity(items.len());
            for (index, item) in items.iter().enumerate() {
                values.push(read(Some(item), level + 1).under(|| Segment::Index(index))?);
            }
            Value::Array(values)
        }
        Json::Object(entries) => {
            let mut properties = Vec::with_capacity(entries.len());
            for (key, item) in entries {
                let prototype = key == "constructor" && item.get("prototype", 0).is_some();
                if key == "__proto__" || prototype {
                    return Err(Fault::new(expected::NOT_ALLOWED).under(name(key)));
                }
                text(key).map_err(|_| Fault::expected(expected::JSON_DATA))?;
                let value = read(Some(item), level + 1).under(|| name(key))?;
                properties.push(((&**key).into(), value));
            }
            Value::Object(properties)
        }
    })
}

impl Writer<'_> {
    /// JSON data and nothing else.
    pub(super) fn unknown<S: Source>(
        &mut self,
        value: Option<&S>,
        level: usize,
    ) -> Written<(), S::Thrown> {
        let Some(value) = value else { return Err(Fault::expected(expected::JSON_DATA).into()) };
        let kind = value.kind();
        if level >= MAX_DEPTH
            && !matches!(
                kind,
                Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::BigInt | Kind::Other
            )
        {
            return Err(Fault::new(expected::TOO_DEEP).into());
        }
        match kind {
            Kind::Null => self.out.extend_from_slice(b"null"),
            Kind::Bool => self.bool(value.bool()),
            Kind::Number => self.number(Scalar::Float64, value.number())?,
            Kind::String => self.string(value)?,
            Kind::Array => {
                let start = self.out.len();
                self.out.push(b'[');
                for index in 0..value.count() {
                    self.comma(start);
                    self.unknown(item(value, index)?.as_ref(), level + 1)
                        .under(|| Segment::Index(index))?;
                }
                self.out.push(b']');
            }
            Kind::Object if value.is_plain() => self.plain_object(value, None, level)?,
            _ => return Err(Fault::expected(expected::JSON_DATA).into()),
        }
        Ok(())
    }

    /// An object of JSON data, but for one property.
    pub fn plain_object<S: Source>(
        &mut self,
        value: &S,
        left_out: Option<&str>,
        level: usize,
    ) -> Written<(), S::Thrown> {
        let start = self.out.len();
        self.out.push(b'{');
        for (key, given) in rest(value, |key| left_out == Some(key))? {
            if key.contains('\0') {
                return Err(Fault::expected(expected::JSON_DATA).into());
            }
            let Some(given) = given else { continue };
            if &*key == "constructor" && holds_prototype(&given)? {
                return Err(Fault::new(expected::NOT_ALLOWED).under(Segment::Name(key)).into());
            }
            self.name(start, &key);
            self.unknown(Some(&given), level + 1).under(|| Segment::Name(key.clone()))?;
        }
        self.out.push(b'}');
        Ok(())
    }
}
