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
    sections: Vec<&'static str>,
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
        Self { file: SourcePath::new(super::CONFIG_FILE), sections: Vec::new(), values: Vec::new() }
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
        let mut document = Self { file: file.clone(), sections: Vec::new(), values: Vec::new() };
        for (name, value) in table.get_ref() {
            document.read_section(name, value, diagnostics);
        }
        Some(document)
    }

    pub fn file(&self) -> &SourcePath {
        &self.file
    }

    /// The section stands there, empty or not.
    pub fn has_section(&self, section: &str) -> bool {
        self.sections.contains(&section)
    }

    pub fn text(
        &self,
        section: &str,
        key: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Text> {
        self.item(section, key)?.text(diagnostics)
    }

    pub fn texts(
        &self,
        section: &str,
        key: &str,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<Vec<Text>> {
        self.item(section, key)?.texts(diagnostics)
    }

    pub fn item(&self, section: &str, key: &str) -> Option<Item<'_>> {
        let found =
            self.values.iter().find(|value| value.section == section && value.key == key)?;
        Some(Item {
            file: &self.file,
            name: format!("[{section}] {key}"),
            content: &found.content,
            span: found.span,
        })
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
        self.sections.push(section);
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
}

/// A value of the configuration, its type not checked yet.
#[derive(Debug)]
pub struct Item<'a> {
    file: &'a SourcePath,
    /// `[server] port`
    pub name: String,
    content: &'a DeValue<'a>,
    pub span: Span,
}

impl<'a> Item<'a> {
    pub fn text(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Text> {
        let text = self.content.as_str().map(|text| self.at(text.to_owned()));
        self.expect("a string", text, diagnostics)
    }

    /// A list of strings; of other elements each is reported.
    pub fn texts(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<Vec<Text>> {
        const EXPECTED: &str = "a list of strings";
        let elements = self.expect(EXPECTED, self.content.as_array(), diagnostics)?;
        let element = |element: &'a Spanned<DeValue<'a>>| Item {
            file: self.file,
            name: self.name.clone(),
            content: element.get_ref(),
            span: span(element.span()),
        };
        let texts = elements.iter().map(element).filter_map(|element| {
            let text = element.content.as_str().map(|text| element.at(text.to_owned()));
            element.expect(EXPECTED, text, diagnostics)
        });
        Some(texts.collect())
    }

    pub fn is_table(&self) -> bool {
        self.content.as_table().is_some()
    }

    pub fn boolean(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<bool> {
        self.expect("true or false", self.content.as_bool(), diagnostics)
    }

    /// A whole number; one outside of `i64` counts as the largest.
    pub fn whole_number(&self, diagnostics: &mut Vec<Diagnostic>) -> Option<i64> {
        let digits = self.expect("a whole number", self.content.as_integer(), diagnostics)?;
        Some(i64::from_str_radix(digits.as_str(), digits.radix()).unwrap_or(i64::MAX))
    }

    /// The values of a table with these keys; others are reported.
    pub fn entries(
        &self,
        known: &[&'static str],
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Vec<(&'static str, Self)> {
        let Some(table) = self.expect("a table", self.content.as_table(), diagnostics) else {
            return Vec::new();
        };
        let mut entries = Vec::new();
        for (name, value) in table {
            let key = known.iter().find(|key| **key == name.get_ref().as_ref());
            match key {
                Some(key) => entries.push((
                    *key,
                    Self {
                        file: self.file,
                        name: format!("{}.{key}", self.name),
                        content: value.get_ref(),
                        span: span(value.span()),
                    },
                )),
                None => diagnostics.push(diagnostics::unknown_entry(
                    self.file,
                    span(name.span()),
                    &self.name,
                    name.get_ref(),
                    known,
                )),
            }
        }
        entries
    }

    /// Reports that the value is of the right type, and still not one of those that are expected.
    pub fn refuse(&self, expected: &str, diagnostics: &mut Vec<Diagnostic>) {
        diagnostics.push(diagnostics::bad_value(self.file, self.span, &self.name, expected));
    }

    fn at(&self, value: String) -> Text {
        Text { value, span: Some(self.span) }
    }

    fn expect<T>(
        &self,
        expected: &'static str,
        found: Option<T>,
        diagnostics: &mut Vec<Diagnostic>,
    ) -> Option<T> {
        if found.is_none() {
            diagnostics.push(diagnostics::wrong_type(
                self.file,
                self.span,
                &self.name,
                expected,
                self.content.type_str(),
            ));
        }
        found
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

const SECTIONS: [Section; 6] = [
    (
        "build",
        &[
            ("include", Now),
            ("exclude", Now),
            ("out", Now),
            ("server", Now),
            ("client", Now),
            ("lazy", Now),
            ("optimize", Now),
        ],
    ),
    (
        "server",
        &[
            ("base", Now),
            ("port", Now),
            ("host", Now),
            ("json", Now),
            ("cors", Now),
            ("limits", Now),
            ("env", Now),
            ("egress", Now),
        ],
    ),
    ("database", &[("privileges", Now), ("migrations", Now)]),
    ("auth", &[("session_ttl", Now), ("allow_anonymous", Now), ("perm", Now), ("hash", Later)]),
    ("wire", &[("pin", Now), ("session_idle", Now), ("sessions_per_address", Now)]),
    ("cookbook", &[("out", Now)]),
];
