//! The annotations in a text.

use super::{Kind, Scan, Token, skip_trivia, word_end};
use crate::{
    model::Span,
    source::names::{AnnotationName, Names},
};

/// An annotation that stands in code.
#[derive(Clone, Debug)]
pub struct Candidate {
    pub name: AnnotationName,
    /// The `@`.
    pub at: usize,
    /// The first name after it, `k` in `@k.backend`.
    pub root: (usize, usize),
    /// Behind the name or the argument list.
    pub end: usize,
    pub arguments: bool,
    /// The innermost bracket open at the `@`.
    pub bracket: Option<usize>,
    /// Behind a complete member on an earlier line, as far as the tokens say: blanking may join
    /// that member with the annotated one.
    pub after_line: bool,
    /// Behind a line of its own that holds nothing but `static`, `get` or the like.
    pub after_modifier: bool,
}

/// An argument list that does not end.
#[derive(Clone, Copy, Debug)]
pub struct Unclosed {
    pub name: Span,
    pub place: Span,
}

pub struct Annotations {
    pub candidates: Vec<Candidate>,
    /// The first one. Nothing is looked for behind it.
    pub unclosed: Option<Unclosed>,
}

/// Finds all annotations. `known`: the literals of the tree, where there is one.
pub fn annotations(text: &str, jsx: bool, names: &Names, known: Option<&[Span]>) -> Annotations {
    let mut scan = Scan::new(text, jsx, known);
    let mut candidates = Vec::new();
    // The end of the last decorator of the user's.
    let mut decorated = 0;
    loop {
        let token = scan.next();
        match token.kind {
            Kind::End => return Annotations { candidates, unclosed: None },
            Kind::At => match scan.annotation(token, names) {
                Ok(Some(mut candidate)) => {
                    candidate.after_line &= scan.before.end != decorated;
                    candidate.after_modifier &= candidate.after_line;
                    candidates.push(candidate);
                }
                Ok(None) if token.start >= decorated => {
                    decorated = decorator_end(text, token.start);
                }
                Ok(None) => {}
                Err(unclosed) => return Annotations { candidates, unclosed: Some(unclosed) },
            },
            _ => {}
        }
    }
}

/// Every `@` in the text that a known name follows, in code or not, with the end of the name.
pub fn mentions<'a>(text: &'a str, names: &'a Names) -> impl Iterator<Item = (usize, usize)> + 'a {
    memchr::memchr_iter(b'@', text.as_bytes())
        .filter_map(|at| name(text, at, names).map(|(_, _, end)| (at, end)))
}

/// The annotation at `at`, taken for code.
pub fn annotation_at(text: &str, at: usize, names: &Names) -> Option<Candidate> {
    let mut scan = Scan::at(text, at + 1);
    let token = Token { kind: Kind::At, start: at, end: at + 1 };
    scan.annotation(token, names).ok().flatten()
}

/// The end of the decorator that begins with the `@` at `at`, or the text's end.
pub fn decorator_end(text: &str, at: usize) -> usize {
    Scan::at(text, at + 1).decorator()
}

/// The name behind the `@` at `at`: what it means, its first part, its end.
fn name(text: &str, at: usize, names: &Names) -> Option<(AnnotationName, (usize, usize), usize)> {
    // A window, so that a line of `@//@//@//…` takes linear time.
    let window = &text[..text.floor_char_boundary(at + MAX_NAME_BYTES)];
    let start = skip_trivia(window, at + 1);
    let end = word_end(window, start);
    let root = &window[start..end];
    if !names.is_root(root) || (end == window.len() && end != text.len()) {
        return None;
    }
    let dot = skip_trivia(window, end);
    if !window[dot..].starts_with('.') || window[dot..].starts_with("..") {
        return Some((names.resolve(root, None)?, (start, end), end));
    }
    let member = skip_trivia(window, dot + 1);
    let member_end = word_end(window, member);
    let name = names.resolve(root, Some(&window[member..member_end]))?;
    let next = skip_trivia(window, member_end);
    let path = window[next..].starts_with('.') && !window[next..].starts_with("..");
    (!path).then_some((name, (start, end), member_end))
}

impl Scan<'_> {
    /// What follows the `@` just read, if it is an annotation. The scan continues behind it as if
    /// it had been a space.
    fn annotation(&mut self, at: Token, names: &Names) -> Result<Option<Candidate>, Unclosed> {
        let before = self.before;
        let after_line = self.line_break && (before.operand || before.word);
        let after_modifier =
            after_line && before.word && before.first && MODIFIERS.contains(&self.previous());
        let bracket = self.stack.last().map(|opened| opened.at);
        let Some((name, root, mut end)) = name(self.text, at.start, names) else { return Ok(None) };
        let arguments = match self.arguments(end) {
            Ok(Some(close)) => {
                end = close;
                true
            }
            Ok(None) => false,
            Err(place) => {
                let name = place_of(at.start, end);
                return Err(Unclosed { name, place: place_of(place, place + 1) });
            }
        };
        self.pos = end;
        self.before = before;
        Ok(Some(Candidate {
            name,
            at: at.start,
            root,
            end,
            arguments,
            bracket,
            after_line,
            after_modifier,
        }))
    }

    /// Reads a decorator from behind its `@`: `@a.b<T>(…)`, `@(…)`.
    fn decorator(&mut self) -> usize {
        let mut end = self.pos;
        let mut next = self.next();
        while next.kind == Kind::Word || self.text[next.start..].starts_with('.') {
            end = next.end;
            next = self.next();
        }
        if self.text[next.start..].starts_with('<') {
            while !self.text[next.start..].starts_with('>') {
                if next.kind == Kind::End {
                    return end;
                }
                next = self.next();
            }
            end = next.end;
            next = self.next();
        }
        if self.text[next.start..].starts_with('(') {
            while !self.stack.is_empty() {
                if self.next().kind == Kind::End {
                    return self.text.len();
                }
            }
            end = self.pos;
        }
        end
    }

    /// The end of the argument list behind `from`, or where it goes wrong.
    fn arguments(&mut self, from: usize) -> Result<Option<usize>, usize> {
        self.pos = from;
        self.trivia();
        let open = self.pos;
        if self.bytes.get(open) != Some(&b'(') {
            return Ok(None);
        }
        if self.lists_of_arrows == MAX_NESTED_ARROWS {
            return Ok(None);
        }
        let mut inner = Scan::new("", false, self.known);
        (inner.text, inner.bytes, inner.pos, inner.jsx) = (self.text, self.bytes, open, self.jsx);
        inner.before.operand = true;
        loop {
            let token = inner.next();
            if let Some(place) = inner.mismatch {
                return Err(place);
            }
            if token.kind == Kind::End {
                return Err(open);
            }
            if inner.stack.is_empty() {
                break;
            }
        }
        let end = inner.pos;
        inner.trivia();
        let rest = &inner.bytes[inner.pos..];
        // `@mwfilter (ctx, next) => …`: the list belongs to the arrow.
        if rest.starts_with(b"=>") || rest.starts_with(b":") {
            if open > self.arrow_until {
                self.lists_of_arrows = 0;
                self.arrow_until = end;
            }
            self.lists_of_arrows += 1;
            return Ok(None);
        }
        Ok(Some(end))
    }
}

fn place_of(start: usize, end: usize) -> Span {
    Span::new(u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX))
}

/// Words that modify the member behind them, and are fields where a line break follows.
const MODIFIERS: [&[u8]; 14] = [
    b"static",
    b"get",
    b"set",
    b"async",
    b"accessor",
    b"declare",
    b"readonly",
    b"abstract",
    b"override",
    b"public",
    b"private",
    b"protected",
    b"in",
    b"out",
];

/// Between an `@` and the end of its name.
const MAX_NAME_BYTES: usize = 512;

/// Each is read twice, once as a list and once as what it is.
const MAX_NESTED_ARROWS: usize = 16;
