//! Byte offsets ↔ lines and columns.

use crate::model::Span;

/// Line and column as editors count them: from 1, columns in UTF-16 units.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// The lines of a text. They end with LF, CRLF or a lone CR, as in editors.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Byte offset at which each line starts; never empty.
    starts: Vec<usize>,
    /// Columns are bytes then: counting them anew for thousands of diagnostics on one long line
    /// would take minutes.
    ascii: bool,
}

impl LineIndex {
    /// `text` is without a byte order mark, as in [`Span`].
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        starts.extend(memchr::memchr2_iter(b'\n', b'\r', bytes).filter_map(|at| {
            let half = bytes[at] == b'\r' && bytes.get(at + 1) == Some(&b'\n');
            (!half).then_some(at + 1)
        }));
        Self { starts, ascii: text.is_ascii() }
    }

    pub fn line_count(&self) -> usize {
        self.starts.len()
    }

    /// The line of an offset, counted from 0. Offsets beyond the end belong to the last line.
    pub fn line(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    /// Byte offset at which a line (counted from 0) starts.
    pub fn start(&self, line: usize) -> usize {
        self.starts[line]
    }

    /// Byte offset after a line (counted from 0) and its line end.
    pub fn end(&self, text: &str, line: usize) -> usize {
        self.starts.get(line + 1).copied().unwrap_or(text.len())
    }

    /// The text of a line (counted from 0), without its line end.
    pub fn text<'a>(&self, text: &'a str, line: usize) -> &'a str {
        text[self.starts[line]..self.end(text, line)].trim_end_matches(['\n', '\r'])
    }

    /// An offset beyond the end means the end; one within a character means its start.
    pub fn position(&self, text: &str, offset: usize) -> Position {
        let offset = text.floor_char_boundary(offset);
        let line = self.line(offset);
        let before = &text[self.starts[line]..offset];
        let column = if self.ascii { before.len() } else { before.encode_utf16().count() };
        Position { line: line + 1, column: column + 1 }
    }

    pub fn range(&self, text: &str, span: Span) -> (Position, Position) {
        let start = self.position(text, span.start as usize);
        (start, self.position(text, span.end as usize).max(start))
    }
}

/// Where in `text` a parser of JSON stopped, and why, without the place.
pub fn json_error(text: &str, error: &serde_json::Error) -> (Span, String) {
    let before = text.split_inclusive('\n').take(error.line().saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    let at = (line + error.column().saturating_sub(1)).min(text.len());
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(reason, _)| reason);
    (Span::new(at, at), message.to_owned())
}

#[cfg(test)]
mod tests;
