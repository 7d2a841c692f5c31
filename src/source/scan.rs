//! A scan over the text that tells code from comments, strings, templates, regular expressions and
//! JSX text, and finds the annotations in the code.
//!
//! Two questions cannot be answered without parsing: whether a `/` begins a regular expression and
//! whether a `<` begins a JSX element. Before the parse the scan guesses; after it, the tree's
//! literals answer ([`Scan::new`] with `known`), and the scan is exact. Comparing both is the
//! lift's verification.

mod annotations;
mod jsx;
mod words;

use memchr::memmem;

use self::words::{expects_expression, regular_expression};
use crate::model::Span;

pub use self::{
    annotations::{
        Annotations, Candidate, Unclosed, annotation_at, annotations, decorator_end, mentions,
    },
    words::word_end,
};

/// The first byte at or behind `from` that belongs to neither space nor comment.
pub fn skip_trivia(text: &str, from: usize) -> usize {
    let mut scan = Scan::at(text, from);
    scan.trivia();
    scan.pos
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

/// How far down a closing bracket looks for its partner in unbalanced text.
const MAX_UNMATCHED: usize = 64;
