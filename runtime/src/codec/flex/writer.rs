//! Writes JSON data: null, booleans, numbers, text, arrays and plain objects. A property that is
//! undefined is left out; anything else has no form.
//!
//! Children are written before what holds them, since a FlexBuffer's offsets point backwards.
//! Values that wait for their parent lie on a stack.

use std::{collections::HashMap, sync::Arc};

use super::format::{BOOL, FLOAT, INT, KEY, MAP, NULL, STRING, VECTOR, VECTOR_INT};
use crate::{
    codec::{
        expected::{self, MAX_DEPTH},
        fault::{Fault, Segment, Stop, Under, Written},
        source::{holds_prototype, item, rest},
    },
    value::{Kind, Source},
};

pub fn write<S: Source>(value: Option<&S>) -> Written<Vec<u8>, S::Thrown> {
    let mut writer =
        Writer { out: Vec::with_capacity(64), waiting: Vec::new(), keys: HashMap::new() };
    writer.push(value, 1)?;
    let width = writer.fitting(0, 0, None);
    writer.align(width);
    writer.slots(0, width);
    let packed = writer.waiting[0].packed(width);
    writer.out.push(packed);
    writer.unsigned(width, 1);
    Ok(writer.out)
}

struct Writer {
    out: Vec<u8>,
    waiting: Vec<Waiting>,
    /// Places of keys that were written.
    keys: HashMap<Arc<str>, usize>,
}

/// A value that its parent has not written yet.
#[derive(Clone, Copy)]
struct Waiting {
    kind: u8,
    content: Content,
    /// The bytes of a number's smallest form, or those that a written vector's elements have.
    width: usize,
}

#[derive(Clone, Copy)]
enum Content {
    Integer(i64),
    Float(f64),
    /// Where it was written.
    Place(usize),
}

impl Writer {
    fn push<S: Source>(&mut self, value: Option<&S>, depth: usize) -> Written<(), S::Thrown> {
        let none = || Err(Fault::expected(expected::JSON_DATA).into());
        let Some(value) = value else { return none() };
        let kind = value.kind();
        let holds_values = !matches!(
            kind,
            Kind::Null | Kind::Bool | Kind::Number | Kind::String | Kind::BigInt | Kind::Other
        );
        if holds_values && depth > MAX_DEPTH {
            return Err(Fault::new(expected::TOO_DEEP).into());
        }
        match kind {
            Kind::Null => self.wait(NULL, Content::Integer(0), 1),
            Kind::Bool => self.wait(BOOL, Content::Integer(value.bool().into()), 1),
            Kind::Number => self.number(value.number()),
            Kind::String => match value.string() {
                Some(text) => self.text(&text)?,
                None => return Err(Fault::expected(expected::TEXT).into()),
            },
            Kind::Array => self.array(value, depth)?,
            Kind::Object if value.is_plain() => self.object(value, depth)?,
            _ => return none(),
        }
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, reason = "of safe integers only")]
    fn number(&mut self, number: f64) {
        let negative_zero = number == 0.0 && number.is_sign_negative();
        if number.fract() == 0.0 && number.abs() <= MAX_SAFE && !negative_zero {
            let integer = number as i64;
            self.wait(INT, Content::Integer(integer), integer_width(integer));
        } else {
            let number = if number.is_nan() { f64::NAN } else { number };
            self.wait(FLOAT, Content::Float(number), float_width(number));
        }
    }

    fn array<S: Source>(&mut self, array: &S, depth: usize) -> Written<(), S::Thrown> {
        let start = self.waiting.len();
        let count = array.count();
        for index in 0..count {
            self.push(item(array, index)?.as_ref(), depth + 1).under(|| Segment::Index(index))?;
        }
        let kind = self.uniform(start);
        let width = self.fitting(start, 1, None);
        self.align(width);
        self.unsigned(count, width);
        let place = self.elements(start, width, kind == VECTOR);
        self.wait(kind, Content::Place(place), width);
        Ok(())
    }

    fn object<S: Source>(&mut self, object: &S, depth: usize) -> Written<(), S::Thrown> {
        let mut properties = rest(object, |_| false)?;
        properties.retain(|(_, value)| value.is_some());
        for (name, _) in &properties {
            self.key(name)?;
        }
        // In the order of UTF-8, since readers search keys by halves.
        properties.sort_by(|(left, _), (right, _)| left.cmp(right));
        // Not shared between objects with the same keys: flatc's verifier takes a list that it
        // meets again for a deeper level, and gives up after 64.
        let (keys, keys_width) = self.key_list(properties.iter().map(|(name, _)| name));
        let start = self.waiting.len();
        let count = properties.len();
        for (name, value) in properties {
            let pushed = self.push(value.as_ref(), depth + 1);
            let pushed = pushed.and_then(|()| match &value {
                Some(value) if &*name == "constructor" && holds_prototype(value)? => {
                    Err(Fault::new(expected::NOT_ALLOWED).into())
                }
                _ => Ok(()),
            });
            pushed.under(|| Segment::Name(name))?;
        }
        let width = self.fitting(start, 3, Some(keys));
        self.align(width);
        self.unsigned(self.out.len() - keys, width);
        self.unsigned(keys_width, width);
        self.unsigned(count, width);
        let place = self.elements(start, width, true);
        self.wait(MAP, Content::Place(place), width);
        Ok(())
    }

    /// Writes the list of an object's keys: its place, and its width.
    fn key_list<'k>(&mut self, names: impl Iterator<Item = &'k Arc<str>>) -> (usize, usize) {
        let start = self.waiting.len();
        for name in names {
            let place = self.keys.get(name).copied().unwrap_or_default();
            self.wait(KEY, Content::Place(place), 1);
        }
        let count = self.waiting.len() - start;
        let width = self.fitting(start, 1, None);
        self.align(width);
        self.unsigned(count, width);
        (self.elements(start, width, false), width)
    }

    fn key<T>(&mut self, name: &Arc<str>) -> Written<(), T> {
        if self.keys.contains_key(name) {
            return Ok(());
        }
        let place = self.out.len();
        self.characters(name)?;
        self.keys.insert(name.clone(), place);
        Ok(())
    }

    /// Writes length, text and NUL.
    fn text<T>(&mut self, text: &str) -> Written<(), T> {
        // As wide as the length of the longest text of so many UTF-16 units.
        let units = text.encode_utf16().count();
        let width = if units * 3 < 0x100 {
            1
        } else if units * 3 < 0x1_0000 {
            2
        } else {
            4
        };
        self.align(width);
        self.unsigned(text.len(), width);
        let place = self.out.len();
        self.characters(text)?;
        self.wait(STRING, Content::Place(place), width);
        Ok(())
    }

    fn characters<T>(&mut self, text: &str) -> Written<(), T> {
        if text.as_bytes().contains(&0) {
            return Err(Stop::from(Fault::expected(expected::TEXT)));
        }
        self.out.extend_from_slice(text.as_bytes());
        self.out.push(0);
        Ok(())
    }

    /// The type of a vector of the elements from `start`.
    #[allow(clippy::cast_precision_loss, reason = "of safe integers only")]
    fn uniform(&mut self, start: usize) -> u8 {
        let elements = &mut self.waiting[start..];
        if elements.is_empty() || !elements.iter().all(|e| matches!(e.kind, INT | FLOAT)) {
            return VECTOR;
        }
        if elements.iter().all(|element| element.kind == INT) {
            return VECTOR_INT;
        }
        for element in elements {
            if let Content::Integer(integer) = element.content {
                let number = integer as f64;
                let content = Content::Float(number);
                *element = Waiting { kind: FLOAT, content, width: float_width(number) };
            }
        }
        VECTOR_INT + FLOAT - INT
    }

    /// The least width that holds the elements from `start` behind `heads` other slots, one of which
    /// leads to `keys`.
    fn fitting(&self, start: usize, heads: usize, keys: Option<usize>) -> usize {
        let elements = &self.waiting[start..];
        let mut width = unsigned_width(if heads == 0 { 0 } else { elements.len() });
        while width < 8 {
            let head = self.out.len().next_multiple_of(width);
            let first = head + heads * width;
            let fits = keys.is_none_or(|keys| unsigned_width(head - keys) <= width)
                && elements
                    .iter()
                    .enumerate()
                    .all(|(index, element)| element.needed(first + index * width) <= width);
            if fits {
                break;
            }
            width *= 2;
        }
        width
    }

    /// Writes the elements from `start`, takes them off the stack, and tells where they begin.
    fn elements(&mut self, start: usize, width: usize, typed: bool) -> usize {
        let place = self.out.len();
        self.slots(start, width);
        if typed {
            let types = self.waiting[start..].iter().map(|element| element.packed(width));
            self.out.extend(types);
        }
        self.waiting.truncate(start);
        place
    }

    #[allow(clippy::cast_possible_truncation, reason = "a width of 4 was found to hold it")]
    fn slots(&mut self, start: usize, width: usize) {
        for index in start..self.waiting.len() {
            match self.waiting[index].content {
                Content::Float(number) if width == 4 => {
                    self.out.extend_from_slice(&(number as f32).to_le_bytes());
                }
                Content::Float(number) => self.out.extend_from_slice(&number.to_le_bytes()),
                // Two's complement, as far as it is wide.
                Content::Integer(integer) => {
                    self.out.extend_from_slice(&integer.to_le_bytes()[..width]);
                }
                Content::Place(place) => self.unsigned(self.out.len() - place, width),
            }
        }
    }

    fn wait(&mut self, kind: u8, content: Content, width: usize) {
        self.waiting.push(Waiting { kind, content, width });
    }

    fn unsigned(&mut self, number: usize, width: usize) {
        self.out.extend_from_slice(&(number as u64).to_le_bytes()[..width]);
    }

    fn align(&mut self, width: usize) {
        self.out.resize(self.out.len().next_multiple_of(width), 0);
    }
}

impl Waiting {
    /// How wide its slot has to be, where that stands at `slot`.
    fn needed(&self, slot: usize) -> usize {
        match self.content {
            Content::Place(place) => unsigned_width(slot - place),
            _ => self.width,
        }
    }

    /// Its type, with the two bits that stand for the width of its content.
    fn packed(&self, width: usize) -> u8 {
        let own = match self.content {
            Content::Place(_) => self.width,
            _ => self.width.max(width),
        };
        let bits = match own {
            1 => 0,
            2 => 1,
            4 => 2,
            _ => 3,
        };
        (self.kind << 2) | bits
    }
}

const MAX_SAFE: f64 = 9_007_199_254_740_991.0;

fn integer_width(number: i64) -> usize {
    if i8::try_from(number).is_ok() {
        1
    } else if i16::try_from(number).is_ok() {
        2
    } else if i32::try_from(number).is_ok() {
        4
    } else {
        8
    }
}

fn unsigned_width(number: usize) -> usize {
    match number {
        0..0x100 => 1,
        0x100..0x1_0000 => 2,
        0x1_0000..0x1_0000_0000 => 4,
        _ => 8,
    }
}

/// Whether 4 bytes hold it as well.
#[allow(clippy::cast_possible_truncation, reason = "that is the question")]
fn float_width(number: f64) -> usize {
    let same = f64::from(number as f32).to_bits() == number.to_bits();
    if same || number.is_nan() { 4 } else { 8 }
}
