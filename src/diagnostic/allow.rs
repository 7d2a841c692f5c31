//! Warnings that are allowed where they stand.
//!
//! ```ts
//! // kontract-allow K270: a guest book is for guests
//! export const sign = backend({}, async (text: string) => { … });
//! ```
//! The comment speaks of the next line that is neither empty nor a comment; behind code, of its own.

use super::position::LineIndex;
use crate::model::{SourcePath, Span, diagnostic::Diagnostic};

/// What comments allow.
#[derive(Default)]
pub struct Allowed {
    /// What is to be said all the same.
    pub said: Vec<Diagnostic>,
    pub hushed: Vec<Diagnostic>,
}

/// Tells apart the warnings that comments in `texts` allow. A comment that allows nothing is a
/// warning, since the next change may need what it hides.
pub fn allowed<'t>(
    texts: impl IntoIterator<Item = (&'t SourcePath, &'t str)>,
    mut all: Vec<Diagnostic>,
) -> Allowed {
    let failed = all.iter().any(Diagnostic::is_error);
    let mut hushed = Vec::new();
    for (file, text) in texts {
        let comments: Vec<usize> = memchr::memmem::find_iter(text.as_bytes(), MARK).collect();
        if comments.is_empty() {
            continue;
        }
        let lines = LineIndex::new(text);
        for at in comments {
            let Some(line) = target(text, &lines, at) else { continue };
            for (code, span) in codes(text, at + MARK.len()) {
                let before = hushed.len();
                hushed.extend(all.extract_if(.., |found| {
                    let here = found.file == *file
                        && found.span.is_some_and(|span| lines.line(span.start as usize) == line);
                    !found.is_error() && here && found.code == code
                }));
                // With errors, what comes later has not been looked at.
                if hushed.len() == before && !failed {
                    all.push(allows_nothing(file, span, code));
                }
            }
        }
    }
    Allowed { said: all, hushed }
}

/// A comment allows something in this text.
pub fn allows(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), MARK).is_some()
}

/// It says of a comment that it allows nothing.
pub fn is_of_comment(diagnostic: &Diagnostic) -> bool {
    diagnostic.code == ALLOWS_NOTHING
}

/// The line, from 0, that the comment at `at` speaks of.
fn target(text: &str, lines: &LineIndex, at: usize) -> Option<usize> {
    let own = lines.line(at);
    if !text[lines.start(own)..at].trim().is_empty() {
        return Some(own);
    }
    let is_code = |line: &usize| {
        let text = lines.text(text, *line).trim();
        !text.is_empty() && !["//", "/*", "*"].iter().any(|start| text.starts_with(start))
    };
    (own + 1..lines.line_count()).find(is_code)
}

/// `K270, K271: the reason`
fn codes(text: &str, at: usize) -> Vec<(&str, Span)> {
    let is_code = |word: &str| {
        let digits = word.strip_prefix('K').unwrap_or_default();
        digits.len() == 3 && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let mut codes = Vec::new();
    let mut at = at;
    for part in text[at..].lines().next().unwrap_or_default().split_inclusive(SEPARATORS) {
        let word = part.trim_end_matches(SEPARATORS);
        if is_code(word) {
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            codes.push((word, Span::new(start, start.saturating_add(4))));
        } else if !word.is_empty() {
            break;
        }
        at += part.len();
    }
    codes
}

#[cold]
fn allows_nothing(file: &SourcePath, span: Span, code: &str) -> Diagnostic {
    Diagnostic::warning(ALLOWS_NOTHING, file, Some(span), format!("there is no {code} to be allowed here"))
        .label("nothing on the line that this speaks of brings it about")
        .help("remove it, or put it on the line before the one that is warned of; errors cannot be allowed")
}

const ALLOWS_NOTHING: &str = "K272";
const MARK: &[u8] = b"// kontract-allow ";
const SEPARATORS: [char; 4] = [' ', ',', ':', '\t'];
