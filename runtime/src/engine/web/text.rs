//! Text as bytes and back, as the Encoding Standard says.

use rquickjs::convert::List;

use super::bytes::{Bytes, latin1};
use crate::engine::ops::Ops;

pub fn add(ops: &Ops<'_>) -> rquickjs::Result<()> {
    ops.add("encode", |text: String| Bytes(text.into_bytes()))?;
    ops.add("decode", |encoding: String, bytes: Bytes, fatal: bool, more: bool| {
        decode(&encoding, &bytes.0, fatal, more).map(List)
    })?;
    ops.add("latin1", |bytes: Bytes| latin1(&bytes.0))
}

/// The text, and how many bytes were read: with `more`, a character whose end is still to come is
/// left. None where `fatal` and the bytes are not valid.
fn decode(encoding: &str, bytes: &[u8], fatal: bool, more: bool) -> Option<(String, usize)> {
    match encoding {
        "utf-8" => utf8(bytes, fatal, more),
        "utf-16le" => utf16(bytes, u16::from_le_bytes, fatal, more),
        "utf-16be" => utf16(bytes, u16::from_be_bytes, fatal, more),
        _ => Some((bytes.iter().map(|byte| windows_1252(*byte)).collect(), bytes.len())),
    }
}

fn utf8(bytes: &[u8], fatal: bool, more: bool) -> Option<(String, usize)> {
    let mut text = String::with_capacity(bytes.len());
    let mut read = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        read += chunk.valid().len();
        let invalid = chunk.invalid();
        if invalid.is_empty() {
            continue;
        }
        let is_last = read + invalid.len() == bytes.len();
        if more && is_last && is_beginning(invalid) {
            break;
        }
        if fatal {
            return None;
        }
        text.push(char::REPLACEMENT_CHARACTER);
        read += invalid.len();
    }
    Some((text, read))
}

/// Whether further bytes could make a character of these.
fn is_beginning(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

fn utf16(
    bytes: &[u8],
    unit: fn([u8; 2]) -> u16,
    fatal: bool,
    more: bool,
) -> Option<(String, usize)> {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let mut units: Vec<u16> = pairs.iter().map(|pair| unit(*pair)).collect();
    // What begins a character at the end, its odd byte included, is one error there.
    let is_open = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
    if is_open {
        units.pop();
    }
    let mut text = String::with_capacity(units.len());
    for character in char::decode_utf16(units.iter().copied()) {
        match character {
            Ok(character) => text.push(character),
            Err(_) if fatal => return None,
            Err(_) => text.push(char::REPLACEMENT_CHARACTER),
        }
    }
    if more {
        return Some((text, units.len() * 2));
    }
    if is_open || !odd.is_empty() {
        if fatal {
            return None;
        }
        text.push(char::REPLACEMENT_CHARACTER);
    }
    Some((text, bytes.len()))
}

fn windows_1252(byte: u8) -> char {
    match byte {
        0x80..=0x9f => C1[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// What windows-1252 has in the place of latin1's second block of control characters.
const C1: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}',
    '\u{90}', '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];
