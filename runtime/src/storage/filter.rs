//! Filters of queries. A filter is a part of a row; for fields with scalars it may be an object of
//! operators.
//!
//! ```ts
//! { city: "Paris", tags: ["a"], age: { gte: 18, lt: 65 }, role: { in: ["admin", "owner"] } }
//! ```
//! PostgreSQL gets the normal form, and rows that a call has written are compared here, with the
//! same outcome.

use std::cmp::Ordering;

use serde_json::{Map, Value as Json, json};

use super::{
    buffer::same,
    storable::{invalid, to_json},
    tables::Table,
};
use crate::{codec::FieldClass, failure::Failure, value::Value};

/// What rows must match, in the form that PostgreSQL and this process understand alike.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Filter {
    /// What the fields contain.
    contains: Map<String, Json>,
    conditions: Vec<Condition>,
}

#[derive(Clone, PartialEq, Debug)]
struct Condition {
    /// None: the row's id.
    field: Option<String>,
    test: Test,
}

#[derive(Clone, PartialEq, Debug)]
enum Test {
    Compare(Comparison, Operand),
    StartsWith(String),
    In(Vec<Json>),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Comparison {
    Gt,
    Gte,
    Lt,
    Lte,
}

/// Compared with stored values of its own kind only.
#[derive(Clone, PartialEq, Debug)]
enum Operand {
    Text(String),
    Number(f64),
    BigInt(i128),
}

impl Filter {
    /// Reads a filter of `table`; undefined is none.
    pub fn parse(table: &Table, filter: &Value) -> Result<Self, Failure> {
        let fields = match filter {
            Value::Undefined => return Ok(Self::default()),
            Value::Object(fields) => fields,
            _ => return Err(invalid("filter", "expected an object")),
        };
        let mut parsed = Self::default();
        for (name, wanted) in fields {
            let is_key = **name == *table.primary_key;
            let field = (!is_key).then(|| name.to_string());
            let composite = table.class(name) == Some(FieldClass::Composite);
            match operators(wanted) {
                Some(operators) if !composite => {
                    for (operator, operand) in operators {
                        let path = format!("filter.{name}.{operator}");
                        let test = Test::parse(operator, operand, &path)?;
                        parsed.conditions.push(Condition { field: field.clone(), test });
                    }
                }
                _ if is_key => {
                    let ids =
                        if let Value::String(_) = wanted { vec![json(wanted)?] } else { vec![] };
                    parsed.conditions.push(Condition { field, test: Test::In(ids) });
                }
                _ => {
                    parsed.contains.insert(name.to_string(), json(wanted)?);
                }
            }
        }
        Ok(parsed)
    }

    /// What `kontract.query_<table>` takes.
    pub fn normal_form(&self) -> Json {
        let mut form = Map::new();
        if !self.contains.is_empty() {
            form.insert("contains".to_owned(), Json::Object(self.contains.clone()));
        }
        if !self.conditions.is_empty() {
            form.insert("where".to_owned(), self.conditions.iter().map(Condition::form).collect());
        }
        Json::Object(form)
    }

    /// Whether a row is found.
    pub fn matches(&self, id: &str, row: &Map<String, Json>) -> bool {
        self.contains
            .iter()
            .all(|(field, wanted)| row.get(field).is_some_and(|stored| contains(stored, wanted)))
            && self.conditions.iter().all(|Condition { field, test }| match field {
                Some(field) => row.get(field).is_some_and(|stored| test.holds(stored)),
                None => test.holds(&json!(id)),
            })
    }
}

impl Condition {
    fn form(&self) -> Json {
        let (operator, class, operand) = match &self.test {
            Test::Compare(comparison, operand) => {
                let (class, operand) = match operand {
                    Operand::Text(text) => ("text", json!(text)),
                    Operand::Number(number) => ("number", json!(number)),
                    Operand::BigInt(number) => ("bigint", json!(number.to_string())),
                };
                (comparison.name(), class, operand)
            }
            Test::StartsWith(prefix) => ("startsWith", "text", json!(prefix)),
            Test::In(values) => ("in", "any", json!(values)),
        };
        json!([self.field, operator, class, operand])
    }
}

impl Test {
    fn parse(operator: &str, operand: &Value, path: &str) -> Result<Self, Failure> {
        let comparison = match operator {
            "gt" => Comparison::Gt,
            "gte" => Comparison::Gte,
            "lt" => Comparison::Lt,
            "lte" => Comparison::Lte,
            "startsWith" => {
                return match operand {
                    Value::String(prefix) => Ok(Self::StartsWith(prefix.clone())),
                    _ => Err(invalid(path, "expected text")),
                };
            }
            _ => {
                let Value::Array(values) = operand else {
                    return Err(invalid(path, "expected an array"));
                };
                if values.iter().any(|value| !is_scalar(value)) {
                    return Err(invalid(path, "expected an array of scalars"));
                }
                return Ok(Self::In(values.iter().map(json).collect::<Result<_, _>>()?));
            }
        };
        let operand = match operand {
            Value::String(text) => Operand::Text(text.clone()),
            Value::Date(_) => match json(operand)? {
                Json::String(text) => Operand::Text(text),
                _ => return Err(invalid(path, "expected a valid date")),
            },
            Value::Number(number) if number.is_finite() => Operand::Number(*number),
            Value::BigInt(number) => Operand::BigInt(*number),
            _ => return Err(invalid(path, "expected text, a number, a bigint or a date")),
        };
        Ok(Self::Compare(comparison, operand))
    }

    fn holds(&self, stored: &Json) -> bool {
        match self {
            Self::Compare(comparison, operand) => {
                operand.against(stored).is_some_and(|order| comparison.admits(order))
            }
            Self::StartsWith(prefix) => {
                stored.as_str().is_some_and(|text| text.starts_with(prefix.as_str()))
            }
            Self::In(values) => values.iter().any(|value| same(value, stored)),
        }
    }
}

impl Comparison {
    fn name(self) -> &'static str {
        match self {
            Self::Gt => "gt",
            Self::Gte => "gte",
            Self::Lt => "lt",
            Self::Lte => "lte",
        }
    }

    fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Gt => order.is_gt(),
            Self::Gte => order.is_ge(),
            Self::Lt => order.is_lt(),
            Self::Lte => order.is_le(),
        }
    }
}

impl Operand {
    /// How a stored value compares with the operand; None for one of another kind.
    fn against(&self, stored: &Json) -> Option<Ordering> {
        match self {
            Self::Text(text) => Some(stored.as_str()?.cmp(text)),
            Self::Number(number) => {
                if !stored.is_number() {
                    return None;
                }
                stored.as_f64()?.partial_cmp(number)
            }
            Self::BigInt(number) => Some(stored.as_str()?.parse::<i128>().ok()?.cmp(number)),
        }
    }
}

/// The operators of a wanted value that is nothing but operators; undefined ones are left out.
fn operators(wanted: &Value) -> Option<impl Iterator<Item = (&str, &Value)>> {
    let Value::Object(fields) = wanted else { return None };
    let all = !fields.is_empty() && fields.iter().all(|(name, _)| OPERATORS.contains(&&**name));
    all.then(|| fields.iter().map(|(name, operand)| (&**name, operand)))
}

fn is_scalar(value: &Value) -> bool {
    !matches!(
        value,
        Value::Undefined | Value::Array(_) | Value::Map(_) | Value::Set(_) | Value::Object(_)
    )
}

fn json(value: &Value) -> Result<Json, Failure> {
    to_json(value).ok_or_else(|| invalid("filter", "expected finite numbers and valid dates"))
}

/// PostgreSQL's `@>`: an object contains the fields it has, an array each element that one of its
/// own contains.
fn contains(stored: &Json, wanted: &Json) -> bool {
    match (stored, wanted) {
        (Json::Array(stored), Json::Array(wanted)) => {
            wanted.iter().all(|part| stored.iter().any(|element| contains(element, part)))
        }
        (Json::Object(stored), Json::Object(wanted)) => wanted
            .iter()
            .all(|(key, part)| stored.get(key).is_some_and(|value| contains(value, part))),
        _ => same(stored, wanted),
    }
}

const OPERATORS: [&str; 6] = ["gt", "gte", "lt", "lte", "in", "startsWith"];
