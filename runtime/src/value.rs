//! Values on their way between a message, a row and an isolate: owned, and free of any engine.

use std::sync::Arc;

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
    /// In the order of the declaration. Names come from the schema and are shared with it.
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
    /// A function, a symbol: nothing that travels.
    Other,
}

/// A value that an encoder reads: one of an isolate, or a [`Value`].
///
/// Reading may run the application's code (a getter, a proxy), and that may throw.
pub trait Source: Clone {
    /// What a getter threw.
    type Thrown;

    fn kind(&self) -> Kind;
    /// Of a `Bool`; false for anything else.
    fn bool(&self) -> bool;
    /// Of a `Number`, or a `Date`'s milliseconds (NaN for an invalid date).
    fn number(&self) -> f64;
    /// Of a `BigInt`; None outside of `i128`.
    fn bigint(&self) -> Option<i128>;
    /// Of a `String`; None where it holds a lone surrogate.
    fn string(&self) -> Option<String>;
    /// A copy of `Bytes`.
    fn bytes(&self) -> Vec<u8>;
    /// Of an `Array`, a `Map` or a `Set`.
    fn count(&self) -> usize;
    /// An element of an `Array`; `Undefined` in a hole.
    fn item(&self, index: usize) -> Result<Self, Self::Thrown>;
    /// A property by name; `Undefined` where there is none. Inherited accessors count.
    fn get(&self, name: &str) -> Result<Self, Self::Thrown>;
    /// The own enumerable string keys of an `Object`; None for a key with a lone surrogate.
    fn keys(&self) -> Result<Vec<Option<String>>, Self::Thrown>;
    /// The members of a `Set`.
    fn members(&self) -> Result<Vec<Self>, Self::Thrown>;
    /// The entries of a `Map`.
    fn entries(&self) -> Result<Vec<(Self, Self)>, Self::Thrown>;
}
