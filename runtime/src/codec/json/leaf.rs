//! What has no parts, as JSON.

use super::{
    date,
    read::checked,
    write::{Purpose, Writer},
};
use crate::{
    codec::{
        expected,
        fault::{Fault, Written},
        number,
        plan::{LiteralValues, Literals},
        shape::Scalar,
        structure::in_64_bits,
    },
    value::Source,
};

impl Writer<'_> {
    pub(super) fn literal<S: Source>(
        &mut self,
        literals: &Literals,
        value: &S,
    ) -> Written<(), S::Thrown> {
        if !literals.hold(value) {
            return Err(Fault::expected(&literals.expected).into());
        }
        match literals.values {
            LiteralValues::Strings(_) => self.string(value),
            LiteralValues::Numbers(_) => self.number(Scalar::Float64, value.number()),
            LiteralValues::BigInts(_) => self.bigint(false, value.bigint()),
            LiteralValues::Booleans(_) => {
                self.bool(value.bool());
                Ok(())
            }
        }
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
    }

    pub(super) fn number<T>(&mut self, scalar: Scalar, number: f64) -> Written<(), T> {
        let number = checked(scalar, number)?;
        if self.purpose == Purpose::Row && number == 0.0 && number.is_sign_negative() {
            return Err(Fault::expected("number other than -0").into());
        }
        number::write(&mut self.out, number);
        Ok(())
    }

    pub(super) fn bigint<T>(&mut self, unsigned: bool, number: Option<i128>) -> Written<(), T> {
        let Some(number) = number.filter(|number| in_64_bits(*number, unsigned)) else {
            let what = if unsigned { expected::BIG_UINT64 } else { expected::BIG_INT64 };
            return Err(Fault::expected(what).into());
        };
        self.out.push(b'"');
        self.out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
        self.out.push(b'"');
        Ok(())
    }

    pub(super) fn date<T>(&mut self, time: f64) -> Written<(), T> {
        match date::text(time) {
            Some(text) => self.text(&text),
            None => return Err(Fault::expected(expected::DATE).into()),
        }
        Ok(())
    }

    pub(super) fn string<S: Source>(&mut self, value: &S) -> Written<(), S::Thrown> {
        match value.string() {
            Some(text) if !text.as_bytes().contains(&0) => {
                self.text(&text);
                Ok(())
            }
            _ => Err(Fault::expected(expected::TEXT).into()),
        }
    }

    /// As `JSON.stringify` writes it.
    pub(super) fn text(&mut self, text: &str) {
        self.out.push(b'"');
        let mut rest = text.as_bytes();
        while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)) {
            self.out.extend_from_slice(&rest[..at]);
            match rest[at] {
                byte @ (b'"' | b'\\') => self.out.extend_from_slice(&[b'\\', byte]),
                8 => self.out.extend_from_slice(b"\\b"),
                12 => self.out.extend_from_slice(b"\\f"),
                b'\n' => self.out.extend_from_slice(b"\\n"),
                b'\r' => self.out.extend_from_slice(b"\\r"),
                b'\t' => self.out.extend_from_slice(b"\\t"),
                byte => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            }
            rest = &rest[at + 1..];
        }
        self.out.extend_from_slice(rest);
        self.out.push(b'"');
    }
}
