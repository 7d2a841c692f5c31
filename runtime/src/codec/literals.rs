//! Literal types: sets of values of one primitive type.

use super::{
    expected,
    plan::{LiteralValues, Literals, Shape},
    shape::{Literal, Scalar},
};
use crate::value::{Kind, Source};

pub fn compile(literals: &[Literal]) -> Result<Literals, String> {
    let mixed = || "literals of several types in manifest.json".to_owned();
    let mut strings = Vec::new();
    let mut numbers = Vec::new();
    let mut booleans = Vec::new();
    let mut bigints = Vec::new();
    for literal in literals {
        match literal {
            Literal::String(text) => strings.push(text.clone()),
            Literal::Number(number) => numbers.push(*number),
            Literal::Boolean(value) => booleans.push(*value),
            Literal::BigInt { bigint } => bigints.push(bigint.parse().map_err(|_| mixed())?),
        }
    }
    let values = if numbers.len() == literals.len() {
        LiteralValues::Numbers(numbers)
    } else if booleans.len() == literals.len() {
        LiteralValues::Booleans(booleans)
    } else if bigints.len() == literals.len() {
        LiteralValues::BigInts(bigints)
    } else if strings.len() == literals.len() {
        LiteralValues::Strings(strings.into_iter().collect())
    } else {
        return Err(mixed());
    };
    Ok(Literals { values, expected: expected::of_literals(literals) })
}

impl Literals {
    /// What all of them are.
    pub fn shape(&self) -> &'static Shape {
        match self.values {
            LiteralValues::Strings(_) => &Shape::String,
            LiteralValues::Numbers(_) => &Shape::Number(Scalar::Float64),
            LiteralValues::Booleans(_) => &Shape::Boolean,
            LiteralValues::BigInts(_) => &Shape::BigInt { unsigned: false },
        }
    }

    /// Whether a value is one of these, a bigint as itself.
    pub fn hold<S: Source>(&self, value: &S) -> bool {
        match (&self.values, value.kind()) {
            (LiteralValues::Strings(known), Kind::String) => {
                value.string().is_some_and(|text| known.contains(&*text))
            }
            (LiteralValues::Numbers(known), Kind::Number) => known.contains(&value.number()),
            (LiteralValues::Booleans(known), Kind::Bool) => known.contains(&value.bool()),
            (LiteralValues::BigInts(known), Kind::BigInt) => {
                value.bigint().is_some_and(|number| known.contains(&number))
            }
            _ => false,
        }
    }
}
