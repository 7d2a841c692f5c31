//! JSON text as `JSON.parse` takes it: of keys that stand twice the last value counts, numbers
//! beyond doubles are infinite, and lone surrogates are text until the codec refuses them with a
//! path. `serde_json` refuses the last two as a whole.

use std::{borrow::Cow, collections::HashMap};

use super::Json;

/// Levels of arrays and objects: more than any type may have.
const MAX_LEVELS: usize = 200;

/// From this many keys on, those that stand twice are looked for by their hash.
const MANY_KEYS: usize = 16;

/// What a text says; None where it is no JSON, or deeper than any type.
pub fn parse(text: &[u8]) -> Option<Json<'_>> {
    let text = std::str::from_utf8(text).ok()?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut parser = Parser { text, at: 0 };
    let value = parser.value(0)?;
    parser.skip_space();
    (parser.at == text.len()).then_some(value)
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    fn value(&mut self, level: usize) -> Option<Json<'t>> {
        self.skip_space();
        match self.peek()? {
            b'"' => self.string().map(Json::String),
            b'{' if level < MAX_LEVELS => self.object(level + 1),
            b'[' if level < MAX_LEVELS => self.array(level + 1),
            b't' => self.word("true", Json::Bool(true)),
            b'f' => self.word("false", Json::Bool(false)),
            b'n' => self.word("null", Json::Null),
            b'-' | b'0'..=b'9' => self.number(),
            _ => None,
        }
    }

    fn array(&mut self, level: usize) -> Option<Json<'t>> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Some(Json::Array(items));
        }
        loop {
            items.push(self.value(level)?);
            self.skip_space();
            if self.take(b']') {
                return Some(Json::Array(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, level: usize) -> Option<Json<'t>> {
        self.at += 1;
        let mut entries: Vec<(Cow<'t, str>, Json<'t>)> = Vec::new();
        let mut places: HashMap<Cow<'t, str>, usize> = HashMap::new();
        self.skip_space();
        if self.take(b'}') {
            return Some(Json::Object(entries));
        }
        loop {
            self.skip_space();
            let key = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            let value = self.value(level)?;
            if entries.len() == MANY_KEYS {
                let keys = entries.iter().enumerate();
                places = keys.map(|(index, (key, _))| (key.clone(), index)).collect();
            }
            let known = if entries.len() < MANY_KEYS {
                entries.iter().position(|(other, _)| *other == key)
            } else {
                places.get(&key).copied()
            };
            if let Some(index) = known {
                entries[index].1 = value;
            } else {
                if entries.len() >= MANY_KEYS {
                    places.insert(key.clone(), entries.len());
                }
                entries.push((key, value));
            }
            self.skip_space();
            if self.take(b'}') {
                return Some(Json::Object(entries));
            }
            self.expect(b',')?;
        }
    }

    fn word(&mut self, word: &str, value: Json<'t>) -> Option<Json<'t>> {
        self.text[self.at..].starts_with(word).then(|| self.at += word.len())?;
        Some(value)
    }

    #[allow(clippy::cast_precision_loss, reason = "of at most 15 digits")]
    fn number(&mut self) -> Option<Json<'t>> {
        let start = self.at;
        let negative = self.take(b'-');
        let mut integer: u64 = 0;
        let digits = if self.take(b'0') {
            1
        } else {
            let first = self.at;
            while let Some(digit @ b'0'..=b'9') = self.peek() {
                integer = integer.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
                self.at += 1;
            }
            self.at - first
        };
        if digits == 0 {
            return None;
        }
        if digits <= 15 && !matches!(self.peek(), Some(b'.' | b'e' | b'E')) {
            let number = integer as f64;
            return Some(Json::Number(if negative { -number } else { number }));
        }
        if self.take(b'.') {
            self.some_digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            _ = self.take(b'+') || self.take(b'-');
            self.some_digits()?;
        }
        self.text[start..self.at].parse().ok().map(Json::Number)
    }

    fn some_digits(&mut self) -> Option<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn string(&mut self) -> Option<Cow<'t, str>> {
        self.expect(b'"')?;
        let start = self.at;
        self.plain()?;
        if self.take(b'"') {
            return Some(Cow::Borrowed(&self.text[start..self.at - 1]));
        }
        let mut text = self.text[start..self.at].to_owned();
        loop {
            if self.take(b'"') {
                return Some(Cow::Owned(text));
            }
            self.expect(b'\\')?;
            text.push(self.escaped()?);
            let start = self.at;
            self.plain()?;
            text.push_str(&self.text[start..self.at]);
        }
    }

    /// As far as a quote or a backslash.
    fn plain(&mut self) -> Option<()> {
        let rest = &self.text.as_bytes()[self.at..];
        let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
        self.at += length;
        (rest[length] >= b' ').then_some(())
    }

    fn escaped(&mut self) -> Option<char> {
        let escape = self.peek()?;
        self.at += 1;
        Some(match escape {
            b'"' | b'\\' | b'/' => char::from(escape),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unit()?,
            _ => return None,
        })
    }

    /// A character of one unit, or of two. Where a surrogate stands alone a NUL is given in its
    /// place: codecs refuse both, in the same words.
    fn unit(&mut self) -> Option<char> {
        let unit = self.hexadecimal()?;
        if (0xd800..0xdc00).contains(&unit) && self.text[self.at..].starts_with("\\u") {
            let back = self.at;
            self.at += 2;
            let low = self.hexadecimal()?;
            if (0xdc00..0xe000).contains(&low) {
                return char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00));
            }
            self.at = back;
        }
        Some(char::from_u32(unit).unwrap_or('\0'))
    }

    fn hexadecimal(&mut self) -> Option<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
        let mut unit = 0;
        for digit in digits {
            unit = 16 * unit + char::from(*digit).to_digit(16)?;
        }
        self.at += 4;
        Some(unit)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }
}
