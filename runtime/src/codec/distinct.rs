//! What stands once only: the members of a Set, the keys of a Map, as JavaScript tells them apart.

use std::collections::HashSet;

use super::{
    expected,
    fault::{Fault, Read},
};
use crate::value::Value;

/// Up to so many values each is compared with each.
const FEW: usize = 8;

/// Collections hold no -0.
pub fn normalize(value: &mut Value) {
    if let Value::Number(number) = value
        && *number == 0.0
    {
        *number = 0.0;
    }
}

/// Whether no value stands twice. Objects, dates and the like are all their own.
pub fn check<'v>(values: impl ExactSizeIterator<Item = &'v Value> + Clone) -> Read<()> {
    let distinct = if values.len() <= FEW {
        let mut rest = values;
        loop {
            let Some(value) = rest.next().map(Identity::of) else { break true };
            if value.is_some() && rest.clone().any(|other| Identity::of(other) == value) {
                break false;
            }
        }
    } else {
        // Hashed with a secret: the values may be chosen by a caller.
        let mut seen = HashSet::with_capacity(values.len());
        values.filter_map(Identity::of).all(|identity| seen.insert(identity))
    };
    if distinct { Ok(()) } else { Err(Fault::expected(expected::DISTINCT)) }
}

#[derive(PartialEq, Eq, Hash)]
enum Identity<'v> {
    Undefined,
    Null,
    Bool(bool),
    Number(u64),
    BigInt(i128),
    String(&'v str),
}

impl<'v> Identity<'v> {
    fn of(value: &'v Value) -> Option<Self> {
        Some(match value {
            Value::Undefined => Self::Undefined,
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) if number.is_nan() => Self::Number(f64::NAN.to_bits()),
            Value::Number(number) => Self::Number(number.to_bits()),
            Value::BigInt(number) => Self::BigInt(*number),
            Value::String(text) => Self::String(text),
            _ => return None,
        })
    }
}
