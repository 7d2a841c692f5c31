//! Diagnostics as people, programs and GitHub read them.
//!
//! Nothing here prints: the functions return text. The sources are read again, since a build keeps
//! none of them.

use std::{collections::BTreeMap, path::Path};

use serde_json::{Map, Value, json};

use super::position::{LineIndex, Position};
use crate::{
    config::absolute,
    files::Files,
    model::{
        SourcePath, Span,
        diagnostic::{Diagnostic, Severity},
    },
};

mod human;
mod view;

pub use human::Style;

/// Shows the diagnostics of one project.
pub struct Renderer<'a> {
    files: &'a dyn Files,
    project: &'a Path,
    sources: BTreeMap<SourcePath, Option<Source>>,
}

/// The text of a file as spans count it: without byte order mark.
struct Source {
    text: String,
    lines: LineIndex,
}

impl<'a> Renderer<'a> {
    pub fn new(files: &'a dyn Files, project: &'a Path) -> Self {
        Self { files, project, sources: BTreeMap::new() }
    }

    pub fn human(&mut self, diagnostic: &Diagnostic, style: Style) -> String {
        let related: Vec<&SourcePath> =
            diagnostic.related.iter().map(|place| &place.file).collect();
        for file in related.into_iter().chain([&diagnostic.file]) {
            self.load(file);
        }
        human::render(diagnostic, |file| self.sources.get(file)?.as_ref(), style)
    }

    /// One object, on one line.
    pub fn json(&mut self, diagnostic: &Diagnostic) -> String {
        let mut object = Map::new();
        let severity = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        object.insert("severity".to_owned(), json!(severity));
        object.insert("code".to_owned(), json!(diagnostic.code));
        object.insert("message".to_owned(), json!(diagnostic.message));
        self.insert_place(&mut object, &diagnostic.file, diagnostic.span);
        if let Some(help) = &diagnostic.help {
            object.insert("help".to_owned(), json!(help));
        }
        if !diagnostic.related.is_empty() {
            let related = diagnostic.related.iter().map(|place| {
                let mut object = Map::new();
                object.insert("message".to_owned(), json!(place.message));
                self.insert_place(&mut object, &place.file, Some(place.span));
                Value::Object(object)
            });
            object.insert("related".to_owned(), related.collect());
        }
        Value::Object(object).to_string()
    }

    /// A workflow command that GitHub shows beside the line. `prefix` is the project's path in the
    /// repository, empty or with a `/` at its end.
    pub fn github(&mut self, diagnostic: &Diagnostic, prefix: &str) -> String {
        let command = match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        let mut properties = Vec::new();
        if !diagnostic.file.as_str().is_empty() {
            let file = format!("{prefix}{}", diagnostic.file);
            properties.push(format!("file={}", escape_property(&file)));
            let (start, end) = self.range(&diagnostic.file, diagnostic.span);
            properties.push(format!("line={},endLine={}", start.line, end.line));
            // GitHub refuses columns of a range over several lines.
            if start.line == end.line {
                properties.push(format!("col={},endColumn={}", start.column, end.column));
            }
        }
        properties.push(format!("title={}", escape_property(&diagnostic.code)));
        let mut message = diagnostic.message.clone();
        if !diagnostic.label.is_empty() {
            message.push_str(": ");
            message.push_str(&diagnostic.label);
        }
        if let Some(help) = &diagnostic.help {
            message.push('\n');
            message.push_str(help);
        }
        format!("::{command} {}::{}", properties.join(","), escape_message(&message))
    }

    fn insert_place(
        &mut self,
        object: &mut Map<String, Value>,
        file: &SourcePath,
        span: Option<Span>,
    ) {
        let (start, end) = self.range(file, span);
        object.insert("file".to_owned(), json!(file.as_str()));
        object.insert("line".to_owned(), json!(start.line));
        object.insert("column".to_owned(), json!(start.column));
        object.insert("endLine".to_owned(), json!(end.line));
        object.insert("endColumn".to_owned(), json!(end.column));
    }

    /// Where the whole file is meant, or cannot be read: its beginning.
    fn range(&mut self, file: &SourcePath, span: Option<Span>) -> (Position, Position) {
        let beginning = Position { line: 1, column: 1 };
        let Some(span) = span else { return (beginning, beginning) };
        match self.load(file) {
            Some(source) => source.lines.range(&source.text, span),
            None => (beginning, beginning),
        }
    }

    fn load(&mut self, file: &SourcePath) -> Option<&Source> {
        let (files, project) = (self.files, self.project);
        self.sources
            .entry(file.clone())
            .or_insert_with(|| {
                let path = absolute(project, file);
                files
                    .is_file(&path)
                    .then(|| files.read(&path).ok())?
                    .map(|bytes| Source::new(&bytes))
            })
            .as_ref()
    }
}

impl Source {
    fn new(bytes: &[u8]) -> Self {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        // One `?` for each byte that is no text keeps the offsets of the rest.
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.extend(chunk.invalid().iter().map(|_| '?'));
        }
        let lines = LineIndex::new(&text);
        Self { text, lines }
    }
}

/// Sorted by file and place, each once.
pub fn sort(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|left, right| sort_key(left).cmp(&sort_key(right)));
    diagnostics.dedup();
    diagnostics
}

/// `2 errors, 1 warning`; empty where there are none.
pub fn count(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.is_error()).count();
    let warnings = diagnostics.len() - errors;
    let parts = [(errors, "error"), (warnings, "warning")];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    parts.map(|(count, noun)| plural(*count, noun)).collect::<Vec<_>>().join(", ")
}

/// `1 file`, `2 files`.
pub fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

type SortKey<'d> = (&'d str, Option<Span>, Severity, &'d str, &'d str);

fn sort_key(diagnostic: &Diagnostic) -> SortKey<'_> {
    (
        diagnostic.file.as_str(),
        diagnostic.span,
        diagnostic.severity,
        &diagnostic.code,
        &diagnostic.message,
    )
}

fn escape_message(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '%' => escaped.push_str("%25"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            character => escaped.push(view::printable(character)),
        }
    }
    escaped
}

fn escape_property(text: &str) -> String {
    escape_message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests;
