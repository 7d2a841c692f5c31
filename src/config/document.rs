//! The text of `kontract.toml`, its keys checked.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::Place;
use crate::{
    diagnostic::config as diagnostics,
    model::{SourcePath, Span, diagnostic::Diagnostic},
};

/// A configuration whose keys are all known.
#[derive(Debug)]
pub struct Document<'a> {
    file: SourcePath,
    values: Vec<Value<'a>>,
}

#[derive(Debug)]
struct Value<'a> {
    section: &'static str,
    key: &'static str,
    content: DeValue<'a>,
    span: Span,
}

/// A string of the configuration and where it stands.
#[derive(Clone, Debug)]
pub struct Text {
    pub value: String,
    pub span: Place,
}

impl Default for Document<'_> {
    /// The empty configuration.
    fn default() -> Self {
        Self { file: SourcePath::new(super::CONFIG_FILE), values: Vec::new() }
    }
}

impl<'a> Document<'a> {
    /// None where the text is not TOML.
    pub fn parse(
        file: &SourcePath,
        text: &'a str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if !errors.is_empty() {
            diagnostics.extend(
                errors.iter().map(|error| {
                    diagnostics::syntax(file, error.span().map(span), error.message())
                }),
            );
            return None;
        }
        let mut document = Self { file: file.clone(), values: Vec::new() };
        for (name, value) in table.get_ref() {
            document.read_section(name, value, diagnostics);
        }
        Some(document)
    }

    pub fn file(&self) -> &SourcePath {
        &self.file
    }

    pub fn text(
        &self,
        section: &str,
        key: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Text> {
        let found = self.find(section, key)?;
        let text = found.content.as_str();
        if text.is_none() {
            diagnostics.push(self.wrong_type(found, "a string", &found.content, found.span));
        }
        text.map(|text| Text { value: text.to_owned(), span: Some(found.span) })
    }

    /// A list of strings; of other elements each is reported.
    pub fn texts(
        &self,
        section: &str,
        key: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Text>> {
        let found = self.find(section, key)?;
        let Some(elements) = found.content.as_array() else {
            diagnostics.push(self.wrong_type(
                found,
                "a list of strings",
                &found.content,
                found.span,
            ));
            return None;
        };
        let mut texts = Vec::new();
        for element in elements {
            let place = span(element.span());
            match element.get_ref().as_str() {
                Some(text) => texts.push(Text { value: text.to_owned(), span: Some(place) }),
                None => diagnostics.push(self.wrong_type(
                    found,
                    "a list of strings",
                    element.get_ref(),
                    place,
                )),
            }
        }
        Some(texts)
    }

    fn read_section(
        &mut self,
        name: &Spanned<DeString<'a>>,
        value: &Spanned<DeValue<'a>>,
        diagnostics: &mut Vec<Diagnostic>,
    ) {
        let place = span(name.span());
        let Some((section, keys)) =
            SECTIONS.iter().find(|(section, _)| *section == name.get_ref().as_ref())
        else {
            let available = SECTIONS.iter().filter(|(_, keys)| available(keys).next().is_some());
            let names: Vec<&str> = available.map(|(section, _)| *section).collect();
            let home = home_of(name.get_ref());
            diagnostics.push(diagnostics::unknown_section(
                &self.file,
                place,
                name.get_ref(),
                home,
                &names,
            ));
            return;
        };
        let Some(table) = value.get_ref().as_table() else {
            diagnostics.push(diagnostics::not_a_section(&self.file, place, section));
            return;
        };
        for (key, value) in table {
            let place = span(key.span());
            match keys.iter().find(|(known, _)| *known == key.get_ref().as_ref()) {
                None => diagnostics.push(diagnostics::unknown_key(
                    &self.file,
                    place,
                    section,
                    key.get_ref(),
                    home_of(key.get_ref()),
                    &available(keys).collect::<Vec<_>>(),
                )),
                Some((known, Later)) => {
                    diagnostics.push(diagnostics::not_available(&self.file, place, section, known));
                }
                Some((known, Now)) => self.values.push(Value {
                    section,
                    key: known,
                    content: value.get_ref().clone(),
                    span: span(value.span()),
                }),
            }
        }
    }

    fn find(&self, section: &str, key: &str) -> Option<&Value<'a>> {
        self.values.iter().find(|value| value.section == section && value.key == key)
    }

    fn wrong_type(
        &self,
        value: &Value<'a>,
        expected: &str,
        found: &DeValue<'_>,
        place: Span,
    ) -> Diagnostic {
        diagnostics::wrong_type(
            &self.file,
            place,
            &format!("[{}] {}", value.section, value.key),
            expected,
            found.type_str(),
        )
    }
}

/// The section that has a key of this name: for keys written in the wrong place.
fn home_of(key: &str) -> Option<&'static str> {
    SECTIONS
        .iter()
        .find(|(_, keys)| available(keys).any(|known| known == key))
        .map(|(section, _)| *section)
}

fn available(keys: &[(&'static str, Since)]) -> impl Iterator<Item = &'static str> {
    keys.iter().filter(|(_, since)| matches!(since, Now)).map(|(key, _)| *key)
}

fn span(range: Range<usize>) -> Span {
    let offset = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    Span::new(offset(range.start), offset(range.end))
}

/// Whether this version of the compiler acts on a key. What it does not act on is refused: a
/// setting that is read and then ignored would mislead.
#[derive(Clone, Copy, Debug)]
enum Since {
    Now,
    Later,
}
use Since::{Later, Now};

type Section = (&'static str, &'static [(&'static str, Since)]);

const SECTIONS: [Section; 7] = [
    (
        "build",
        &[
            ("include", Now),
            ("exclude", Now),
            ("out", Now),
            ("server", Now),
            ("client", Now),
            ("lazy", Later),
            ("optimize", Later),
        ],
    ),
    ("optimize", &[("passes", Later)]),
    (
        "server",
        &[
            ("base", Now),
            ("port", Later),
            ("host", Later),
            ("json", Later),
            ("cors", Later),
            ("limits", Later),
            ("env", Later),
            ("egress", Later),
        ],
    ),
    ("database", &[("privileges", Later), ("migrations", Later)]),
    (
        "auth",
        &[("session_ttl", Later), ("allow_anonymous", Later), ("perm", Later), ("hash", Later)],
    ),
    ("wire", &[("pin", Later), ("session_idle", Later)]),
    ("cookbook", &[("out", Later)]),
];
