//! Where in a text a part of its tree stands.

use std::ops::Range;

use serde_json::Value;

/// A text by its lines, since trees count lines and characters.
pub struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub fn of(text: &'a str) -> Self {
        let ends = text.match_indices('\n').map(|(end, _)| end + 1);
        Self { text, starts: std::iter::once(0).chain(ends).collect() }
    }

    /// From the first token of a node to its last; None for what has none.
    pub fn extent(&self, node: &Value) -> Option<Range<usize>> {
        let mut found: Option<Range<usize>> = None;
        let mut queue = vec![node];
        while let Some(node) = queue.pop() {
            match node {
                Value::Object(fields) => {
                    if let Some(range) = fields.get("span").and_then(|span| self.range(span)) {
                        found = Some(match found {
                            Some(all) => all.start.min(range.start)..all.end.max(range.end),
                            None => range,
                        });
                    }
                    queue.extend(fields.values());
                }
                Value::Array(items) => queue.extend(items),
                _ => {}
            }
        }
        found
    }

    /// Lines and columns count from 1; 0 is for tokens that do not stand in the text.
    pub fn offset(&self, line: u64, column: u64) -> Option<usize> {
        let start = *self.starts.get(usize::try_from(line.checked_sub(1)?).ok()?)?;
        let column = usize::try_from(column.checked_sub(1)?).ok()?;
        let rest = self.text.get(start..)?;
        Some(rest.char_indices().nth(column).map_or(self.text.len(), |(at, _)| start + at))
    }

    fn range(&self, span: &Value) -> Option<Range<usize>> {
        let place = |end: &str| {
            let place = span.get(end)?;
            self.offset(place.get("line")?.as_u64()?, place.get("column")?.as_u64()?)
        };
        let (start, end) = (place("start")?, place("end")?);
        (start <= end).then_some(start..end)
    }
}
