//! Values on their way between a message, a row and an isolate: owned, and free of any engine.

use std::{borrow::Cow, convert::Infallible, sync::Arc};

/// A value of the types that can travel.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// Within an `i64` or a `u64`.
    BigInt(i128),
    String(String),
    /// Milliseconds since 1970-01-01T00:00:00Z, as `Date` has them.
    Date(f64),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    /// In the order of insertion; the codec made sure that no key stands twice.
    Map(Vec<(Value, Value)>),
    Set(Vec<Value>),
    /// Names come from the schema and are shared with it.
    Object(Vec<(Arc<str>, Value)>),
}

/// What a value is, before its type is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Undefined,
    Null,
    Bool,
    Number,
    BigInt,
    String,
    Date,
    Bytes,
    Array,
    Map,
    Set,
    Object,
    /// A function, a symbol, a Promise, a `RegExp`, an `ArrayBuffer` or a view of one: nothing that
    /// travels.
    Other,
}

/// A value that an encoder reads: one of an isolate, or a [`Value`].
///
/// Reading may run the application's code (a getter, a proxy), and that may throw.
pub trait Source: Clone {
    /// What a getter threw.
    type Thrown;

    fn kind(&self) -> Kind;
    /// Asked of every value: quicker than its kind, where that takes time.
    fn is_undefined(&self) -> bool {
        self.kind() == Kind::Undefined
    }
    /// The same.
    fn is_null(&self) -> bool {
        self.kind() == Kind::Null
    }
    /// Of a `Bool`; false for anything else.
    fn bool(&self) -> bool;
    /// Of a `Number`, or a `Date`'s milliseconds (NaN for an invalid date).
    fn number(&self) -> f64;
    /// Of a `BigInt`; None outside of `i128`.
    fn bigint(&self) -> Option<i128>;
    /// Of a `String`; None where it holds a lone surrogate.
    fn string(&self) -> Option<Cow<'_, str>>;
    /// Of `Bytes`.
    fn bytes(&self) -> Cow<'_, [u8]>;
    /// Of an `Array`, a `Map` or a `Set`.
    fn count(&self) -> usize;
    /// An element of an `Array`; `Undefined` in a hole.
    fn item(&self, index: usize) -> Result<Self, Self::Thrown>;
    /// A property by name, be it inherited; `Undefined` where there is none.
    fn get(&self, name: &str) -> Result<Self, Self::Thrown>;
    /// Whether there is such a property: `name in object`.
    fn has(&self, name: &str) -> Result<bool, Self::Thrown>;
    /// Whether the object itself has it.
    fn has_own(&self, name: &str) -> Result<bool, Self::Thrown>;
    /// Of an `Object`: its prototype is `Object.prototype` or null.
    fn is_plain(&self) -> bool;
    /// The own enumerable string keys of an `Object`; None for a key with a lone surrogate.
    fn keys(&self) -> Result<Vec<Option<String>>, Self::Thrown>;
    /// Those of the `keys` that are wanted, each with its value.
    fn properties(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Option<String>, Self)>, Self::Thrown> {
        let mut properties = Vec::new();
        for key in self.keys()? {
            match &key {
                // What is refused anyway is not read.
                None => properties.push((key, self.clone())),
                Some(name) if wanted(name) => {
                    let value = self.get(name)?;
                    properties.push((key, value));
                }
                Some(_) => {}
            }
        }
        Ok(properties)
    }
    /// The members of a `Set`.
    fn members(&self) -> Result<Vec<Self>, Self::Thrown>;
    /// The entries of a `Map`.
    fn entries(&self) -> Result<Vec<(Self, Self)>, Self::Thrown>;
}

impl Source for &Value {
    type Thrown = Infallible;

    fn kind(&self) -> Kind {
        match self {
            Value::Undefined => Kind::Undefined,
            Value::Null => Kind::Null,
            Value::Bool(_) => Kind::Bool,
            Value::Number(_) => Kind::Number,
            Value::BigInt(_) => Kind::BigInt,
            Value::String(_) => Kind::String,
            Value::Date(_) => Kind::Date,
            Value::Bytes(_) => Kind::Bytes,
            Value::Array(_) => Kind::Array,
            Value::Map(_) => Kind::Map,
            Value::Set(_) => Kind::Set,
            Value::Object(_) => Kind::Object,
        }
    }

    fn bool(&self) -> bool {
        matches!(self, Value::Bool(true))
    }

    fn number(&self) -> f64 {
        match self {
            Value::Number(number) | Value::Date(number) => *number,
            _ => f64::NAN,
        }
    }

    fn bigint(&self) -> Option<i128> {
        match self {
            Value::BigInt(number) => Some(*number),
            _ => None,
        }
    }

    fn string(&self) -> Option<Cow<'_, str>> {
        match self {
            Value::String(text) => Some(Cow::Borrowed(text)),
            _ => None,
        }
    }

    fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Value::Bytes(bytes) => Cow::Borrowed(bytes),
            _ => Cow::Borrowed(&[]),
        }
    }

    fn count(&self) -> usize {
        match self {
            Value::Array(items) | Value::Set(items) => items.len(),
            Value::Map(entries) => entries.len(),
            _ => 0,
        }
    }

    fn item(&self, index: usize) -> Result<Self, Infallible> {
        Ok(match self {
            Value::Array(items) => items.get(index).unwrap_or(&Value::Undefined),
            _ => &Value::Undefined,
        })
    }

    fn get(&self, name: &str) -> Result<Self, Infallible> {
        Ok(self.property(name).unwrap_or(&Value::Undefined))
    }

    fn has(&self, name: &str) -> Result<bool, Infallible> {
        Ok(self.property(name).is_some())
    }

    fn has_own(&self, name: &str) -> Result<bool, Infallible> {
        self.has(name)
    }

    fn is_plain(&self) -> bool {
        true
    }

    fn keys(&self) -> Result<Vec<Option<String>>, Infallible> {
        Ok(match self {
            Value::Object(fields) => {
                fields.iter().map(|(name, _)| Some(name.to_string())).collect()
            }
            _ => Vec::new(),
        })
    }

    fn properties(
        &self,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<(Option<String>, Self)>, Infallible> {
        Ok(match self {
            Value::Object(fields) => {
                let wanted = fields.iter().filter(|(name, _)| wanted(name));
                wanted.map(|(name, value)| (Some(name.to_string()), value)).collect()
            }
            _ => Vec::new(),
        })
    }

    fn members(&self) -> Result<Vec<Self>, Infallible> {
        Ok(match self {
            Value::Set(members) => members.iter().collect(),
            _ => Vec::new(),
        })
    }

    fn entries(&self) -> Result<Vec<(Self, Self)>, Infallible> {
        Ok(match self {
            Value::Map(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
            _ => Vec::new(),
        })
    }
}

impl Value {
    /// A property of an `Object`.
    pub fn property(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => {
                fields.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
            }
            _ => None,
        }
    }
}
