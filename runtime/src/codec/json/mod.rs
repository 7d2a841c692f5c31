//! The JSON form of values: bigint as a decimal string, Date as RFC 3339, bytes as base64, Map as
//! pairs, Set as an array, undefined as absent.

pub mod date;
mod leaf;
pub mod parse;
pub mod read;
mod unknown;
pub mod write;

use std::{borrow::Cow, convert::Infallible};

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::value::{Kind, Source};

/// JSON as it was read.
#[derive(Debug)]
pub enum Json<'t> {
    Null,
    Bool(bool),
    /// Infinite, where the digits say more than a double holds.
    Number(f64),
    String(Cow<'t, str>),
    Array(Vec<Json<'t>>),
    /// No key stands twice.
    Object(Vec<(Cow<'t, str>, Json<'t>)>),
}

/// What was read of JSON, or undefined.
#[derive(Clone, Copy)]
pub struct JsonSource<'j, 't>(pub Option<&'j Json<'t>>);

/// At most as long as 64 bits are.
pub fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    text == "0"
        || ((1..=20).contains(&digits.len())
            && !digits.starts_with('0')
            && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

pub fn is_date(text: &str) -> bool {
    date::parse(text).is_some()
}

/// With its padding, and with zeros where the last character has bits to spare.
pub fn is_base64(text: &str) -> bool {
    STANDARD.decode(text).is_ok()
}

impl Json<'_> {
    /// A property, looked for at `hint` first.
    pub fn get(&self, name: &str, hint: usize) -> Option<&Self> {
        let Self::Object(entries) = self else { return None };
        match entries.get(hint) {
            Some((key, value)) if key == name => Some(value),
            _ => entries.iter().find(|(key, _)| key == name).map(|(_, value)| value),
        }
    }
}

impl Source for JsonSource<'_, '_> {
    type Thrown = Infallible;

    fn kind(&self) -> Kind {
        match self.0 {
            None => Kind::Undefined,
            Some(Json::Null) => Kind::Null,
            Some(Json::Bool(_)) => Kind::Bool,
            Some(Json::Number(_)) => Kind::Number,
            Some(Json::String(_)) => Kind::String,
            Some(Json::Array(_)) => Kind::Array,
            Some(Json::Object(_)) => Kind::Object,
        }
    }

    fn bool(&self) -> bool {
        matches!(self.0, Some(Json::Bool(true)))
    }

    fn number(&self) -> f64 {
        match self.0 {
            Some(Json::Number(number)) => *number,
            _ => f64::NAN,
        }
    }

    fn bigint(&self) -> Option<i128> {
        None
    }

    fn string(&self) -> Option<Cow<'_, str>> {
        match self.0 {
            Some(Json::String(text)) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&[])
    }

    fn count(&self) -> usize {
        match self.0 {
            Some(Json::Array(items)) => items.len(),
            _ => 0,
        }
    }

    fn item(&self, index: usize) -> Result<Self, Infallible> {
        Ok(match self.0 {
            Some(Json::Array(items)) => Self(items.get(index)),
            _ => Self(None),
        })
    }

    fn get(&self, name: &str) -> Result<Self, Infallible> {
        Ok(Self(self.0.and_then(|json| json.get(name, 0))))
    }

    fn has(&self, name: &str) -> Result<bool, Infallible> {
        Ok(self.0.is_some_and(|json| json.get(name, 0).is_some()))
    }

    fn has_own(&self, name: &str) -> Result<bool, Infallible> {
        self.has(name)
    }

    fn is_plain(&self) -> bool {
        true
    }

    fn keys(&self) -> Result<Vec<Option<String>>, Infallible> {
        Ok(match self.0 {
            Some(Json::Object(entries)) => {
                entries.iter().map(|(key, _)| Some(key.to_string())).collect()
            }
            _ => Vec::new(),
        })
    }

    fn properties(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Option<String>, Self)>, Infallible> {
        Ok(match self.0 {
            Some(Json::Object(entries)) => {
                let wanted = entries.iter().filter(|(key, _)| wanted(key));
                wanted.map(|(key, value)| (Some(key.to_string()), Self(Some(value)))).collect()
            }
            _ => Vec::new(),
        })
    }

    fn members(&self) -> Result<Vec<Self>, Infallible> {
        Ok(Vec::new())
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>, Infallible> {
        Ok(Vec::new())
    }
}
