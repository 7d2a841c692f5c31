//! The part of a file that a diagnostic shows, fit to print.
//!
//! A view has as many lines as the file, so that line numbers agree; only those near a label have
//! text. Every line ends with LF. Characters that would move the cursor or reorder the text are
//! replaced, and a line of thousands of characters (generated code) is cut around its label.

use std::{collections::BTreeMap, ops::Range};

use miette::{MietteError, MietteSpanContents, SourceCode, SourceSpan, SpanContents};

use super::Source;
use crate::model::Span;

#[derive(Debug)]
pub struct View {
    name: String,
    text: String,
    /// Byte offset at which each line starts.
    starts: Vec<usize>,
    labels: Vec<Label>,
}

#[derive(Clone, Debug)]
struct Label {
    /// In the text of the view; never empty.
    range: Range<usize>,
    /// Line and column in the file, from 0, columns in UTF-16 units.
    line: usize,
    column: usize,
}

/// A line that has text in the view.
struct Shown {
    /// Its bytes in the file: all, or those around a label.
    source: Range<usize>,
    /// Where they start in the view.
    view: usize,
}

impl View {
    pub fn new(name: &str, source: &Source, spans: &[Span]) -> Self {
        let lines = &source.lines;
        let ranges: Vec<Range<usize>> = spans.iter().map(|span| clamp(source, *span)).collect();
        let near_labels = shown_lines(source, &ranges);
        let mut text = String::new();
        let mut starts = Vec::with_capacity(lines.line_count());
        let mut shown = BTreeMap::new();
        for line in 0..lines.line_count() {
            starts.push(text.len());
            if near_labels.iter().any(|range| range.contains(&line)) {
                shown.insert(line, push_line(&mut text, source, line, &ranges));
            }
            text.push('\n');
        }
        let locate = |offset: usize| {
            let line: &Shown = &shown[&lines.line(offset)];
            let before = line.source.start..offset.clamp(line.source.start, line.source.end);
            line.view + source.text[before].chars().map(|c| printable(c).len_utf8()).sum::<usize>()
        };
        let labels = ranges.iter().map(|range| {
            let start = locate(range.start);
            let position = lines.position(&source.text, range.start);
            Label {
                range: start..locate(range.end).max(start + 1),
                line: position.line - 1,
                column: position.column - 1,
            }
        });
        let labels = labels.collect();
        Self { name: name.to_owned(), text, starts, labels }
    }

    /// The ranges of the spans in this view, in the order of the spans.
    pub fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.labels.iter().map(|label| label.range.clone())
    }

    /// The last line worth showing: not the empty one after the last line end, unless a label
    /// points there.
    fn last_line(&self) -> usize {
        let end = self.starts.len().saturating_sub(1);
        let start = self.starts.get(end).copied().unwrap_or_default();
        let labelled = self.labels.iter().any(|label| label.range.end > start);
        if labelled || !self.text[start..].trim().is_empty() { end } else { end.saturating_sub(1) }
    }

    fn line_of(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset).saturating_sub(1)
    }
}

impl SourceCode for View {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let range = span.offset()..span.offset() + span.len();
        let first = self.line_of(range.start).saturating_sub(before);
        let last = self.line_of(range.end.saturating_sub(1).max(range.start)) + after;
        let last = last.min(self.last_line());
        let label = self.labels.iter().find(|label| label.range.start == range.start);
        let (start, end, line, column) = match label {
            // Asked for the place to print, not for text.
            Some(label) if before == 0 && after == 0 => {
                (range.start, range.end, label.line, label.column)
            }
            _ => {
                let end = self.starts.get(last + 1).copied().unwrap_or(self.text.len());
                (self.starts[first], end, first, 0)
            }
        };
        let data = self.text.as_bytes().get(start..end).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            data,
            (start, end - start).into(),
            line,
            column,
            last - first + 1,
        )))
    }
}

/// Within the text, at characters' borders, and over few lines: of a long function only the first
/// line is marked.
fn clamp(source: &Source, span: Span) -> Range<usize> {
    let start = source.text.floor_char_boundary(span.start as usize);
    let mut end = source.text.ceil_char_boundary(span.end as usize).max(start);
    let first = source.lines.line(start);
    if source.lines.line(end) - first > MOST_LINES {
        end = source.lines.start(first) + source.lines.text(&source.text, first).len();
    }
    start..end.max(start)
}

fn shown_lines(source: &Source, ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let shown = |range: &Range<usize>| {
        let first = source.lines.line(range.start).saturating_sub(CONTEXT_LINES);
        first..source.lines.line(range.end) + CONTEXT_LINES + 1
    };
    ranges.iter().map(shown).collect()
}

fn push_line(text: &mut String, source: &Source, line: usize, ranges: &[Range<usize>]) -> Shown {
    let all = source.lines.text(&source.text, line);
    let start = source.lines.start(line);
    let label = ranges.iter().map(|range| range.start).find(|at| source.lines.line(*at) == line);
    let window = window(all, label.map_or(0, |label| label - start));
    if window.start > 0 {
        text.push('…');
    }
    let view = text.len();
    text.extend(all[window.clone()].chars().map(printable));
    if window.end < all.len() {
        text.push('…');
    }
    // A label at the end of the line needs something to point at.
    text.push(' ');
    Shown { source: start + window.start..start + window.end, view }
}

/// The bytes of a line that are shown: around `label` where the line is long.
fn window(text: &str, label: usize) -> Range<usize> {
    if text.len() <= MOST_BYTES {
        return 0..text.len();
    }
    let from = text.floor_char_boundary(label.saturating_sub(MOST_BYTES / 3));
    from..text.ceil_char_boundary(from + MOST_BYTES)
}

/// The character itself, unless a terminal would obey it: control characters, and those that
/// change the direction of text.
pub fn printable(character: char) -> char {
    match character {
        '\t' => '\t',
        '\u{2028}'
        | '\u{2029}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        character if character.is_control() => '\u{fffd}',
        character => character,
    }
}

pub const CONTEXT_LINES: usize = 1;
const MOST_LINES: usize = 8;
const MOST_BYTES: usize = 240;
