//! A scan over the text that tells code from comments, strings, templates, regular expressions and
//! JSX text, and finds the annotations in the code.
//!
//! Two questions cannot be answered without parsing: whether a `/` begins a regular expression and
//! whether a `<` begins a JSX element. Before the parse the scan guesses; after it, the tree's
//! literals answer ([`Scan::new`] with `known`), and the scan is exact. Comparing both is the
//! lift's verification.

use memchr::memmem;

use crate::model::Span;

use super::names::{AnnotationName, Names};

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

/// The first byte at or behind `from` that belongs to neither space nor comment.
pub fn skip_trivia(text: &str, from: usize) -> usize {
    let mut scan = Scan::at(text, from);
    scan.trivia();
    scan.pos
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

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Word,
    /// A number, string, regular expression, JSX text, or a piece of a template.
    Literal,
    Open,
    Close,
    At,
    Operator,
    End,
}

#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Frame {
    /// `control`: behind `if`, `while`, `for`, `with`; an expression follows, not an operator.
    Paren {
        control: bool,
    },
    Bracket,
    /// `value`: an object literal; an operator may follow.
    Brace {
        value: bool,
    },
    /// `${`.
    Substitution,
    /// `<a …`, `</a`: inside a tag.
    Tag {
        closing: bool,
    },
    /// `<Select<T>`: the type arguments inside a tag.
    Arguments,
    /// Between tags.
    Children,
    /// `{` inside a tag or between tags.
    Container,
}

#[derive(Clone, Copy, Debug)]
struct Opened {
    at: usize,
    frame: Frame,
}

/// What stands before the token to come.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools)] // Independent facts, not states.
struct Before {
    /// The previous token may end an expression, so that `/` divides and `<` compares.
    operand: bool,
    start: usize,
    end: usize,
    word: bool,
    /// The token before the previous one was a `.` or `?.`.
    member: bool,
    /// The previous token is the first of its line or follows `;`, `{` or `}`.
    first: bool,
}

#[derive(Clone)]
pub struct Scan<'a> {
    text: &'a str,
    bytes: &'a [u8],
    jsx: bool,
    known: Option<&'a [Span]>,
    pos: usize,
    stack: Vec<Opened>,
    before: Before,
    /// A line break between the previous token and `pos`.
    line_break: bool,
    /// A closing bracket matched nothing, here.
    mismatch: Option<usize>,
    /// The end of the outermost list behind an annotation that belongs to an arrow, and how many
    /// have been read within it.
    arrow_until: usize,
    lists_of_arrows: usize,
}

impl<'a> Scan<'a> {
    pub fn new(text: &'a str, jsx: bool, known: Option<&'a [Span]>) -> Self {
        let mut scan = Self {
            text,
            bytes: text.as_bytes(),
            jsx: jsx && known.is_none(),
            known,
            pos: 0,
            stack: Vec::new(),
            before: Before {
                operand: false,
                start: 0,
                end: 0,
                word: false,
                member: false,
                first: true,
            },
            line_break: true,
            mismatch: None,
            arrow_until: 0,
            lists_of_arrows: 0,
        };
        if scan.bytes.starts_with(b"#!") {
            scan.line_comment();
        }
        scan
    }

    /// Open brackets, templates, tags and elements.
    pub fn depth(&self) -> usize {
        self.stack.len()
    }

    /// Whether an expression has just ended before the token to come.
    pub fn after_operand(&self) -> bool {
        self.before.operand
    }

    /// A line break stands before the token to come, as far as it has been skipped.
    pub fn after_line_break(&self) -> bool {
        self.line_break
    }

    /// A scan that begins in the middle of a text, in code.
    pub fn at(text: &'a str, from: usize) -> Self {
        let mut scan = Self::new("", false, None);
        (scan.text, scan.bytes, scan.pos) = (text, text.as_bytes(), from);
        scan
    }

    pub fn next(&mut self) -> Token {
        match self.stack.last().map(|opened| opened.frame) {
            Some(Frame::Children) => self.children(),
            Some(Frame::Tag { closing }) => self.tag(closing),
            Some(Frame::Arguments) => self.type_arguments(),
            _ => self.code(),
        }
    }

    fn code(&mut self) -> Token {
        self.line_break = false;
        self.trivia();
        let start = self.pos;
        if let Some(end) = self.known_literal() {
            self.pos = end;
            return self.token(Kind::Literal, start, true);
        }
        let Some(&byte) = self.bytes.get(start) else {
            return Token { kind: Kind::End, start, end: start };
        };
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'\\' | 0x80.. => self.word(),
            b'0'..=b'9' => self.number(),
            b'.' if self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number(),
            b'\'' | b'"' => {
                self.string(byte);
                self.token(Kind::Literal, start, true)
            }
            b'`' => {
                self.pos += 1;
                self.quasi(start)
            }
            b'(' => {
                let control = self.before.word
                    && !self.before.member
                    && matches!(self.previous(), b"if" | b"while" | b"for" | b"with");
                self.open(Frame::Paren { control })
            }
            b'[' => self.open(Frame::Bracket),
            b'{' => {
                let block = self.before.operand
                    || matches!(self.previous(), b")" | b"=>" | b";" | b"{" | b"}" | b"")
                    || (self.before.word
                        && matches!(self.previous(), b"else" | b"do" | b"try" | b"finally"));
                let value = !block;
                self.open(Frame::Brace { value })
            }
            b')' | b']' | b'}' => self.close(byte),
            b'/' => self.slash(),
            b'@' => {
                self.pos += 1;
                // Not recorded as the token before: an annotation is like a space.
                Token { kind: Kind::At, start, end: self.pos }
            }
            b'<' if self.jsx && !self.before.operand && self.element_follows() => {
                self.open(Frame::Tag { closing: false })
            }
            _ => self.operator(byte),
        }
    }

    /// Spaces and comments.
    fn trivia(&mut self) {
        let stop = self.next_known();
        while self.pos < stop {
            match self.bytes[self.pos] {
                b' ' | b'\t' | 0x0B | 0x0C => self.pos += 1,
                b'\n' | b'\r' => {
                    self.pos += 1;
                    self.line_break = true;
                }
                b'/' => match self.bytes.get(self.pos + 1) {
                    Some(b'/') => self.line_comment(),
                    Some(b'*') => self.block_comment(),
                    _ => return,
                },
                // Comments as HTML has them: an error in a module, but comments.
                b'<' if self.bytes[self.pos..].starts_with(b"<!--") => self.line_comment(),
                b'-' if (self.line_break || self.before.end == 0)
                    && self.bytes[self.pos..].starts_with(b"-->") =>
                {
                    self.line_comment();
                }
                0x80.. => {
                    let Some(char) = self.text[self.pos..].chars().next() else { return };
                    if matches!(char, '\u{2028}' | '\u{2029}') {
                        self.line_break = true;
                    } else if !(char.is_whitespace() || char == '\u{FEFF}') {
                        return;
                    }
                    self.pos += char.len_utf8();
                }
                _ => return,
            }
        }
    }

    fn line_comment(&mut self) {
        let mut from = self.pos;
        loop {
            let rest = &self.bytes[from..];
            let Some(at) = memchr::memchr3(b'\n', b'\r', 0xE2, rest) else {
                self.pos = self.bytes.len();
                return;
            };
            if rest[at] != 0xE2 || matches!(rest.get(at + 1..at + 3), Some([0x80, 0xA8 | 0xA9])) {
                self.pos = from + at;
                return;
            }
            from += at + 1;
        }
    }

    fn block_comment(&mut self) {
        let body = self.pos + 2;
        let end =
            memmem::find(&self.bytes[body..], b"*/").map_or(self.bytes.len(), |at| body + at + 2);
        let comment = &self.text[self.pos..end];
        self.line_break |= comment.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        self.pos = end;
    }

    fn word(&mut self) -> Token {
        let start = self.pos;
        self.pos = word_end(self.text, start);
        if self.pos == start {
            // A character that no token begins with.
            self.pos += self.text[start..].chars().next().map_or(1, char::len_utf8);
        }
        let member = matches!(self.previous(), b"." | b"?.");
        let operand = member || !expects_expression(&self.bytes[start..self.pos]);
        let mut token = self.token(Kind::Word, start, operand);
        self.before.member = member;
        self.before.word = true;
        token.kind = Kind::Word;
        token
    }

    fn number(&mut self) -> Token {
        let start = self.pos;
        let digits = |from: usize| {
            let rest = &self.bytes[from..];
            from + rest
                .iter()
                .position(|b| !(b.is_ascii_alphanumeric() || *b == b'_'))
                .unwrap_or(rest.len())
        };
        let mut end = digits(start);
        if self.bytes.get(end) == Some(&b'.') {
            end = digits(end + 1);
        }
        self.pos = end;
        self.token(Kind::Literal, start, true)
    }

    /// A string that begins here; it ends at its quote or, unterminated, at the line's end.
    fn string(&mut self, quote: u8) {
        self.pos += 1;
        while let Some(at) = memchr::memchr3(quote, b'\\', b'\n', &self.bytes[self.pos..]) {
            self.pos += at;
            match self.bytes[self.pos] {
                b'\\' => self.escape(),
                b'\n' => return,
                _ => {
                    self.pos += 1;
                    return;
                }
            }
        }
        self.pos = self.bytes.len();
    }

    fn escape(&mut self) {
        self.pos += 1;
        let rest = &self.bytes[self.pos..];
        self.pos += if rest.starts_with(b"\r\n") { 2 } else { usize::from(!rest.is_empty()) };
    }

    /// A template from behind its `` ` `` or `}` to the next `${` or to its end.
    fn quasi(&mut self, start: usize) -> Token {
        while let Some(at) = memchr::memchr3(b'`', b'\\', b'$', &self.bytes[self.pos..]) {
            self.pos += at;
            match self.bytes[self.pos] {
                b'\\' => self.escape(),
                b'`' => {
                    self.pos += 1;
                    return self.token(Kind::Literal, start, true);
                }
                _ if self.bytes.get(self.pos + 1) == Some(&b'{') => {
                    let at = self.pos;
                    self.pos += 2;
                    self.stack.push(Opened { at: at + 1, frame: Frame::Substitution });
                    return self.token(Kind::Open, start, false);
                }
                _ => self.pos += 1,
            }
        }
        self.pos = self.bytes.len();
        self.token(Kind::Literal, start, true)
    }

    fn slash(&mut self) -> Token {
        let start = self.pos;
        if self.known.is_none()
            && !self.before.operand
            && let Some(end) = regular_expression(self.bytes, start)
        {
            self.pos = word_end(self.text, end);
            return self.token(Kind::Literal, start, true);
        }
        self.operator(b'/')
    }

    fn operator(&mut self, byte: u8) -> Token {
        let start = self.pos;
        let rest = &self.bytes[start..];
        let (length, operand) = match byte {
            b'+' | b'-' if rest.get(1) == Some(&byte) => {
                (2, self.before.operand && !self.line_break)
            }
            b'!' if rest.get(1) != Some(&b'=') => (1, self.before.operand && !self.line_break),
            b'=' if rest.get(1) == Some(&b'>') => (2, false),
            b'?' if rest.get(1) == Some(&b'.') => (2, false),
            _ => (1, false),
        };
        self.pos += length;
        self.token(Kind::Operator, start, operand)
    }

    fn open(&mut self, frame: Frame) -> Token {
        let start = self.pos;
        self.stack.push(Opened { at: start, frame });
        self.pos += 1;
        self.token(Kind::Open, start, false)
    }

    fn close(&mut self, byte: u8) -> Token {
        let start = self.pos;
        self.pos += 1;
        let matches = |opened: &Opened| match opened.frame {
            Frame::Paren { .. } => byte == b')',
            Frame::Bracket => byte == b']',
            Frame::Brace { .. } | Frame::Substitution | Frame::Container => byte == b'}',
            Frame::Tag { .. } | Frame::Arguments | Frame::Children => false,
        };
        let depth = self.stack.len();
        let found = self.stack[depth.saturating_sub(MAX_UNMATCHED)..].iter().rposition(matches);
        let Some(index) = found.map(|at| depth.saturating_sub(MAX_UNMATCHED) + at) else {
            self.mismatch.get_or_insert(start);
            return self.token(Kind::Close, start, true);
        };
        if index + 1 != depth {
            self.mismatch.get_or_insert(start);
        }
        let frame = self.stack[index].frame;
        self.stack.truncate(index);
        match frame {
            Frame::Substitution => self.quasi(start),
            Frame::Paren { control } => self.token(Kind::Close, start, !control),
            Frame::Brace { value } => self.token(Kind::Close, start, value),
            _ => self.token(Kind::Close, start, true),
        }
    }

    fn token(&mut self, kind: Kind, start: usize, operand: bool) -> Token {
        let first = self.line_break
            || self.before.end == 0
            || matches!(self.previous(), b";" | b"{" | b"}");
        self.before = Before { operand, start, end: self.pos, word: false, member: false, first };
        Token { kind, start, end: self.pos }
    }

    fn previous(&self) -> &'a [u8] {
        &self.bytes[self.before.start..self.before.end]
    }

    fn next_known(&mut self) -> usize {
        let Some(known) = self.known else { return self.bytes.len() };
        let passed = known.iter().take_while(|span| (span.start as usize) < self.pos).count();
        self.known = Some(&known[passed..]);
        known.get(passed).map_or(self.bytes.len(), |span| span.start as usize)
    }

    fn known_literal(&self) -> Option<usize> {
        let span = self.known?.first()?;
        (span.start as usize == self.pos && span.end > span.start).then_some(span.end as usize)
    }
}

/// JSX, as far as it can be told without a parser.
impl Scan<'_> {
    /// Whether the `<` here begins an element rather than a list of type parameters.
    fn element_follows(&self) -> bool {
        let rest = &self.text[self.pos + 1..];
        if rest.starts_with('>') {
            return true;
        }
        let end = word_end(rest, 0);
        if end == 0 || !rest.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$') {
            return false;
        }
        let (name, rest) = rest.split_at(end);
        let after = rest.trim_start();
        if name == "const" || after.starts_with([',', '=']) {
            return false;
        }
        if let Some(after) = after.strip_prefix("extends") {
            return after.trim_start().starts_with(['=', '>', '/']);
        }
        // `<T>(x: T) => T` is a type here, `<b>(text)</b>` an element.
        let Some(after) = after.strip_prefix('>') else { return true };
        !after.starts_with('(') || {
            let end = (0..=after.len().min(MAX_ELEMENT_BYTES))
                .rev()
                .find(|at| after.is_char_boundary(*at));
            after[..end.unwrap_or(0)].contains(&format!("</{name}"))
        }
    }

    fn tag(&mut self, closing: bool) -> Token {
        self.line_break = false;
        self.trivia();
        let start = self.pos;
        let Some(&byte) = self.bytes.get(start) else {
            return Token { kind: Kind::End, start, end: start };
        };
        self.pos += 1;
        match byte {
            b'\'' | b'"' => {
                let rest = &self.bytes[self.pos..];
                self.pos += memchr::memchr(byte, rest).map_or(rest.len(), |at| at + 1);
                self.token(Kind::Literal, start, true)
            }
            b'{' => {
                self.pos = start;
                self.open(Frame::Container)
            }
            b'/' if self.bytes.get(self.pos) == Some(&b'>') => {
                self.pos += 1;
                self.stack.pop();
                self.token(Kind::Close, start, true)
            }
            b'>' => {
                self.stack.pop();
                if closing {
                    self.stack.pop();
                    return self.token(Kind::Close, start, true);
                }
                self.stack.push(Opened { at: start, frame: Frame::Children });
                self.token(Kind::Operator, start, false)
            }
            b'<' => {
                self.pos = start;
                self.open(Frame::Arguments)
            }
            0x80.. => {
                self.pos = start;
                self.word()
            }
            _ => self.token(Kind::Operator, start, false),
        }
    }

    fn type_arguments(&mut self) -> Token {
        // In types a `<` never begins an element.
        self.before.operand = true;
        let token = self.code();
        match &self.bytes[token.start..token.end] {
            b"<" => self.stack.push(Opened { at: token.start, frame: Frame::Arguments }),
            b">" => {
                self.stack.pop();
            }
            _ => {}
        }
        token
    }

    fn children(&mut self) -> Token {
        let start = self.pos;
        let rest = &self.bytes[start..];
        match memchr::memchr2(b'{', b'<', rest) {
            None => {
                self.pos = self.bytes.len();
                Token { kind: Kind::End, start, end: self.pos }
            }
            Some(0) if rest[0] == b'{' => self.open(Frame::Container),
            Some(0) => {
                let closing = rest[1..].trim_ascii_start().starts_with(b"/");
                let token = self.open(Frame::Tag { closing });
                if closing {
                    self.pos += 1 + rest[1..].len() - rest[1..].trim_ascii_start().len();
                }
                token
            }
            Some(length) => {
                self.pos += length;
                self.token(Kind::Literal, start, false)
            }
        }
    }
}

/// Annotations.
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

/// The end of the identifier at `from`; `from` itself where there is none.
pub fn word_end(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = from;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'$' => at += 1,
            // A Unicode escape: `\u0061`, `\u{61}`.
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                at += 2;
                if bytes.get(at) == Some(&b'{') {
                    at += bytes[at..]
                        .iter()
                        .take(10)
                        .position(|b| *b == b'}')
                        .map_or(1, |end| end + 1);
                }
            }
            0x80.. => match text[at..].chars().next() {
                Some(char) if char.is_alphanumeric() || matches!(char, '\u{200C}' | '\u{200D}') => {
                    at += char.len_utf8();
                }
                // Marks, joiners and the like continue a word; spaces end it.
                Some(char) if at > from && !char.is_whitespace() && char != '\u{FEFF}' => {
                    at += char.len_utf8();
                }
                _ => return at,
            },
            _ => return at,
        }
    }
    at
}

/// The end of the regular expression that begins at `start`, without flags; None if it is not
/// terminated on its line.
fn regular_expression(bytes: &[u8], start: usize) -> Option<usize> {
    let mut class = false;
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'\n' | b'\r' => return None,
            b'\\' => {
                if matches!(bytes.get(at + 1), Some(b'\n' | b'\r')) {
                    return None;
                }
                at += 1;
            }
            b'[' => class = true,
            b']' => class = false,
            b'/' if !class => return Some(at + 1),
            _ => {}
        }
        at += 1;
    }
}

/// Words behind which an expression begins.
fn expects_expression(word: &[u8]) -> bool {
    matches!(
        word,
        b"return"
            | b"typeof"
            | b"instanceof"
            | b"in"
            | b"of"
            | b"new"
            | b"delete"
            | b"void"
            | b"throw"
            | b"case"
            | b"do"
            | b"else"
            | b"await"
            | b"yield"
            | b"default"
            | b"extends"
            | b"export"
            | b"keyof"
            | b"satisfies"
    )
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

/// How far down a closing bracket looks for its partner in unbalanced text.
const MAX_UNMATCHED: usize = 64;

/// Between an `@` and the end of its name.
const MAX_NAME_BYTES: usize = 512;

/// Each is read twice, once as a list and once as what it is.
const MAX_NESTED_ARROWS: usize = 16;

/// How far an element's end is looked for when `<T>(` could be either.
const MAX_ELEMENT_BYTES: usize = 16 * 1024;
