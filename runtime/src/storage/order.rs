//! The order of a query's rows, and the cursors that continue it.

use std::{cmp::Ordering, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Map, Value as Json, json};

use super::{buffer::object, storable::invalid, tables::Table};
use crate::{codec::FieldClass, failure::Failure, value::Value};

/// Which rows come first.
#[derive(Clone, PartialEq, Debug)]
pub struct Order {
    /// None: the order of insertion. An empty name is the row's key.
    pub field: Option<(String, FieldClass)>,
    pub descending: bool,
}

/// Where a row stands.
#[derive(Clone, PartialEq, Debug)]
pub struct Place {
    /// What its field is compared by; rows without a value come first.
    pub key: Option<Key>,
    /// Decides between equal values.
    pub order: i64,
}

#[derive(Clone, PartialEq, Debug)]
pub enum Key {
    Text(Arc<str>),
    Number(f64),
    BigInt(i128),
}

impl Order {
    /// Reads the `orderBy` option; insertion order when there is none.
    pub fn parse(table: &Table, order_by: &Value) -> Result<Self, Failure> {
        let (field, descending) = match order_by {
            Value::Undefined => return Ok(Self { field: None, descending: false }),
            Value::String(field) => (field.as_str(), false),
            Value::Object(entries) => match entries.as_slice() {
                [(field, Value::String(direction))] if direction == "asc" => (&**field, false),
                [(field, Value::String(direction))] if direction == "desc" => (&**field, true),
                _ => return Err(malformed()),
            },
            _ => return Err(malformed()),
        };
        if field == INSERTION {
            return Ok(Self { field: None, descending });
        }
        if field == table.primary_key {
            return Ok(Self { field: Some((KEY.to_owned(), FieldClass::Text)), descending });
        }
        let class = table.class(field);
        let Some(class @ (FieldClass::Text | FieldClass::Number | FieldClass::BigInt)) = class
        else {
            let message = format!(
                "expected _order, or a field of {} with text, numbers, dates or booleans",
                table.name
            );
            return Err(invalid("orderBy", &message));
        };
        Ok(Self { field: Some((field.to_owned(), class)), descending })
    }

    pub fn compare(&self, left: &Place, right: &Place) -> Ordering {
        let ascending = compare_keys(left.key.as_ref(), right.key.as_ref())
            .then_with(|| left.order.cmp(&right.order));
        if self.descending { ascending.reverse() } else { ascending }
    }

    /// Where a row with these fields stands.
    pub fn place(&self, id: &str, row: &Map<String, Json>, order: i64) -> Place {
        let key = self.field.as_ref().and_then(|(field, class)| {
            if field == KEY {
                return Some(Key::Text(id.into()));
            }
            let text = match row.get(field)? {
                Json::Null => return None,
                Json::String(text) => text.clone(),
                other => other.to_string(),
            };
            Key::read(*class, &text)
        });
        Place { key, order }
    }

    /// The same of a row's text, which is read only where the order asks for it.
    pub fn place_of(&self, id: &str, data: &str, order: i64) -> Place {
        match &self.field {
            Some((field, _)) if field != KEY => self.place(id, &object(data), order),
            _ => self.place(id, &Map::new(), order),
        }
    }

    /// Where a row stands that PostgreSQL sorted by `key`.
    pub fn place_of_key(&self, key: Option<&str>, order: i64) -> Place {
        let key = match (&self.field, key) {
            (Some((_, class)), Some(key)) => Key::read(*class, key),
            _ => None,
        };
        Place { key, order }
    }

    /// A place as text that a client may keep.
    pub fn encode_cursor(&self, place: &Place) -> String {
        let key = place.key.as_ref().map(Key::text);
        STANDARD.encode(json!([self.name(), self.direction(), key, place.order]).to_string())
    }

    /// The place that a cursor names. The text may come from anyone.
    pub fn decode_cursor(&self, cursor: &Value) -> Result<Place, Failure> {
        let unknown = || invalid("cursor", "expected the cursor of an earlier query");
        let Value::String(cursor) = cursor else { return Err(unknown()) };
        let bytes = STANDARD.decode(cursor).map_err(|_| unknown())?;
        let (field, direction, key, order): (String, String, Option<String>, i64) =
            serde_json::from_slice(&bytes).map_err(|_| unknown())?;
        if field != self.name() || direction != self.direction() {
            return Err(invalid("cursor", "expected the orderBy that it was made with"));
        }
        let place = self.place_of_key(key.as_deref(), order);
        let whole =
            place.key.is_some() == key.is_some() && !key.is_some_and(|key| key.contains('\0'));
        if whole { Ok(place) } else { Err(unknown()) }
    }

    pub fn field(&self) -> Option<&str> {
        self.field.as_ref().map(|(field, _)| field.as_str())
    }

    fn name(&self) -> &str {
        self.field().unwrap_or(INSERTION)
    }

    fn direction(&self) -> &'static str {
        if self.descending { "desc" } else { "asc" }
    }
}

impl Key {
    fn read(class: FieldClass, text: &str) -> Option<Self> {
        match class {
            FieldClass::Number => {
                text.parse().ok().filter(|number: &f64| number.is_finite()).map(Self::Number)
            }
            FieldClass::BigInt => text.parse().ok().map(Self::BigInt),
            FieldClass::Text | FieldClass::Mixed | FieldClass::Composite => {
                Some(Self::Text(text.into()))
            }
        }
    }

    /// As PostgreSQL reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Text(text) => text.to_string(),
            Self::Number(number) => number.to_string(),
            Self::BigInt(number) => number.to_string(),
        }
    }
}

/// Of one class, unless a cursor was forged: then neither comes first.
fn compare_keys(left: Option<&Key>, right: Option<&Key>) -> Ordering {
    match (left, right) {
        (Some(Key::Text(left)), Some(Key::Text(right))) => left.cmp(right),
        (Some(Key::Number(left)), Some(Key::Number(right))) => left.total_cmp(right),
        (Some(Key::BigInt(left)), Some(Key::BigInt(right))) => left.cmp(right),
        (left, right) => left.is_some().cmp(&right.is_some()),
    }
}

fn malformed() -> Failure {
    invalid("orderBy", "expected a field, or { field: 'asc' | 'desc' } with one field")
}

const INSERTION: &str = "_order";
const KEY: &str = "";
