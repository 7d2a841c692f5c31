//! Reads JSON data that any writer of FlexBuffers wrote. The bytes may be hostile: nothing outside
//! them is read, levels are limited, and so is the work, which is counted by what is visited, since
//! many offsets may lead to the same place.

use std::{collections::HashSet, sync::Arc};

use rustc_hash::FxHashMap;

use super::format::{
    BOOL, FLOAT, INDIRECT_FLOAT, INDIRECT_INT, INT, KEY, MAP, NULL, STRING, UINT, VECTOR,
    VECTOR_BOOL, VECTOR_FLOAT4, VECTOR_INT, VECTOR_INT2, VECTOR_KEY,
};
use crate::{
    codec::{
        expected::{self, MAX_DEPTH},
        fault::{Fault, Read, Segment, Under},
    },
    value::Value,
};

/// An empty array takes three bytes, and much more than that in memory.
const CONTAINER_COST: u64 = 8;

pub fn read(bytes: &[u8]) -> Read<Value> {
    let reader = Reader {
        bytes,
        budget: 4 * bytes.len() as u64 + 1024,
        lists: FxHashMap::default(),
        keys: FxHashMap::default(),
    };
    reader.root()
}

/// The names of a map, in the order of its values.
type Names = Arc<[Arc<str>]>;

struct Reader<'b> {
    bytes: &'b [u8],
    budget: u64,
    /// Lists of keys that were read, by place and width: some writers let maps share them.
    lists: FxHashMap<(u64, u64), Names>,
    /// Keys that were read, by place.
    keys: FxHashMap<u64, Arc<str>>,
}

impl Reader<'_> {
    fn root(mut self) -> Read<Value> {
        let [.., packed, width] = *self.bytes else { return Err(broken()) };
        let length = self.bytes.len() as u64;
        let width = u64::from(width);
        if !is_width(width) || length < 3 || length < 2 + width {
            return Err(broken());
        }
        self.value(length - 2 - width, width, packed, 1)
    }

    /// The value of a slot.
    fn value(&mut self, slot: u64, width: u64, packed: u8, depth: usize) -> Read<Value> {
        let kind = packed >> 2;
        let own = 1 << (packed & 3);
        match kind {
            NULL => return Ok(Value::Null),
            BOOL => return self.boolean(slot, width),
            INT | UINT | FLOAT => return self.number(slot, width, kind),
            INDIRECT_INT..=INDIRECT_FLOAT => {
                let place = self.target(slot, width)?;
                self.take(place, own)?;
                return self.number(place, own, kind - INDIRECT_INT + INT);
            }
            STRING => {
                let place = self.target(slot, width)?;
                let length = self.length(place, own)?;
                return self.text(place, length).map(|text| Value::String(text.to_owned()));
            }
            KEY => {
                let place = self.target(slot, width)?;
                return self.key(place).map(|key| Value::String(key.to_string()));
            }
            _ => {}
        }
        // What is left holds values itself.
        if depth > MAX_DEPTH {
            return Err(Fault::new(expected::TOO_DEEP));
        }
        let place = self.target(slot, width)?;
        self.pay(CONTAINER_COST)?;
        match kind {
            MAP => self.map(place, own, depth).map(Value::Object),
            VECTOR => self.vector(place, own, depth).map(Value::Array),
            VECTOR_BOOL => {
                let length = self.length(place, own)?;
                self.typed(place, length, own, BOOL, depth).map(Value::Array)
            }
            VECTOR_INT..=VECTOR_KEY => {
                let length = self.length(place, own)?;
                self.typed(place, length, own, kind - VECTOR_INT + INT, depth).map(Value::Array)
            }
            VECTOR_INT2..=VECTOR_FLOAT4 => {
                let position = kind - VECTOR_INT2;
                let length = u64::from(2 + position / 3);
                self.typed(place, length, own, INT + position % 3, depth).map(Value::Array)
            }
            _ => Err(Fault::expected(expected::JSON_DATA)),
        }
    }

    fn vector(&mut self, place: u64, width: u64, depth: usize) -> Read<Vec<Value>> {
        let length = self.length(place, width)?;
        self.take(place, length * width + length)?;
        let types = place + length * width;
        let mut values = Vec::new();
        for index in 0..length {
            let packed = self.byte(types + index)?;
            let value = self.value(place + index * width, width, packed, depth + 1);
            values.push(value.under(|| segment(index))?);
        }
        Ok(values)
    }

    fn typed(
        &mut self,
        place: u64,
        length: u64,
        width: u64,
        kind: u8,
        depth: usize,
    ) -> Read<Vec<Value>> {
        self.take(place, length * width)?;
        let mut values = Vec::new();
        for index in 0..length {
            let value = self.value(place + index * width, width, kind << 2, depth + 1);
            values.push(value.under(|| segment(index))?);
        }
        Ok(values)
    }

    fn map(&mut self, place: u64, width: u64, depth: usize) -> Read<Vec<(Arc<str>, Value)>> {
        let length = self.length(place, width)?;
        let head = place.checked_sub(3 * width).ok_or_else(broken)?;
        self.take(head, length * width + length + 2 * width)?;
        let keys = self.target(head, width)?;
        let keys_width = self.unsigned(head + width, width)?;
        let names = self.names(keys, keys_width)?;
        if names.len() as u64 != length {
            return Err(broken());
        }
        let types = place + length * width;
        let mut properties = Vec::with_capacity(names.len());
        for (index, name) in (0..).zip(names.iter()) {
            let packed = self.byte(types + index)?;
            let value = self
                .value(place + index * width, width, packed, depth + 1)
                .under(|| Segment::Name(name.clone()))?;
            // Merging an object with such a `constructor` would change what others inherit.
            if &**name == "constructor" && value.property("prototype").is_some() {
                let fault = Fault::new(expected::NOT_ALLOWED);
                return Err(fault.under(Segment::Name(name.clone())));
            }
            properties.push((name.clone(), value));
        }
        Ok(properties)
    }

    fn names(&mut self, place: u64, width: u64) -> Read<Names> {
        if !is_width(width) {
            return Err(broken());
        }
        if let Some(known) = self.lists.get(&(place, width)) {
            return Ok(known.clone());
        }
        let length = self.length(place, width)?;
        self.take(place, length * width)?;
        let mut names: Vec<Arc<str>> = Vec::new();
        let mut ascending = true;
        for index in 0..length {
            let target = self.target(place + index * width, width)?;
            let name = self.key(target)?;
            if &*name == "__proto__" {
                return Err(Fault::new(expected::NOT_ALLOWED).under(Segment::Name(name)));
            }
            ascending &= names.last().is_none_or(|last| *last < name);
            names.push(name);
        }
        if !ascending {
            expect_once(&names)?;
        }
        let names: Names = names.into();
        self.lists.insert((place, width), names.clone());
        Ok(names)
    }

    /// Text up to NUL.
    fn key(&mut self, place: u64) -> Read<Arc<str>> {
        if let Some(known) = self.keys.get(&place) {
            return Ok(known.clone());
        }
        let rest = usize::try_from(place).ok().and_then(|place| self.bytes.get(place..));
        let length = rest.and_then(|rest| rest.iter().position(|byte| *byte == 0));
        let key: Arc<str> = self.text(place, length.ok_or_else(broken)? as u64)?.into();
        self.keys.insert(place, key.clone());
        Ok(key)
    }

    fn text(&mut self, place: u64, length: u64) -> Read<&str> {
        self.take(place, length)?;
        let bytes = self.slice(place, length)?;
        match std::str::from_utf8(bytes) {
            Ok(text) if !bytes.contains(&0) => Ok(text),
            _ => Err(Fault::expected(expected::TEXT)),
        }
    }

    fn boolean(&self, place: u64, width: u64) -> Read<Value> {
        match self.unsigned(place, width)? {
            0 => Ok(Value::Bool(false)),
            1 => Ok(Value::Bool(true)),
            _ => Err(broken()),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "of safe integers only")]
    fn number(&self, place: u64, width: u64, kind: u8) -> Read<Value> {
        Ok(Value::Number(match (kind, width) {
            (FLOAT, 8) => f64::from_le_bytes(self.array(place)?),
            (FLOAT, 4) => f32::from_le_bytes(self.array(place)?).into(),
            (FLOAT, _) => return Err(broken()),
            (UINT, _) => self.unsigned(place, width)? as f64,
            (_, 1) => i8::from_le_bytes(self.array(place)?).into(),
            (_, 2) => i16::from_le_bytes(self.array(place)?).into(),
            (_, 4) => i32::from_le_bytes(self.array(place)?).into(),
            _ => {
                let number = i64::from_le_bytes(self.array(place)?);
                if number.unsigned_abs() > MAX_SAFE {
                    return Err(Fault::new(UNSAFE));
                }
                number as f64
            }
        }))
    }

    fn unsigned(&self, place: u64, width: u64) -> Read<u64> {
        Ok(match width {
            1 => self.byte(place)?.into(),
            2 => u16::from_le_bytes(self.array(place)?).into(),
            4 => u32::from_le_bytes(self.array(place)?).into(),
            _ => match u64::from_le_bytes(self.array(place)?) {
                number @ 0..=MAX_SAFE => number,
                _ => return Err(Fault::new(UNSAFE)),
            },
        })
    }

    /// Where the offset in a slot leads: always to a place before the slot.
    fn target(&self, slot: u64, width: u64) -> Read<u64> {
        slot.checked_sub(self.unsigned(slot, width)?).ok_or_else(broken)
    }

    /// The length before a vector or text.
    fn length(&mut self, place: u64, width: u64) -> Read<u64> {
        let before = place.checked_sub(width).ok_or_else(broken)?;
        self.take(before, width)?;
        self.unsigned(before, width)
    }

    /// Makes sure that these bytes exist and may still be looked at.
    fn take(&mut self, place: u64, count: u64) -> Read<()> {
        if place.saturating_add(count) > self.bytes.len() as u64 {
            return Err(broken());
        }
        self.pay(count)
    }

    fn pay(&mut self, cost: u64) -> Read<()> {
        let left = self.budget.checked_sub(cost);
        self.budget = left.ok_or_else(|| Fault::new("more data than bytes"))?;
        Ok(())
    }

    fn byte(&self, place: u64) -> Read<u8> {
        self.array(place).map(|[byte]| byte)
    }

    fn array<const N: usize>(&self, place: u64) -> Read<[u8; N]> {
        self.slice(place, N as u64)?.first_chunk().copied().ok_or_else(broken)
    }

    fn slice(&self, place: u64, length: u64) -> Read<&[u8]> {
        let start = usize::try_from(place).ok();
        let end = usize::try_from(place.saturating_add(length)).ok();
        start.zip(end).and_then(|(start, end)| self.bytes.get(start..end)).ok_or_else(broken)
    }
}

const MAX_SAFE: u64 = (1 << 53) - 1;
const UNSAFE: &str = "expected an integer within ±(2^53 - 1)";

fn expect_once(names: &[Arc<str>]) -> Read<()> {
    // Hashed with a secret: a caller may have chosen the names.
    let mut seen = HashSet::with_capacity(names.len());
    for name in names {
        if !seen.insert(name) {
            let fault = Fault::new("a key that is there twice");
            return Err(fault.under(Segment::Name(name.clone())));
        }
    }
    Ok(())
}

fn is_width(width: u64) -> bool {
    matches!(width, 1 | 2 | 4 | 8)
}

fn segment(index: u64) -> Segment {
    Segment::Index(usize::try_from(index).unwrap_or(usize::MAX))
}

#[cold]
fn broken() -> Fault {
    Fault::new("malformed FlexBuffer")
}
