//! Text that knows where its lines come from.

use serde::{Deserialize, Serialize};
use swc_sourcemap::SourceMapBuilder;

use crate::{diagnostic::position::LineIndex, model::Span};

/// Generated text under construction, with the places of the source that stand behind it.
#[derive(Default)]
pub struct Mapped {
    pub text: String,
    pub marks: Marks,
    line: u32,
    column: u32,
}

/// Generated line and column, from 0, columns in UTF-16 units → place in the source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Marks(pub Vec<((u32, u32), Span)>);

impl Mapped {
    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
        for c in text.chars() {
            if c == '\n' {
                self.line += 1;
                self.column = 0;
            } else {
                self.column += u32::try_from(c.len_utf16()).unwrap_or(1);
            }
        }
    }

    /// What is pushed next comes from this place of the source.
    pub fn mark(&mut self, source: Span) {
        self.marks.0.push(((self.line, self.column), source));
    }
}

impl Marks {
    /// The map, without the source's text. `source` is relative to the map.
    pub fn map(&self, text: &str, file: &str, source: &str) -> String {
        let mut builder = SourceMapBuilder::new(Some(file.to_owned().into()));
        let id = builder.add_source(source.to_owned().into());
        let lines = LineIndex::new(text);
        let from_zero = |n: usize| u32::try_from(n - 1).unwrap_or(u32::MAX);
        for ((line, column), span) in &self.0 {
            let place = lines.position(text, span.start as usize);
            let (source_line, source_column) = (from_zero(place.line), from_zero(place.column));
            builder.add_raw(*line, *column, source_line, source_column, Some(id), None, false);
        }
        to_json(&builder.into_sourcemap())
    }
}

pub fn to_json(map: &swc_sourcemap::SourceMap) -> String {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    let _ = map.to_writer(&mut bytes);
    let mut text = String::from_utf8(bytes).unwrap_or_default();
    text.push('\n');
    text
}
